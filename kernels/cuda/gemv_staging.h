// A linear's activations into shared memory, columns behind the last as zeros: as they are, or normalized. Every block
// does it for itself: cheaper than another kernel.
#pragma once

#include "kernels/cuda/gemv_ring.h"
#include "kernels/cuda/vector_access.h"

namespace flightdeck::cuda {

/// Bytes from row to row of the activations in shared memory: eight lanes that read together touch all banks.
__host__ __device__ constexpr int gemv_row_bytes(int padded_cols) { return padded_cols * 2 + 64; }
/// Norm: the squares of so many neighbouring vectors of a token are one sum.
__host__ __device__ constexpr int square_vectors(int padded_cols) { return padded_cols % 256 == 0 ? 32 : 8; }
__host__ __device__ constexpr int norm_floats(int tokens, int padded_cols) {
  return tokens * (padded_cols / 8 / square_vectors(padded_cols));
}

/// A thread's vectors of 8 columns, every kGemvThreads-th of all tokens' in one line. Groups of 8 lanes (of a whole
/// group of int4 columns too) are always in one token.
struct StagingCursor {
  int token = 0, vector, vectors;

  __device__ __forceinline__ explicit StagingCursor(int padded_cols)
      : vector(static_cast<int>(threadIdx.x)), vectors(padded_cols / 8) {
    into_row();
  }
  __device__ __forceinline__ void advance() {
    vector += kGemvThreads;
    into_row();
  }

 private:
  __device__ __forceinline__ void into_row() {
    while (vector >= vectors) {
      vector -= vectors;
      ++token;
    }
  }
};

template <class T, Packing kPacking, int kScales>
class Stager {
  using I = Item<kPacking, kScales>;
  using Eight = Pack<T, 8>;

 public:
  __device__ __forceinline__ Stager(const GemvPlan& plan, uint8_t* shared)
      : plan_(plan),
        linear_(plan.linear),
        weight_(plan.linear.task.weight),
        tokens_(plan.linear.task.tokens),
        activations_(shared + plan.activations_at),
        group_sums_(reinterpret_cast<float*>(shared + plan.group_sums_at)),
        squares_(reinterpret_cast<float*>(shared + plan.norm_at)) {}

  /// Norm weights of the first vector: no kernel writes them, and behind the weights they would wait long.
  __device__ __forceinline__ void ask_ahead() {
    held_ = -1;
    if (!linear_.norm_weight) return;
    const StagingCursor cursor(weight_.padded_cols);
    if (cursor.vector * 8 >= weight_.cols) return;
    held_ = cursor.vector;
    load_constants<8>(linear_.norm_weight + held_ * 8, held_weight_);
  }

  /// All threads; a barrier of the block has to follow.
  __device__ __forceinline__ void stage() {
    if (linear_.norm_weight) return stage_norm();
    constexpr int kBatch = 4;  // vectors of a thread on their way
    StagingCursor cursor(weight_.padded_cols);
    while (__any_sync(~0u, cursor.token < tokens_)) {
      Eight values[kBatch];
      int tokens[kBatch], vectors[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        tokens[i] = cursor.token, vectors[i] = cursor.vector;
        values[i] = load_row(cursor.token, cursor.vector);
        cursor.advance();
      }
#pragma unroll
      for (int i = 0; i < kBatch; ++i) put(tokens[i] < tokens_, tokens[i], vectors[i], values[i]);
    }
  }

 private:
  /// Past L1: other blocks wrote it.
  __device__ __forceinline__ Eight load_row(int token, int vector) const {
    Eight eight = {};
    if (token >= tokens_ || vector * 8 >= weight_.cols) return eight;
    const T* row = static_cast<const T*>(linear_.task.in) + static_cast<size_t>(token) * linear_.task.in_stride;
    const uint4 bits = __ldcg(reinterpret_cast<const uint4*>(row) + vector);
    return *reinterpret_cast<const Eight*>(&bits);
  }
  __device__ __forceinline__ uint4* place(int token, int vector) const {
    return reinterpret_cast<uint4*>(activations_ + token * gemv_row_bytes(weight_.padded_cols) + vector * 16);
  }

