// Linears with what stands around them in one kernel against the same operations one by one; with --bench the speed of
// a 7B step's layers, with --small no shape that is slow under compute-sanitizer's memcheck, with --tiny under
// racecheck.
//   nvcc with kernels/cuda/*.cu; run.sh does it.
#include <algorithm>
#include <functional>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/op_fuser.h"
#include "kernels/roofline.h"
#include "tests/gpu/check.h"

using namespace flightdeck;
using namespace flightdeck::check;

namespace {

struct Format {
  const char* name;
  WeightFormat format;
  int group;  // columns; 0: the whole row
};
constexpr Format kFormats[] = {{"f16", WeightFormat::f16, 0},
                               {"int8", WeightFormat::int8_channel, 0},
                               {"int4 g128", WeightFormat::int4_group, 128},
                               {"int4 g64", WeightFormat::int4_group, 64},
                               {"int4 g32", WeightFormat::int4_group, 32},
                               {"int4 row", WeightFormat::int4_group, 0}};

/// Random bits as a packed weight whose products keep their size.
std::unique_ptr<PackedWeight> random_weight(const Format& format, int rows, int cols, uint32_t seed,
                                            cuda::Context& context) {
  std::mt19937 generator(seed);
  const bool dense = format.format == WeightFormat::f16;
  std::vector<uint32_t> words(data_bytes(format.format, rows, cols) / 4 + 1);
  for (uint32_t& word : words) word = dense ? (generator() & 0x83ff83ffu) | 0x20002000u : generator();
  const int groups = format.group > 0 ? cols / format.group : 1;
  std::vector<float> scales(static_cast<size_t>(rows) * groups);
  std::uniform_real_distribution<float> scale(0.5f, 1.5f);
  const float size = 1.0f / (format.format == WeightFormat::int8_channel ? 128.0f : 8.0f) / std::sqrt(float(cols));
  for (float& each : scales) each = scale(generator) * size;
  WeightView view;
  view.format = format.format;
  view.rows = rows;
  view.cols = cols;
  view.group_size = format.group > 0 ? format.group : cols;
  view.data = reinterpret_cast<const std::byte*>(words.data());
  view.scales = dense ? nullptr : scales.data();
  return cuda::pack_weight(view, context);
}

struct Shape {
  int hidden, inner, qkv;
};

/// The part of a decoder layer between two attentions: o, norm, gate and up, SwiGLU, down, norm, qkv of the next.
class Layer {
 public:
  Layer(const Format& format, const Shape& shape, uint32_t seed, cuda::Context& context)
      : o(random_weight(format, shape.hidden, shape.hidden, seed, context)),
        gate_up(random_weight(format, 2 * shape.inner, shape.hidden, seed + 1, context)),
        down(random_weight(format, shape.hidden, shape.inner, seed + 2, context)),
        qkv(random_weight(format, shape.qkv, shape.hidden, seed + 3, context)) {}
  const std::unique_ptr<PackedWeight> o, gate_up, down, qkv;
};

/// Its activations.
class Rows {
 public:
  Rows(const Shape& shape, int tokens, DType dtype)
      : shape_(shape),
        tokens_(tokens),
        attended_(values(shape.hidden, 1)),
        residual_(values(shape.hidden, 2)),
        zeros_(static_cast<size_t>(tokens) * std::max(2 * shape.inner, shape.qkv)),
        norm_weights_(random_values(static_cast<size_t>(shape.hidden) * 2 + shape.qkv, 3)),
        dtype_(dtype) {}

  /// Runs the layer; every matrix it wrote.
  std::vector<Doubles> run(const Layer& layer, cuda::Context& context, bool fused) {
    Values attended(attended_, dtype_), residual(residual_, dtype_), delta(zeros_, dtype_), normed(zeros_, dtype_),
        gate_up(zeros_, dtype_), gated(zeros_, dtype_), qkv(zeros_, dtype_), norm(norm_weights_, DType::f32);
    operations(layer, context, fused, attended, residual, delta, normed, gate_up, gated, qkv, norm);
    return {residual.read(), delta.read(), normed.read(), gate_up.read(), gated.read(), qkv.read()};
  }

