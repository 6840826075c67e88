#include <algorithm>
#include <iterator>

#include "kernels/cuda/attention_kernels.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/op_fuser.h"
#include "kernels/cuda/vector_access.h"

namespace flightdeck::cuda {
namespace {

/// Bytes a matrix covers.
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

/// Blocks of one kernel do not wait for each other: what some still read others must not write.
bool races(const FusedLinear& linear) {
  const LinearTask& task = linear.task;
  const int rows = task.weight.rows, tokens = task.tokens;
  const Range ranges[] = {range_of(task.in, tokens, task.in_stride, task.weight.cols, 2),
                          range_of(task.out, tokens, task.out_stride, rows, task.out_float ? 4 : 2),
                          range_of(linear.normed, tokens, linear.normed_stride, task.weight.cols, 2),
                          range_of(linear.residual, tokens, linear.residual_stride, rows, 2),
                          range_of(linear.gated, tokens, linear.gated_stride, rows / 2, 2)};
  for (size_t i = 0; i < std::size(ranges); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (overlap(ranges[i], ranges[j])) return true;
    }
  }
  return false;
}

bool is_result_of(const FusedLinear& linear, const Matrix& matrix) {
  const LinearTask& task = linear.task;
  return !task.out_float && task.out == matrix.data && task.out_stride == matrix.stride &&
         task.weight.rows == matrix.cols;
}

bool few(int tokens) { return tokens > 0 && tokens <= kGemvTokens; }

}  // namespace

void OpFuser::record(const std::function<void()>& operations) {
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

void OpFuser::hold(const Held& held, bool few_tokens) {
  if (recording_ && !context_.deterministic && few_tokens) {
    held_.push_back(held);
  } else {
    flush();
    run(held);
  }
}
void OpFuser::linear(const LinearArgs& args) { hold({Kind::linear, args, {}, {}, {}}, few(args.in.rows)); }
void OpFuser::norm(const RmsNormArgs& args) {
  hold({Kind::norm, {}, {args.out, args.in, {}, args.weight, args.eps}, {}, {}}, few(args.in.rows));
}
void OpFuser::residual_norm(const ResidualRmsNormArgs& args) {
  hold({Kind::residual_norm, {}, args, {}, {}}, few(args.residual.rows));
}
void OpFuser::gate(const GatedActivationArgs& args) { hold({Kind::gate, {}, {}, args, {}}, few(args.out.rows)); }
void OpFuser::rope_cache_write(const RopeCacheWriteArgs& args) {
  // Of many sequences every block would pay for it, wave after wave; one kernel for all costs less.
  hold({Kind::rope, {}, {}, {}, args}, few(args.batch.tokens) && args.batch.tokens == args.batch.sequences);
}
void OpFuser::attention(const AttentionArgs& args) {
  if (held_.empty() || held_.back().kind != Kind::rope) {
    flush();
    return cuda::attention(args, context_);
  }
  const Held rope = held_.back();
  held_.pop_back();
  flush();
  if (rope_attention(rope.rope, args, context_)) return;
  run(rope);
  cuda::attention(args, context_);
}

void OpFuser::run(const Held& held) {
  switch (held.kind) {
    case Kind::linear:
      return cuda::linear(held.linear, context_);
    case Kind::norm:
      return rms_norm({held.norm.out, held.norm.residual, held.norm.weight, held.norm.eps}, context_);
    case Kind::residual_norm:
      return residual_rms_norm(held.norm, context_);
    case Kind::gate:
      return gated_activation(held.gate, context_);
    case Kind::rope:
      return cuda::rope_cache_write(held.rope, context_);
  }
}

void OpFuser::flush() {
  for (size_t first = 0; first < held_.size();) {
    const size_t next = run_fused(first);
    if (next == first) run(held_[first]);
    first = std::max(next, first + 1);
  }
  held_.clear();
}

/// Runs the linear that begins at `first` with all it can take in; returns where the next one begins, `first` when
/// there is nothing to take in.
size_t OpFuser::run_fused(size_t first) {
  const bool normed = held_[first].kind == Kind::norm;
  const size_t at = first + (normed ? 1 : 0);
  if (at == held_.size() || held_[at].kind != Kind::linear) return first;
  FusedLinear fused;
  fused.task = task_of(held_[at].linear);
  const Matrix& in = held_[at].linear.in;
  if (!aligned16(in.data) || in.stride % 8 != 0 || in.cols % 8 != 0) return first;
  if (normed && !add_norm(fused, held_[first])) return first;
  size_t next = at + 1;
  bool added = false;
  if (next < held_.size()) {
    if (add_gate(fused, held_[next])) {
      added = true;
      ++next;
    } else if (add_residual(fused, held_[next])) {
      added = true;
      held_[next].kind = Kind::norm;  // of the residual as it is now
    }
  }
  if (!normed && !added) return first;
  fused_gemv(fused, context_);
  return next;
}

bool OpFuser::add_norm(FusedLinear& linear, const Held& held) const {
  const ResidualRmsNormArgs& norm = held.norm;
  FusedLinear fused = linear;
  fused.task.in = norm.residual.data;
  fused.task.in_stride = norm.residual.stride;
  fused.norm_weight = norm.weight;
  fused.eps = norm.eps;
  fused.normed = norm.out.data;
  fused.normed_stride = norm.out.stride;
  if (linear.task.in != norm.out.data || linear.task.in_stride != norm.out.stride ||
      linear.task.weight.cols != norm.out.cols || !aligned16(norm.weight) || !vectorizes(norm.residual) ||
      races(fused) || !fused_gemv_fits(fused, context_)) {
    return false;
  }
  linear = fused;
  return true;
}

bool OpFuser::add_gate(FusedLinear& linear, const Held& held) const {
  if (held.kind != Kind::gate || !is_result_of(linear, held.gate.gate_up)) return false;
  FusedLinear fused = linear;
  fused.gated = held.gate.out.data;
  fused.gated_stride = held.gate.out.stride;
  fused.gate = held.gate.kind;
  if (races(fused) || !fused_gemv_fits(fused, context_)) return false;
  linear = fused;
  return true;
}

bool OpFuser::add_residual(FusedLinear& linear, const Held& held) const {
  if (held.kind != Kind::residual_norm || !is_result_of(linear, held.norm.delta)) return false;
  FusedLinear fused = linear;
  fused.residual = held.norm.residual.data;
  fused.residual_stride = held.norm.residual.stride;
  if (races(fused) || !fused_gemv_fits(fused, context_)) return false;
  linear = fused;
  return true;
}

}  // namespace flightdeck::cuda
