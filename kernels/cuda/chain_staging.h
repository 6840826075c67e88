// A link's activations into shared memory, columns behind the last as zeros: as they are, normalized, or gated. Every
// block does it for itself: cheaper than another kernel, or another wait for all blocks.
#pragma once

#include "kernels/cuda/activation_function.h"
#include "kernels/cuda/chain_ring.h"
#include "kernels/cuda/vector_access.h"

namespace flightdeck::cuda {

/// Bytes from row to row of the activations in shared memory: eight lanes that read together touch all banks.
__host__ __device__ constexpr int chain_row_bytes(int padded_cols) { return padded_cols * 2 + 64; }
/// Norm: sums of squares of 8 vectors each, then one factor a token.
__host__ __device__ constexpr int norm_floats(int tokens, int padded_cols) { return tokens * (padded_cols / 64 + 1); }

/// A thread's vectors of 8 columns, every kChainThreads-th of all tokens' in one line. Groups of 8 lanes (of a whole
/// group of int4 columns too) are always in one token.
struct StagingCursor {
  int token = 0, vector, vectors;

  __device__ __forceinline__ explicit StagingCursor(int padded_cols)
      : vector(static_cast<int>(threadIdx.x)), vectors(padded_cols / 8) {
    into_row();
  }
  __device__ __forceinline__ void advance() {
    vector += kChainThreads;
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
  __device__ __forceinline__ Stager(const ChainPlan& plan, uint8_t* shared)
      : plan_(plan),
        activations_(shared + plan.activations_at),
        group_sums_(reinterpret_cast<float*>(shared + plan.group_sums_at)),
        squares_(reinterpret_cast<float*>(shared + plan.norm_at)) {}

  /// What no kernel writes may be asked for before the link's inputs are there: norm weights of the first vector.
  __device__ __forceinline__ void ask_ahead(const ChainLink& link) {
    held_ = -1;
    if (link.staging != Staging::norm) return;
    const StagingCursor cursor(link.task.weight.padded_cols);
    if (cursor.vector * 8 >= link.task.weight.cols) return;
    held_ = cursor.vector;
    load_constants<8>(link.norm_weight + held_ * 8, held_weight_);
  }

  /// All threads; a barrier of the block has to follow.
  __device__ __forceinline__ void stage(const ChainLink& link) {
    if (link.staging == Staging::norm) {
      stage_norm(link);
    } else if (link.staging == Staging::gated) {
      stage_each<3>(link, [&](int token, int vector) { return gated(link, token, vector); });
    } else {
      stage_each<4>(link, [&](int token, int vector) { return load_row(link, token, vector * 8); });
    }
  }

 private:
  /// Past L1: other blocks wrote it.
  __device__ __forceinline__ Eight load_row(const ChainLink& link, int token, int column) const {
    const T* row = static_cast<const T*>(link.task.in) + static_cast<size_t>(token) * link.task.in_stride + column;
    const uint4 bits = __ldcg(reinterpret_cast<const uint4*>(row));
    return *reinterpret_cast<const Eight*>(&bits);
  }
  __device__ __forceinline__ Eight gated(const ChainLink& link, int token, int vector) const {
    Eight gate = load_row(link, token, vector * 8);
    const Eight up = load_row(link, token, link.task.weight.cols + vector * 8);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      gate.values[i] = from_float<T>(activate(link.kind, to_float(gate.values[i])) * to_float(up.values[i]));
    }
    return gate;
  }
  __device__ __forceinline__ uint4* place(const ChainLink& link, int token, int vector) const {
    return reinterpret_cast<uint4*>(activations_ + token * chain_row_bytes(link.task.weight.padded_cols) + vector * 16);
  }