  /// Into shared memory, with int4's sums of groups; all lanes of a group of columns together.
  __device__ __forceinline__ void put(bool exists, int token, int vector, const Eight& eight) {
    if (exists) *place(token, vector) = *reinterpret_cast<const uint4*>(&eight);
    if constexpr (I::kInt4) {
      float sum = 0;
#pragma unroll
      for (int i = 0; i < 8; ++i) sum += to_float(eight.values[i]);
#pragma unroll
      for (int lanes = 1; lanes < I::kGroupVectors; lanes *= 2) sum += __shfl_xor_sync(~0u, sum, lanes);
      if (exists && vector % I::kGroupVectors == 0) {
        const float zero = -RawInt4<T>::kZero * sum;
        // Of each pair of tokens: both for rows 0 to 7 of a tile, both for rows 8 to 15, as the sums of an mma lie.
        float* at = group_sums_ + vector / I::kGroupVectors * (plan_.token_slots * 2) + token / 2 * 4 + token % 2;
        at[0] = zero / RawInt4<T>::kLowScale;
        at[2] = zero / RawInt4<T>::kHighScale;
      }
    }
  }

  /// The rows go into shared memory as they are, with sums of their squares, from which behind one barrier every thread
  /// works out its token's factor for itself.
  __device__ __forceinline__ void stage_norm() {
    const int together = square_vectors(weight_.padded_cols), parts = weight_.padded_cols / 8 / together;
    constexpr int kBatch = 4;
    for (StagingCursor cursor(weight_.padded_cols); __any_sync(~0u, cursor.token < tokens_);) {
      Eight values[kBatch];
      int tokens[kBatch], vectors[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        tokens[i] = cursor.token, vectors[i] = cursor.vector;
        values[i] = load_row(cursor.token, cursor.vector);
        cursor.advance();
      }
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        if (!__any_sync(~0u, tokens[i] < tokens_)) break;
        float sum = 0;
#pragma unroll
        for (int j = 0; j < 8; ++j) sum = fmaf(to_float(values[i].values[j]), to_float(values[i].values[j]), sum);
#pragma unroll
        for (int lanes = 1; lanes < 8; lanes *= 2) sum += __shfl_xor_sync(~0u, sum, lanes);
        if (together == 32) {
          sum += __shfl_xor_sync(~0u, sum, 8);
          sum += __shfl_xor_sync(~0u, sum, 16);
        }
        if (tokens[i] < tokens_) {
          *place(tokens[i], vectors[i]) = *reinterpret_cast<const uint4*>(&values[i]);
          if (vectors[i] % together == 0) squares_[tokens[i] * parts + vectors[i] / together] = sum;
        }
      }
    }
    __syncthreads();
    for (StagingCursor cursor(weight_.padded_cols); __any_sync(~0u, cursor.token < tokens_); cursor.advance()) {
      const bool exists = cursor.token < tokens_;
      Eight eight = {};
      if (exists && cursor.vector * 8 < weight_.cols) {
        eight = normalized(cursor, factor_of(cursor.token, parts));
        if (blockIdx.x == 0) store<T, 8>(normed_row(cursor.token) + cursor.vector * 8, eight);
      }
      put(exists, cursor.token, cursor.vector, eight);
    }
  }
  __device__ __forceinline__ float factor_of(int token, int parts) const {
    float sums[4] = {};
    int i = 0;
    for (; i + 4 <= parts; i += 4) {
#pragma unroll
      for (int j = 0; j < 4; ++j) sums[j] += squares_[token * parts + i + j];
    }
    for (; i < parts; ++i) sums[0] += squares_[token * parts + i];
    const float sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return rsqrtf(sum / static_cast<float>(weight_.cols) + linear_.eps);
  }
  __device__ __forceinline__ T* normed_row(int token) const {
    return static_cast<T*>(linear_.normed) + static_cast<size_t>(token) * linear_.normed_stride;
  }
  __device__ __forceinline__ Eight normalized(const StagingCursor& cursor, float factor) const {
    const uint4 bits = *place(cursor.token, cursor.vector);
    Eight eight = *reinterpret_cast<const Eight*>(&bits);
    float weight[8];
    if (cursor.vector == held_) {
#pragma unroll
      for (int i = 0; i < 8; ++i) weight[i] = held_weight_[i];
    } else {
      load_constants<8>(linear_.norm_weight + cursor.vector * 8, weight);
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) eight.values[i] = from_float<T>(to_float(eight.values[i]) * factor * weight[i]);
    return eight;
  }

  const GemvPlan& plan_;
  const FusedLinear& linear_;
  const PackedView& weight_;
  const int tokens_;
  uint8_t* activations_;
  float* group_sums_;
  float* squares_;
  int held_ = -1;
  float held_weight_[8];
};

}  // namespace flightdeck::cuda
