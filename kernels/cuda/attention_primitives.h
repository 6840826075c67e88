// What the attention kernels share: their parameters, addresses in the paged cache, asynchronous copies into shared
// memory, tensor-core products (mma.sync m16n8k16) and the matrix loads that feed them.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace flightdeck::cuda {

/// Everything one attention launch needs, by value. Strides and sizes count elements.
struct AttentionParams {
  void* out = nullptr;      // [T, heads * head_dim] float16 or bfloat16
  const void* q = nullptr;  // the same
  int out_stride = 0;
  int q_stride = 0;
  bool bf16 = false;
  __half* keys = nullptr;  // [blocks, kv_heads, block_size, head_dim]
  __half* values = nullptr;
  int block_size = 0;
  int block_shift = -1;  // log2(block_size), -1 when it is no power of two
  int heads = 0;
  int kv_heads = 0;
  int group = 0;  // heads / kv_heads
  int head_dim = 0;
  int tokens = 0;
  int sequences = 0;
  int max_blocks = 0;
  bool one_token_each = false;  // every sequence has exactly one query token, token s belongs to sequence s
  const int32_t* positions = nullptr;
  const int32_t* sequence_of = nullptr;
  const int32_t* query_offsets = nullptr;
  const int32_t* block_tables = nullptr;
  float q_factor = 1;      // power of two folded into q, so that bfloat16 fits float16; exact
  float score_factor = 0;  // q_factor * score_factor = scale * log2(e); with a soft cap scale / soft_cap
  float cap_log2 = 0;      // soft_cap * log2(e), 0 without
  int window = 0;
  const float* alibi_slopes = nullptr;
  /// [positions, head_dim]: q is not rotated yet and this step's keys and values, which stand behind it in its rows, are
  /// not in the cache yet. Only for one_token_each.
  const float* rope_table = nullptr;

  /// Scores need more than one multiplication.
  __host__ __device__ bool general() const { return cap_log2 != 0 || alibi_slopes != nullptr || !(score_factor > 0); }
};

constexpr float kLog2E = 1.4426950408889634f;
constexpr int kAttentionThreads = 128;
constexpr int kAttentionWarps = 4;

/// First element of one position's row in the cache; `table` is the sequence's row of block_tables. Only for blocks of
/// a power of two: the others have their own kernel.
__host__ __device__ __forceinline__ size_t cache_row(const AttentionParams& p, const int32_t* table, int position,
                                                     int kv_head) {
  const size_t block = static_cast<size_t>(table[position >> p.block_shift]) * p.kv_heads + kv_head;
  return ((block << p.block_shift) + (position & (p.block_size - 1))) * p.head_dim;
}

/// Where 16-byte chunk `chunk` of row `row` lies in a shared tile: eight rows of one chunk fall into different banks.
__host__ __device__ __forceinline__ int swizzled(int row, int chunk, int row_bytes) {
  return row * row_bytes + ((chunk ^ (row & 7)) << 4);
}

#ifdef __CUDACC__

/// 2^x; -inf gives 0.
__device__ __forceinline__ float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// tanh by one exponential: absolute error about 1e-7, and right at both infinities.
__device__ __forceinline__ float tanh_fast(float x) {
  return 1.0f - __fdividef(2.0f, exp2_fast(x * (2.0f * kLog2E)) + 1.0f);
}

/// A raw product of q and k as a score in powers of two; `distance` is key position - query position (<= 0): it stands
/// for the key position in ALiBi, which softmax cannot tell from it and float32 keeps exactly.
__device__ __forceinline__ float log2_score(const AttentionParams& p, float dot, float slope_log2, int distance) {
  float score = dot * p.score_factor;
  if (p.cap_log2 != 0) score = p.cap_log2 * tanh_fast(score);
  return fmaf(slope_log2, static_cast<float>(distance), score);
}

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

/// 16 bytes from global to shared memory, zeros when not `valid` (nothing is read then).
__device__ __forceinline__ void copy_async(uint32_t to, const void* from, bool valid) {
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until at most kPending of this thread's latest groups are under way.
template <int kPending>
__device__ __forceinline__ void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

/// Four 8x8 matrices of halves; lane l gives the address of row l % 8 of matrix l / 8.
__device__ __forceinline__ void load_matrices(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
__device__ __forceinline__ void load_matrices_transposed(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
/// Transposes an 8x8 matrix of halves held two to a lane.
__device__ __forceinline__ uint32_t transpose_matrix(uint32_t pair) {
  uint32_t turned;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(turned) : "r"(pair));
  return turned;
}

/// d[16x8] += a[16x16] b[16x8], halves into floats. With g = lane / 4 and t = lane % 4, a: rows g, g + 8 of columns
/// 2t, 2t + 1, then both rows of columns 2t + 8, 2t + 9; b: rows 2t, 2t + 1, then + 8, of column g; d: row g, then
/// g + 8, of columns 2t, 2t + 1.
__device__ __forceinline__ void multiply_add(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ uint32_t pack_halves(float low, float high) {
  const __half2 pair = __floats2half2_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

/// Two activations of q as halves times q_factor; float16 passes unchanged.
__device__ __forceinline__ uint32_t query_pair(const AttentionParams& p, uint32_t pair) {
  if (!p.bf16) return pair;
  const float2 x = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&pair));
  return pack_halves(x.x * p.q_factor, x.y * p.q_factor);
}

/// Two neighbouring results as activations.
__device__ __forceinline__ uint32_t result_pair(const AttentionParams& p, float low, float high) {
  if (!p.bf16) return pack_halves(low, high);
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

__device__ __forceinline__ const uint16_t* query_row(const AttentionParams& p, int token, int head) {
  return static_cast<const uint16_t*>(p.q) + static_cast<size_t>(token) * p.q_stride + head * p.head_dim;
}
__device__ __forceinline__ uint16_t* result_row(const AttentionParams& p, int token, int head) {
  return static_cast<uint16_t*>(p.out) + static_cast<size_t>(token) * p.out_stride + head * p.head_dim;
}

#endif  // __CUDACC__

}  // namespace flightdeck::cuda
