#include "kernels/cuda/chain_recorder.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/vector_access.h"

namespace flightdeck::cuda {
namespace {

/// Bytes a matrix of a link covers.
struct Range {
  const std::byte* begin = nullptr;
  const std::byte* end = nullptr;
};
Range range_of(const void* data, int rows, int stride, int cols, size_t element_bytes) {
  if (data == nullptr || rows == 0) return {};
  const auto* begin = static_cast<const std::byte*>(data);
  const size_t elements = static_cast<size_t>(rows - 1) * static_cast<size_t>(stride) + static_cast<size_t>(cols);
  return {begin, begin + elements * element_bytes};
}
bool overlap(const Range& a, const Range& b) { return a.begin < b.end && b.begin < a.end; }

/// Inside a link blocks do not wait for each other: what some still read others must not write.
bool races(const ChainLink& link) {
  const LinearTask& task = link.task;
  const int in_cols = link.staging == Staging::gated ? 2 * task.weight.cols : task.weight.cols;
  const Range in = range_of(task.in, task.tokens, task.in_stride, in_cols, 2);
  const Range out = range_of(task.out, task.tokens, task.out_stride, task.weight.rows, task.out_float ? 4 : 2);
  const Range staged = range_of(link.staged, task.tokens, link.staged_stride, task.weight.cols, 2);
  const Range residual = range_of(link.residual, task.tokens, link.residual_stride, task.weight.rows, 2);
  return overlap(in, out) || overlap(in, staged) || overlap(in, residual) || overlap(out, staged) ||
         overlap(out, residual) || overlap(staged, residual);
}

bool whole_vectors(const void* data, int stride, int cols) {
  return aligned16(data) && stride % 8 == 0 && cols % 8 == 0;
}

/// `linear` with its activations made from `in` on the way; `made` is where its input would have been.
bool stages(ChainLink& link, const LinearArgs& linear, const Matrix& in, const Matrix& made, Staging staging) {
  if (linear.in.data != made.data || linear.in.stride != made.stride || linear.in.cols != made.cols) return false;
  link.task = task_of(linear);
  link.task.in = in.data;
  link.task.in_stride = in.stride;
  link.staging = staging;
  link.staged = made.data;
  link.staged_stride = made.stride;
  return whole_vectors(made.data, made.stride, made.cols);
}

}  // namespace

void ChainRecorder::record(const std::function<void()>& operations) {
  held_.clear();  // of a step that failed
  recording_ = true;
  try {
    operations();
    flush();
  } catch (...) {
    recording_ = false;
    throw;
  }
  recording_ = false;
}

void ChainRecorder::hold(const Held& held, int tokens) {
  if (!recording_ || tokens > kGemvTokens || tokens == 0) {
    flush();
    return run(held);
  }
  held_.push_back(held);
}
void ChainRecorder::linear(const LinearArgs& args) { hold({Kind::linear, args, {}, {}}, args.in.rows); }
void ChainRecorder::norm(const RmsNormArgs& args) {
  hold({Kind::norm, {}, {args.out, args.in, {}, args.weight, args.eps}, {}}, args.in.rows);
}
void ChainRecorder::residual_norm(const ResidualRmsNormArgs& args) {
  hold({Kind::residual_norm, {}, args, {}}, args.residual.rows);
}
void ChainRecorder::gate(const GatedActivationArgs& args) { hold({Kind::gate, {}, {}, args}, args.out.rows); }

void ChainRecorder::run(const Held& held) {
  switch (held.kind) {
    case Kind::linear:
      return cuda::linear(held.linear, context_);
    case Kind::norm:
      return rms_norm({held.norm.out, held.norm.residual, held.norm.weight, held.norm.eps}, context_);
    case Kind::residual_norm:
      return residual_rms_norm(held.norm, context_);
    case Kind::gate:
      return gated_activation(held.gate, context_);
  }
}

void ChainRecorder::flush() {
  const std::vector<Held> all = std::move(held_);
  held_.clear();
  for (size_t first = 0; first < all.size();) {
    Chain chain;
    const size_t end = chain_from(all, first, chain);
    if (end > first + 1) {
      run_chain(chain, context_);
      first = end;
    } else {
      run(all[first++]);
    }
  }
}

/// The longest chain that begins at `first`; returns where it ends.
size_t ChainRecorder::chain_from(const std::vector<Held>& all, size_t first, Chain& chain) const {
  size_t end = first;
  while (end < all.size() && chain.count < kMaxLinks) {
    Chain longer = chain;
    const size_t next = add_link(all, end, longer);
    if (next == end || !chain_fits(longer, context_)) break;
    chain = longer;
    end = next;
  }
  return end;
}

/// Adds the link that begins at `at`; returns where the next one begins, `at` when there is none.
size_t ChainRecorder::add_link(const std::vector<Held>& all, size_t at, Chain& chain) const {
  const Held& held = all[at];
  ChainLink link;
  size_t next = at + 1;
  if (held.kind == Kind::linear) {
    link.task = task_of(held.linear);
  } else {
    if (next == all.size() || all[next].kind != Kind::linear) return at;
    const LinearArgs& linear = all[next++].linear;
    if (held.kind == Kind::gate) {
      if (!stages(link, linear, held.gate.gate_up, held.gate.out, Staging::gated)) return at;
      link.kind = held.gate.kind;
    } else {
      if (!stages(link, linear, held.norm.residual, held.norm.out, Staging::norm)) return at;
      link.norm_weight = held.norm.weight;
      link.eps = held.norm.eps;
      if (!aligned16(link.norm_weight)) return at;
    }
    if (held.kind == Kind::residual_norm && !add_residual(held.norm, chain)) return at;
  }
  if (!whole_vectors(link.task.in, link.task.in_stride, link.task.weight.cols) || races(link)) return at;
  chain.links[chain.count++] = link;
  return next;
}

/// The addition becomes the end of the last link's sums, when it is their result that is added.
bool ChainRecorder::add_residual(const ResidualRmsNormArgs& norm, Chain& chain) {
  if (chain.count == 0) return false;
  ChainLink& last = chain.links[chain.count - 1];
  if (last.task.out != norm.delta.data || last.task.out_stride != norm.delta.stride || last.task.out_float ||
      last.task.weight.rows != norm.delta.cols || last.residual) {
    return false;
  }
  last.residual = norm.residual.data;
  last.residual_stride = norm.residual.stride;
  return !races(last);
}

}  // namespace flightdeck::cuda