 private:
  Doubles values(int cols, uint32_t seed) const { return random_values(static_cast<size_t>(tokens_) * cols, seed); }
  void operations(const Layer& layer, cuda::Context& context, bool fused, const Values& attended,
                  const Values& residual, const Values& delta, const Values& normed, const Values& gate_up,
                  const Values& gated, const Values& qkv, const Values& norm) const {
    const int t = tokens_, h = shape_.hidden, n = shape_.inner;
    const auto* weights = static_cast<const float*>(norm.data());
    cuda::OpFuser fuser(context);
    const auto all = [&] {
      fuser.linear({delta.matrix(t, h), attended.matrix(t, h), layer.o.get(), nullptr});
      fuser.residual_norm({normed.matrix(t, h), residual.matrix(t, h), delta.matrix(t, h), weights, 1e-5f});
      fuser.linear({gate_up.matrix(t, 2 * n), normed.matrix(t, h), layer.gate_up.get(), nullptr});
      fuser.gate({gated.matrix(t, n), gate_up.matrix(t, 2 * n), Activation::silu});
      fuser.linear({delta.matrix(t, h), gated.matrix(t, n), layer.down.get(), nullptr});
      fuser.residual_norm({normed.matrix(t, h), residual.matrix(t, h), delta.matrix(t, h), weights + h, 1e-5f});
      fuser.linear({qkv.matrix(t, shape_.qkv), normed.matrix(t, h), layer.qkv.get(), weights});
    };
    if (fused) {
      fuser.record(all);
    } else {
      all();
    }
  }

  Shape shape_;
  int tokens_;
  Doubles attended_, residual_, zeros_, norm_weights_;
  DType dtype_;
};

enum class Size { full, small, tiny };

void check_layers(cuda::Context& context, Size size) {
  const Shape shapes[] = {{4096, 11008, 12288}, {2048, 5632, 2560}, {384, 1056, 1152}, {320, 864, 960}};
  const char* const names[] = {"residual", "delta", "normed", "gate_up", "gated", "qkv"};
  for (const Format& format : kFormats) {
    for (const Shape& shape : shapes) {
      if (size != Size::full && shape.hidden > 512) continue;
      if (size == Size::tiny && shape.hidden != 384) continue;
      if (format.group > 0 && (shape.hidden % format.group != 0 || shape.inner % format.group != 0)) continue;
      const Layer layer(format, shape, 7, context);
      for (const int tokens : {1, 2, 3, 4, 5, 8}) {
        if (size == Size::tiny && tokens != 1 && tokens != 5) continue;
        const std::string name = std::string(format.name) + " " + name_of(context.activation) + " " +
                                 std::to_string(shape.hidden) + " m=" + std::to_string(tokens);
        guarded(name, [&] {
          Rows rows(shape, tokens, context.activation);
          const auto expected = rows.run(layer, context, false);
          for (int again = 0; again < (size == Size::tiny ? 1 : 3); ++again) {  // a race fails sometimes
            const auto got = rows.run(layer, context, true);
            for (size_t i = 0; i < got.size(); ++i) {
              compare(name + " " + names[i], got[i], expected[i], 4 * tolerance_of(context.activation));
            }
          }
        });
      }
    }
  }
}

/// A decode step's sequences with their part of a cache, as rope and attention of one layer get them.
class Sequences {
 public:
  Sequences(int heads, int kv_heads, int dim, const std::vector<int>& lengths)
      : heads_(heads),
        count_(static_cast<int>(lengths.size())),
        longest_(*std::max_element(lengths.begin(), lengths.end())),
        table_width_((longest_ + kBlock - 1) / kBlock),
        cache_{nullptr, nullptr, DType::f16, table_width_ * count_, kBlock, kv_heads, dim},
        key_numbers_(numbers(2)),
        value_numbers_(numbers(3)),
        angle_numbers_(random_values(static_cast<size_t>(longest_) * dim, 4, 0.7)) {
    std::vector<int32_t> positions, rows, offsets = {0}, kv_lengths = lengths, tables;
    for (int i = 0; i < count_; ++i) {
      positions.push_back(lengths[static_cast<size_t>(i)] - 1);
      rows.push_back(i);
      offsets.push_back(i + 1);
      for (int b = 0; b < table_width_; ++b) tables.push_back(b * count_ + i);
    }
    for (const auto* each : {&positions, &rows, &offsets, &kv_lengths, &tables}) lists_.push_back(on_device(*each));
    cache_.keys = keys_.data(), cache_.values = values_.data();
    batch_.tokens = batch_.sequences = count_;
    batch_.max_blocks = table_width_;
    batch_.positions = lists_[0].as<int32_t>();
    batch_.sequence_of = lists_[1].as<int32_t>();
    batch_.query_offsets = lists_[2].as<int32_t>();
    batch_.kv_lengths = lists_[3].as<int32_t>();
    batch_.block_tables = lists_[4].as<int32_t>();
  }
  /// `qkv`: [sequences, (heads + 2 kv_heads) * dim].
  void attend(cuda::OpFuser& fuser, const Matrix& out, const Matrix& qkv) const {
    const int dim = cache_.head_dim;
    AttentionArgs attention;
    attention.out = out;
    attention.q = qkv;
    attention.q.cols = heads_ * dim;
    attention.cache = cache_;
    attention.batch = batch_;
    attention.heads = heads_;
    attention.scale = 1.0f / std::sqrt(static_cast<float>(dim));
    fuser.rope_cache_write({cache_, qkv, batch_, heads_, dim, static_cast<float*>(angles_.data())});
    fuser.attention(attention);
  }
  Doubles keys() const { return keys_.read(); }
  Doubles values() const { return values_.read(); }