  /// Into shared memory, with int4's sums of groups; all lanes of a group of columns together.
  __device__ __forceinline__ void put(const ChainLink& link, bool exists, int token, int vector, const Eight& eight) {
    if (exists) *place(link, token, vector) = *reinterpret_cast<const uint4*>(&eight);
    if (exists && link.staged && vector * 8 < link.task.weight.cols && vector / 8 % gridDim.x == blockIdx.x) {
      store<T, 8>(static_cast<T*>(link.staged) + static_cast<size_t>(token) * link.staged_stride + vector * 8, eight);
    }
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

  /// A thread has kBatch vectors on their way.
  template <int kBatch, class Make>
  __device__ __forceinline__ void stage_each(const ChainLink& link, Make&& make) {
    StagingCursor cursor(link.task.weight.padded_cols);
    while (__any_sync(~0u, cursor.token < plan_.tokens)) {
      Eight values[kBatch];
      int tokens[kBatch], vectors[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        values[i] = {};
        tokens[i] = cursor.token, vectors[i] = cursor.vector;
        if (cursor.token < plan_.tokens && cursor.vector * 8 < link.task.weight.cols) {
          values[i] = make(cursor.token, cursor.vector);
        }
        cursor.advance();
      }
#pragma unroll
      for (int i = 0; i < kBatch; ++i) put(link, tokens[i] < plan_.tokens, tokens[i], vectors[i], values[i]);
    }
  }

  /// The rows go into shared memory as they are, and are normalized there once their squares are summed up.
  __device__ __forceinline__ void stage_norm(const ChainLink& link) {
    const int cols = link.task.weight.cols, parts = link.task.weight.padded_cols / 64, tokens = plan_.tokens;
    float* factors = squares_ + tokens * parts;
    constexpr int kBatch = 4;
    for (StagingCursor cursor(link.task.weight.padded_cols); __any_sync(~0u, cursor.token < tokens);) {
      Eight values[kBatch];
      int at[kBatch], vectors[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        values[i] = {};
        at[i] = cursor.token, vectors[i] = cursor.vector;
        if (cursor.token < tokens && cursor.vector * 8 < cols)
          values[i] = load_row(link, cursor.token, cursor.vector * 8);
        cursor.advance();
      }
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        float sum = 0;
#pragma unroll
        for (int j = 0; j < 8; ++j) sum = fmaf(to_float(values[i].values[j]), to_float(values[i].values[j]), sum);
#pragma unroll
        for (int lanes = 1; lanes < 8; lanes *= 2) sum += __shfl_xor_sync(~0u, sum, lanes);
        if (at[i] >= tokens) continue;
        *place(link, at[i], vectors[i]) = *reinterpret_cast<const uint4*>(&values[i]);
        if (vectors[i] % 8 == 0) squares_[at[i] * parts + vectors[i] / 8] = sum;
      }
    }
    __syncthreads();
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    if (warp < tokens) {
      float sum = 0;
      for (int i = lane; i < parts; i += 32) sum += squares_[warp * parts + i];
#pragma unroll
      for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(~0u, sum, lanes);
      if (lane == 0) factors[warp] = 1.0f / sqrtf(sum / static_cast<float>(cols) + link.eps);
    }
    __syncthreads();
    for (StagingCursor cursor(link.task.weight.padded_cols); __any_sync(~0u, cursor.token < tokens); cursor.advance()) {
      const bool exists = cursor.token < tokens;
      Eight eight = {};
      if (exists && cursor.vector * 8 < cols) eight = normalized(link, cursor, factors[cursor.token]);
      put(link, exists, cursor.token, cursor.vector, eight);
    }
  }
  __device__ __forceinline__ Eight normalized(const ChainLink& link, const StagingCursor& cursor, float factor) const {
    const uint4 bits = *place(link, cursor.token, cursor.vector);
    Eight eight = *reinterpret_cast<const Eight*>(&bits);
    float weight[8];
    if (cursor.vector == held_) {
#pragma unroll
      for (int i = 0; i < 8; ++i) weight[i] = held_weight_[i];
    } else {
      load_constants<8>(link.norm_weight + cursor.vector * 8, weight);
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) eight.values[i] = from_float<T>(to_float(eight.values[i]) * factor * weight[i]);
    return eight;
  }

  const ChainPlan& plan_;
  uint8_t* activations_;
  float* group_sums_;
  float* squares_;
  int held_ = -1;
  float held_weight_[8];
};

}  // namespace flightdeck::cuda
