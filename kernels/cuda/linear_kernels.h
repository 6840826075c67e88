// The ways to compute a linear; linear.cu chooses among them. All asynchronous on the context's stream.
#pragma once

#include "kernels/cuda/cuda_context.h"
#include "kernels/cuda/packed_weight.h"
#include "kernels/cuda/tactics.h"
#include "kernels/ops.h"

namespace flightdeck::cuda {

/// One linear as the kernels see it: pointers, sizes, the end of the sum.
struct LinearTask {
  PackedView weight;
  const void* in = nullptr;  // [tokens, cols] activation type, rows of whole 16-byte vectors, zeros behind cols
  int in_stride = 0;
  void* out = nullptr;  // [tokens, rows]
  int out_stride = 0;
  bool out_float = false;       // float32, else activation type
  const float* bias = nullptr;  // [rows] or none
  int tokens = 0;
};

/// One way to compute the task; linear.cu. `possible` says whether it can be run.
LinearTask task_of(const LinearArgs& args);
bool possible(Tactic tactic, const LinearTask& task, const Context& context);
void run_tactic(Tactic tactic, const LinearTask& task, Context& context);

constexpr int kGemvTokens = 8;  // most of gemv

/// Matrix times few vectors: every block takes whole tiles of rows, its warps share the columns. The activations lie
/// in shared memory, all of them: gemv_fits says whether they do.
bool gemv_fits(const LinearTask& task, const Context& context);
void gemv(const LinearTask& task, Context& context);

/// Weights of any packing times up to kMaxMixedTokens tokens on the tensor cores; all multiprocessors share the work
/// evenly, sums of tiles that more than one block worked on go through `scratch`.
constexpr int kMaxMixedTokens = 256;
size_t mixed_gemm_scratch(const LinearTask& task, const Context& context);
void mixed_gemm(const LinearTask& task, std::byte* scratch, Context& context);

/// Every token's result is the same whatever the others are: always mixed_gemm, so many tokens at a time that its line
/// of work, and with it the cuts of the sums, depends on the weight alone. linear_deterministic.cu.
constexpr int kTokensAlike = 64;
void linear_deterministic(const LinearTask& task, Context& context);

/// The same for quantized weights whose columns are padded to a multiple of 128, by wgmma; mixed_gemm uses it where it
/// fits.
bool mixed_gemm_hopper_fits(const LinearTask& task, const Context& context);
size_t mixed_gemm_hopper_scratch(const LinearTask& task, const Context& context);
void mixed_gemm_hopper(const LinearTask& task, std::byte* scratch, Context& context);

/// cuBLASLt; quantized weights are unpacked into `scratch` first, panel by panel. False: cuBLASLt cannot do this shape.
size_t blas_scratch(const LinearTask& task);
bool blas_linear(const LinearTask& task, std::byte* scratch, Context& context);

/// Rows [first, first + rows) of a quantized weight as [rows, padded_cols] of the activation type; both multiples
/// of 16.
void unpack_rows(const PackedView& weight, int first, int rows, void* out, Context& context);

}  // namespace flightdeck::cuda
