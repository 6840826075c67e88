// out = in · weightᵀ (+ bias): chooses the way by the weight's shape and format and the number of tokens.
#include <algorithm>
#include <vector>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/tactics.h"

namespace flightdeck::cuda {
namespace {

template <class T>
__global__ void align_rows_kernel(const T* in, int in_stride, T* out, int out_stride, int cols) {
  wait_for_inputs();
  for (int col = threadIdx.x; col < out_stride; col += blockDim.x) {
    const T value = col < cols ? in[static_cast<size_t>(blockIdx.x) * in_stride + col] : T(0.0f);
    out[static_cast<size_t>(blockIdx.x) * out_stride + col] = value;
  }
}

bool rows_aligned(const LinearTask& task) {
  return reinterpret_cast<uintptr_t>(task.in) % 16 == 0 && task.in_stride % 8 == 0 && task.weight.cols % 8 == 0;
}

size_t aligned_input_bytes(const LinearTask& task) {
  return rows_aligned(task)
             ? 0
             : aligned(static_cast<size_t>(task.tokens) * static_cast<size_t>(round_up(task.weight.cols, 8)) * 2);
}

/// Rows that do not start or end at multiples of 16 bytes are copied: no model has them, odd tests do.
void align_input(LinearTask& task, std::byte* scratch, Context& context) {
  const int stride = round_up(task.weight.cols, 8);
  with_activation_type(context.activation, [&](auto zero) {
    using T = decltype(zero);
    launch(context, align_rows_kernel<T>, task.tokens, 256, 0, static_cast<const T*>(task.in), task.in_stride,
           reinterpret_cast<T*>(scratch), stride, task.weight.cols);
  });
  task.in = scratch;
  task.in_stride = stride;
}

/// Tokens [first, first + count) of the task.
LinearTask part_of(const LinearTask& task, int first, int count) {
  LinearTask part = task;
  part.tokens = count;
  part.in =
      static_cast<const std::byte*>(task.in) + static_cast<size_t>(first) * static_cast<size_t>(task.in_stride) * 2;
  part.out = static_cast<std::byte*>(task.out) +
             static_cast<size_t>(first) * static_cast<size_t>(task.out_stride) * (task.out_float ? 4 : 2);
  return part;
}

size_t scratch_of(Tactic tactic, const LinearTask& task, const Context& context) {
  switch (tactic) {
    case Tactic::gemv:
      return 0;
    case Tactic::mixed:
      return mixed_gemm_scratch(part_of(task, 0, std::min(task.tokens, kMaxMixedTokens)), context);
    case Tactic::blas:
      return blas_scratch(task);
  }
  return 0;
}

void run_mixed(const LinearTask& task, std::byte* scratch, Context& context) {
  for (int first = 0; first < task.tokens; first += kMaxMixedTokens) {
    mixed_gemm(part_of(task, first, std::min(kMaxMixedTokens, task.tokens - first)), scratch, context);
  }
}

}  // namespace

void run_tactic(Tactic tactic, const LinearTask& given, Context& context) {
  LinearTask task = given;
  const size_t input_bytes = aligned_input_bytes(task);
  size_t bytes = scratch_of(tactic, task, context);
  // Also for the shape that cuBLASLt turns out not to do.
  if (tactic == Tactic::blas) bytes = std::max(bytes, scratch_of(Tactic::mixed, task, context));
  std::byte* scratch = context.scratch(input_bytes + bytes);
  if (!rows_aligned(task)) align_input(task, scratch, context);
  scratch += input_bytes;
  switch (tactic) {
    case Tactic::gemv:
      return gemv(task, context);
    case Tactic::mixed:
      return run_mixed(task, scratch, context);
    case Tactic::blas:
      if (!blas_linear(task, scratch, context)) run_mixed(task, scratch, context);
  }
}

bool possible(Tactic tactic, const LinearTask& task, const Context& context) {
  switch (tactic) {
    case Tactic::gemv:
      return task.tokens <= kGemvTokens && gemv_fits(task, context);
    case Tactic::mixed:
      return task.tokens <= kMaxMixedTokens;
    case Tactic::blas:
      return task.tokens > kGemvTokens || task.weight.packing == Packing::dense;
  }
  return false;
}

namespace {

/// What is fastest as far as can be told without measuring.
Tactic default_tactic(const LinearTask& task, const Context& context) {
  if (possible(Tactic::gemv, task, context)) return Tactic::gemv;
  return task.weight.packing == Packing::dense ? Tactic::blas : Tactic::mixed;
}

TacticKey key_of(const LinearTask& task, const Context& context) {
  TacticKey key;
  key.rows = task.weight.rows;
  key.cols = task.weight.cols;
  key.packing = task.weight.packing;
  key.step_scales = task.weight.step_scales;
  key.tokens = token_bucket(task.tokens);
  key.bf16 = context.activation == DType::bf16;
  return key;
}

Tactic measure(const LinearTask& task, Context& context) {
  Tactic best = default_tactic(task, context);
  float least = 1e30f;
  const StreamTimer timer(context);
  for (const Tactic tactic : {Tactic::gemv, Tactic::mixed, Tactic::blas}) {
    if (!possible(tactic, task, context)) continue;
    const float time = timer.median([&] { run_tactic(tactic, task, context); }, 5);
    if (time < least) least = time, best = tactic;
  }
  return best;
}

Tactic choose(const LinearTask& task, Context& context) {
  if (task.tokens > kMaxMixedTokens) return Tactic::blas;
  Tactics& tactics = tactics_of(context.device);
  const TacticKey key = key_of(task, context);
  const auto known = tactics.find(key);
  if (known && possible(*known, task, context)) return *known;
  if (context.capturing()) return default_tactic(task, context);
  const Tactic tactic = measure(task, context);
  tactics.set(key, tactic);
  return tactic;
}

}  // namespace

LinearTask task_of(const LinearArgs& args) {
  LinearTask task;
  task.weight = static_cast<const CudaPackedWeight&>(*args.weight).view();
  task.in = args.in.data;
  task.in_stride = args.in.stride;
  task.out = args.out.data;
  task.out_stride = args.out.stride;
  task.out_float = args.out.dtype == DType::f32;
  task.bias = args.bias;
  task.tokens = args.in.rows;
  return task;
}

void linear(const LinearArgs& args, Context& context) {
  if (args.in.rows == 0) return;
  const LinearTask task = task_of(args);
  if (context.deterministic) return linear_deterministic(task, context);
  run_tactic(choose(task, context), task, context);
}

}  // namespace flightdeck::cuda
