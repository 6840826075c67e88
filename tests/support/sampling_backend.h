// The CPU engine as if it were a GPU: it samples, and what a step does is only there once its mark has been waited for.
// Lets the engine's overlapping steps be tested without a GPU.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "tests/support/naive_sampling.h"

namespace flightdeck::test {

class SamplingBackend final : public Backend {
 public:
  DeviceInfo info() const override { return cpu_->info(); }
  Buffer allocate(size_t bytes) override { return cpu_->allocate(bytes); }
  Buffer allocate_host(size_t bytes) override { return cpu_->allocate_host(bytes); }
  void upload(void* device, const void* host, size_t bytes) override {
    // Late, as a copy from pinned memory may be: whoever changes `host` too early is found out. Unpinned memory is
    // copied at once.
    if (loading_) return cpu_->upload(device, host, bytes);
    later([=, this] { cpu_->upload(device, host, bytes); });
  }
  void download(void* host, const void* device, size_t bytes) override {
    synchronize();
    cpu_->download(host, device, bytes);
  }
  void download_later(void* host, const void* device, size_t bytes) override {
    later([=, this] { cpu_->download(host, device, bytes); });
  }
  std::unique_ptr<PackedWeight> pack(const WeightView& weight) override { return cpu_->pack(weight); }
  size_t packed_bytes(WeightFormat format, int rows, int cols, int group) const override {
    return cpu_->packed_bytes(format, rows, cols, group);
  }
  void embedding(const EmbeddingArgs& args) override {
    later([=, this] { cpu_->embedding(args); });
  }
  void rms_norm(const RmsNormArgs& args) override {
    later([=, this] { cpu_->rms_norm(args); });
  }
  void residual_rms_norm(const ResidualRmsNormArgs& args) override {
    later([=, this] { cpu_->residual_rms_norm(args); });
  }
  void linear(const LinearArgs& args) override {
    later([=, this] { cpu_->linear(args); });
  }
  void rope(const RopeArgs& args) override {
    later([=, this] { cpu_->rope(args); });
  }
  void cache_write(const CacheWriteArgs& args) override {
    later([=, this] { cpu_->cache_write(args); });
  }
  void rope_cache_write(const RopeCacheWriteArgs& args) override {
    later([=, this] { cpu_->rope_cache_write(args); });
  }
  void attention(const AttentionArgs& args) override {
    later([=, this] { cpu_->attention(args); });
  }
  void activation(const ActivationArgs& args) override {
    later([=, this] { cpu_->activation(args); });
  }
  void gated_activation(const GatedActivationArgs& args) override {
    later([=, this] { cpu_->gated_activation(args); });
  }
  void multiply(const BinaryArgs& args) override {
    later([=, this] { cpu_->multiply(args); });
  }
  void add(const BinaryArgs& args) override {
    later([=, this] { cpu_->add(args); });
  }
  void gather_rows(const GatherRowsArgs& args) override {
    later([=, this] { cpu_->gather_rows(args); });
  }

  bool samples() const override { return true; }
  void pending_tokens(const PendingTokensArgs& args) override {
    later([=] {
      for (int t = 0; t < args.tokens; ++t) {
        if (args.ids[t] < 0) args.ids[t] = std::max(args.last_tokens[-1 - args.ids[t]], 0);
      }
    });
  }
  void sample(const SampleArgs& args) override {
    later([=] {
      for (int r = 0; r < args.logits.rows; ++r) {
        const SampleRow& row = args.rows[r];
        const int32_t pending = row.pending ? args.last_tokens[row.slot] : -1;
        args.ids[r] = naive_sample(args.logits.row<float>(r), args.logits.cols, row, row.edits, pending);
        args.last_tokens[row.slot] = args.ids[r];
      }
    });
  }

  uint64_t mark() override {
    later([] {});
    return done_ + queue_.size();
  }
  void wait(uint64_t mark) override {
    size_t count = 0;
    for (; done_ < mark; ++done_) queue_[count++]();
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  double milliseconds_between(uint64_t, uint64_t) override { return 0.5; }
  void synchronize() override { wait(done_ + queue_.size()); }

  /// Uploads wait from now on: what is loaded comes from memory that is freed at once.
  void loaded() { loading_ = false; }

 private:
  void later(std::function<void()> work) { queue_.push_back(std::move(work)); }

  std::unique_ptr<Backend> cpu_ = make_cpu_backend({.threads = 1});
  std::vector<std::function<void()>> queue_;
  uint64_t done_ = 0;
  bool loading_ = true;
};

}  // namespace flightdeck::test