 private:
  static constexpr int kBlock = 16;
  Doubles numbers(uint32_t seed) const {
    return random_values(static_cast<size_t>(cache_.blocks) * kBlock * cache_.kv_heads * cache_.head_dim, seed);
  }
  int heads_, count_, longest_, table_width_;
  KvCacheView cache_;
  Doubles key_numbers_, value_numbers_, angle_numbers_;
  Values keys_{key_numbers_, DType::f16}, values_{value_numbers_, DType::f16}, angles_{angle_numbers_, DType::f32};
  std::vector<Buffer> lists_;
  BatchView batch_;
};

/// Rope, the write into the cache and attention of one decode step: output, keys and values.
std::vector<Doubles> attend(cuda::Context& context, int heads, int kv_heads, int dim, const std::vector<int>& lengths,
                            bool fused) {
  const int rows = static_cast<int>(lengths.size()), width = (heads + 2 * kv_heads) * dim;
  const Sequences sequences(heads, kv_heads, dim, lengths);
  Doubles qkv_values = random_values(static_cast<size_t>(rows) * width, 1),
          out_values(static_cast<size_t>(rows) * heads * dim);
  Values qkv(qkv_values, context.activation), out(out_values, context.activation);
  cuda::OpFuser fuser(context);
  const auto all = [&] { sequences.attend(fuser, out.matrix(rows, heads * dim), qkv.matrix(rows, width)); };
  if (fused) {
    fuser.record(all);
  } else {
    all();
  }
  return {out.read(), sequences.keys(), sequences.values()};
}

void check_attention(cuda::Context& context, Size size) {
  const int shapes[][3] = {{32, 32, 128}, {32, 4, 64}, {8, 1, 128}, {4, 4, 32}, {40, 2, 256}};
  const std::vector<int> lengths[] = {{1}, {16}, {17}, {300}, {2000}, {1, 2, 15, 33, 64, 129, 700, 1025}};
  const char* const names[] = {"out", "keys", "values"};
  for (const auto& shape : shapes) {
    for (const auto& each : lengths) {
      if (size == Size::tiny && (each.back() > 300 || shape[2] != 128)) continue;
      const std::string name = "rope and attention " + std::string(name_of(context.activation)) + " " +
                               std::to_string(shape[0]) + "/" + std::to_string(shape[1]) + "x" +
                               std::to_string(shape[2]) + " S=" + std::to_string(each.size()) + " to " +
                               std::to_string(*std::max_element(each.begin(), each.end()));
      guarded(name, [&] {
        const auto expected = attend(context, shape[0], shape[1], shape[2], each, false);
        const auto got = attend(context, shape[0], shape[1], shape[2], each, true);
        for (size_t i = 0; i < got.size(); ++i) {
          compare(name + " " + names[i], got[i], expected[i], tolerance_of(context.activation));
        }
      });
    }
  }
}

/// Milliseconds of a replayed graph.
float replay_ms(cuda::Context& context, const std::function<void()>& body) {
  cudaGraph_t graph;
  cudaGraphExec_t replay;
  cuda::check(cudaStreamBeginCapture(context.stream, cudaStreamCaptureModeThreadLocal), "recording");
  context.set_capturing(true);
  body();
  context.set_capturing(false);
  cuda::check(cudaStreamEndCapture(context.stream, &graph), "recording");
  cuda::check(cudaGraphInstantiate(&replay, graph, 0), "recording");
  const double us =
      microseconds(context, 5, [&](int) { cuda::check(cudaGraphLaunch(replay, context.stream), "replaying"); });
  cudaGraphExecDestroy(replay);
  cudaGraphDestroy(graph);
  return static_cast<float>(us / 1e3);
}

/// A 7B step's layers with `tokens` sequences of 82 tokens, replayed: with rope and attention, or a copy in their
/// place.
class BenchStep {
 public:
  BenchStep(cuda::Context& context, const std::vector<std::unique_ptr<Layer>>& layers, int tokens)
      : context_(context),
        layers_(layers),
        tokens_(tokens),
        zeros_(static_cast<size_t>(tokens) * 22016),
        ones_(8192, 1.0),
        sequences_(32, 32, 128, std::vector<int>(static_cast<size_t>(tokens), 82)),
        rows_(on_device(std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7})) {}

  double us(bool fused, bool attends) {
    cuda::OpFuser fuser(context_);
    const auto step = [&] { run(fuser, attends); };
    step();
    return 1e3 * replay_ms(context_, [&] {
             if (fused) {
               fuser.record(step);
             } else {
               step();
             }
           });
  }

 private:
  void run(cuda::OpFuser& fuser, bool attends) {
    const int t = tokens_;
    const auto* norm = static_cast<const float*>(w_.data());
    for (int i = 0; i < 32; ++i) {
      const Layer& l = *layers_[static_cast<size_t>(i) % layers_.size()];
      fuser.linear({d_.matrix(t, 4096), a_.matrix(t, 4096), l.o.get(), nullptr});
      fuser.residual_norm({x_.matrix(t, 4096), r_.matrix(t, 4096), d_.matrix(t, 4096), norm, 1e-5f});
      fuser.linear({g_.matrix(t, 22016), x_.matrix(t, 4096), l.gate_up.get(), nullptr});
      fuser.gate({h_.matrix(t, 11008), g_.matrix(t, 22016), Activation::silu});
      fuser.linear({d_.matrix(t, 4096), h_.matrix(t, 11008), l.down.get(), nullptr});
      fuser.residual_norm({x_.matrix(t, 4096), r_.matrix(t, 4096), d_.matrix(t, 4096), norm, 1e-5f});
      fuser.linear({q_.matrix(t, 12288), x_.matrix(t, 4096), l.qkv.get(), nullptr});
      if (attends) {
        sequences_.attend(fuser, a_.matrix(t, 4096), q_.matrix(t, 12288));
        continue;
      }
      fuser.flush();
      cuda::gather_rows({a_.matrix(t, 4096), q_.matrix(t, 4096, 12288), rows_.as<int32_t>()}, context_);
    }
  }

  cuda::Context& context_;
  const std::vector<std::unique_ptr<Layer>>& layers_;
  const int tokens_;
  Doubles zeros_, ones_;
  Values a_{zeros_, DType::f16}, r_{zeros_, DType::f16}, d_{zeros_, DType::f16}, x_{zeros_, DType::f16},
      g_{zeros_, DType::f16}, h_{zeros_, DType::f16}, q_{zeros_, DType::f16}, w_{ones_, DType::f32};
  Sequences sequences_;
  Buffer rows_;
};

void bench(cuda::Context& context) {
  const double ceiling = measure_device_ceilings("cuda:0").read_bytes_per_s;
  std::printf("read ceiling %.0f GB/s\n", ceiling / 1e9);
  for (const Format& format : kFormats) {
    std::vector<std::unique_ptr<Layer>> layers;
    for (int i = 0; i < 4; ++i)
      layers.push_back(std::make_unique<Layer>(format, Shape{4096, 11008, 12288}, 4 * i, context));
    double bytes = 0;
    for (const auto& l : layers)
      bytes += 8.0 * static_cast<double>(l->o->bytes() + l->gate_up->bytes() + l->down->bytes() + l->qkv->bytes());
    for (const int tokens : {1, 2, 4, 8}) {
      BenchStep step(context, layers, tokens);
      const double apart = step.us(false, false), fused = step.us(true, false), attends = step.us(true, true);
      std::printf(
          "%-10s m=%d 32 layers: floor %.1f us; one by one %7.1f; fused %7.1f = %.1f %%, with attention %7.1f\n",
          format.name, tokens, bytes / ceiling * 1e6, apart, fused, bytes / fused * 1e8 / ceiling, attends);
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string option = argc > 1 ? argv[1] : "";
  const Size size = option == "--tiny" ? Size::tiny : option == "--small" ? Size::small : Size::full;
  guarded("fused_check", [&] {
    if (option != "--bench-only") {
      for (const DType dtype : {DType::f16, DType::bf16}) {
        if (size == Size::tiny && dtype != DType::f16) continue;
        cuda::Context context(0, dtype);
        check_layers(context, size);
        check_attention(context, size);
      }
    }
    if (option == "--bench" || option == "--bench-only") {
      cuda::Context context(0, DType::f16);
      bench(context);
    }
  });
  return finish();
}
