// Logits → next id, on the device. The rules and their order are those of core/runtime/sampler.cpp, the reference.
//
// Likelihoods are float32 relative to the best logit, sums of them are whole numbers of 2^-44, so that a sum does not
// depend on the order in which threads add. Against the reference's doubles a choice can differ where the random number
// falls within about 1e-6 of the border between two candidates, and where two logits differ by less than 2^-26 of a
// temperature (then the lower id is taken for the likelier).
//
// First kernel, many blocks a row: changes the logits, finds the best of a slice. Second kernel, one block a row:
// greedy rows are done with the best of the bests. Else the row is cut to those candidates that top_k or top_p can
// reach (histogram of the likelihoods), and the border of top_k, the border of top_p and the choice are three times the
// same question: which candidate, from the likeliest on, brings a sum (of ones or of likelihoods) to a target?
#include <cfloat>
#include <climits>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"

namespace flightdeck::cuda {
namespace {

constexpr int kThreads = 1024;      // of the choosing block
constexpr int kSliceThreads = 256;  // of a block of the first kernel
constexpr int kSliceIds = 4096;     // ids a block of the first kernel looks at
constexpr int kBins = 2048;         // 11 bits of a candidate's rank at a time
constexpr int kIdBits = 22;         // rank = 32 bits of distance from the best, then the id
constexpr float kLeast = -40.0f;    // e^-40 is nothing
using Mass = unsigned long long;    // likelihood in units of 2^-44
using Rank = unsigned long long;    // the smaller the likelier

/// Best id of a slice.
struct Best {
  float logit;
  int32_t id;  // -1: none above -inf, INT_MIN: there is a NaN
};

__device__ __forceinline__ Best better(Best a, Best b) {
  if (a.id == INT_MIN || b.id == INT_MIN) return {0.0f, INT_MIN};
  if (a.id < 0) return b;
  if (b.id < 0) return a;
  return b.logit > a.logit || (b.logit == a.logit && b.id < a.id) ? b : a;
}

/// Best over the block, for every thread of it.
__device__ Best block_best(Best value) {
  __shared__ Best of_warp[32];
  const auto over_warp = [](Best best) {
#pragma unroll
    for (int lane = 16; lane > 0; lane /= 2) {
      const float logit = __shfl_xor_sync(~0u, best.logit, lane);
      best = better(best, {logit, __shfl_xor_sync(~0u, best.id, lane)});
    }
    return best;
  };
  value = over_warp(value);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  const Best mine = threadIdx.x % 32 < blockDim.x / 32 ? of_warp[threadIdx.x % 32] : Best{0.0f, -1};
  return over_warp(mine);
}

/// One id's logit after its changes. `again`: the pending token is this id.
__device__ __forceinline__ float edited(float logit, const LogitEdit& edit, bool again, const SampleRow& row) {
  logit += edit.bias;
  if (edit.seen || again) {
    const float penalty = static_cast<float>(row.repetition_penalty);
    if (penalty != 1.0f) logit = logit > 0 ? logit / penalty : logit * penalty;
  }
  const int count = edit.generated + (again ? 1 : 0);
  if (count > 0) logit -= static_cast<float>(row.presence_penalty + row.frequency_penalty * count);
  return edit.forbidden ? -INFINITY : logit;
}

/// Changes the logits [first, last) of a row. Whole block.
__device__ void edit_slice(float* logits, int first, int last, const SampleRow& row, const int32_t* last_tokens) {
  const int pending = row.pending ? last_tokens[row.slot] : -1;
  bool known = false;  // the pending id is in the list
  for (int i = static_cast<int>(threadIdx.x); i < row.edit_count; i += static_cast<int>(blockDim.x)) {
    const LogitEdit edit = row.edits[i];
    known = known || edit.id == pending;
    if (edit.id >= first && edit.id < last) logits[edit.id] = edited(logits[edit.id], edit, edit.id == pending, row);
  }
  if (!__syncthreads_or(known) && threadIdx.x == 0 && pending >= first && pending < last)
    logits[pending] = edited(logits[pending], LogitEdit{}, true, row);
  __syncthreads();
}

/// Grid [slices, rows].
__global__ void __launch_bounds__(kSliceThreads)
    best_of_slices(float* logits, int stride, int vocab, const SampleRow* rows, const int32_t* last_tokens,
                   Best* bests) {
  let_next_start();
  wait_for_inputs();
  const SampleRow row = rows[blockIdx.y];
  logits += static_cast<size_t>(blockIdx.y) * stride;
  const int first = static_cast<int>(blockIdx.x) * kSliceIds, last = min(first + kSliceIds, vocab);
  if (row.edit_count > 0 || row.pending) edit_slice(logits, first, last, row, last_tokens);
  Best best = {0.0f, -1};
#pragma unroll 4
  for (int id = first + static_cast<int>(threadIdx.x); id < last; id += kSliceThreads) {
    const float logit = logits[id];
    if (isnan(logit)) best = {0.0f, INT_MIN};
    if (logit > -INFINITY) best = better(best, {logit, id});
  }
  best = block_best(best);
  if (threadIdx.x == 0) bests[blockIdx.y * gridDim.x + blockIdx.x] = best;
}

/// A row seen as candidates. `list` names those that are left; null: all ids.
struct Candidates {
  const float* logits;
  const int32_t* list;
  int count;
  float best;
  float inverse_temperature;
  float min_p;

  __device__ __forceinline__ int id(int i) const { return list ? list[i] : i; }
  /// Of an id: its likelihood, 0 when it is no candidate at all.
  __device__ __forceinline__ float likelihood(float logit, float* distance) const {
    *distance = (best - logit) * inverse_temperature;  // not below 0
    return -*distance >= kLeast ? expf(-*distance) : 0.0f;
  }
  __device__ __forceinline__ bool excluded(float likelihood) const { return likelihood == 0.0f || likelihood < min_p; }
};

__device__ __forceinline__ Mass mass_of(float likelihood) { return __float2ull_rn(likelihood * 0x1p44f); }
__device__ __forceinline__ Rank rank_of(float distance, int id) {
  return static_cast<Rank>(__float2uint_rd(distance * 0x1p26f)) << kIdBits | static_cast<Rank>(id);
}
__device__ __forceinline__ int first_bin(float distance) {
  return static_cast<int>(__float2uint_rd(distance * 0x1p26f) >> 21);
}

/// Exclusive sum over the block, the block's total beside it.
__device__ Mass block_scan(Mass value, Mass* total) {
  __shared__ Mass of_warp[32];
  Mass sum = value;
#pragma unroll
  for (int lane = 1; lane < 32; lane *= 2) {
    const Mass below = __shfl_up_sync(~0u, sum, lane);
    if (threadIdx.x % 32 >= lane) sum += below;
  }
  __syncthreads();  // of_warp may still be read for the sum before
  if (threadIdx.x % 32 == 31) of_warp[threadIdx.x / 32] = sum;
  __syncthreads();
  Mass before = 0, all = 0;
#pragma unroll
  for (int warp = 0; warp < kThreads / 32; ++warp) {
    if (warp == static_cast<int>(threadIdx.x / 32)) before = all;
    all += of_warp[warp];
  }
  *total = all;
  return before + sum - value;
}

/// What all threads of the choosing block share.
struct Shared {
  Mass mass[kBins];
  unsigned counts[kBins];
  Mass target, before;
  unsigned bin_count;
  int bin, chosen, listed;
};

__device__ void clear(Shared& shared) {
  __syncthreads();
  for (int bin = static_cast<int>(threadIdx.x); bin < kBins; bin += kThreads) {
    shared.mass[bin] = 0;
    shared.counts[bin] = 0;
  }
  if (threadIdx.x == 0) shared.bin = -1;
  __syncthreads();
}

/// The bin in which the sum over the bins reaches `target`, with the sum before it; the last bin that holds anything
/// when none does. Sums are of counts or of masses.
__device__ void find_bin(Shared& shared, bool by_count, Mass target) {
  __syncthreads();
  const int first = static_cast<int>(threadIdx.x) * (kBins / kThreads);
  Mass values[kBins / kThreads], sum = 0, total = 0;
#pragma unroll
  for (int i = 0; i < kBins / kThreads; ++i)
    sum += values[i] = by_count ? shared.counts[first + i] : shared.mass[first + i];
  Mass before = block_scan(sum, &total);
  target = min(target, total);
#pragma unroll
  for (int i = 0; i < kBins / kThreads; ++i) {
    if (values[i] > 0 && before < target && before + values[i] >= target) {
      shared.bin = first + i;
      shared.before = before;
      shared.bin_count = shared.counts[first + i];
    }
    before += values[i];
  }
  __syncthreads();
}

/// The first candidate, from the likeliest on and not behind `limit`, at which the sum of ones or of masses reaches
/// `target` >= 1. Returns its rank; `mass_before` gets the sum of masses before it where sums are of masses.
__device__ Rank select(const Candidates& row, Shared& shared, bool by_count, Mass target, Rank limit) {
  Rank prefix = 0;
  // 32 + 22 bits of rank, eleven at a time, are 10 + 4 x 11: the first digit has ten bits.
  for (int shift = 44; shift >= 0; shift -= 11) {
    clear(shared);
    for (int i = static_cast<int>(threadIdx.x); i < row.count; i += kThreads) {
      const int id = row.id(i);
      float distance;
      const float likelihood = row.likelihood(row.logits[id], &distance);
      if (row.excluded(likelihood)) continue;
      const Rank rank = rank_of(distance, id);
      if (rank > limit || rank >> shift >> 11 != prefix >> shift >> 11) continue;
      const int bin = static_cast<int>(rank >> shift & (kBins - 1));
      atomicAdd(&shared.counts[bin], 1u);
      if (!by_count) atomicAdd(&shared.mass[bin], mass_of(likelihood));
    }
    find_bin(shared, by_count, target);
    if (shared.bin < 0) return limit;  // nothing has any mass
    prefix |= static_cast<Rank>(shared.bin) << shift;
    target -= min(target - 1, shared.before);
    if (shared.bin_count == 1 && shift > 0) {  // only one is left: its other digits need no counting
      if (threadIdx.x == 0) shared.target = prefix;
      __syncthreads();
      for (int i = static_cast<int>(threadIdx.x); i < row.count; i += kThreads) {
        const int id = row.id(i);
        float distance;
        if (row.excluded(row.likelihood(row.logits[id], &distance))) continue;
        const Rank rank = rank_of(distance, id);
        if (rank <= limit && rank >> shift == prefix >> shift) shared.target = rank;
      }
      __syncthreads();
      return shared.target;
    }
  }
  return prefix;
}

/// Sum of the masses of all candidates not behind `limit`.
__device__ Mass mass_until(const Candidates& row, Rank limit) {
  Mass sum = 0, total = 0;
  for (int i = static_cast<int>(threadIdx.x); i < row.count; i += kThreads) {
    const int id = row.id(i);
    float distance;
    const float likelihood = row.likelihood(row.logits[id], &distance);
    if (!row.excluded(likelihood) && rank_of(distance, id) <= limit) sum += mass_of(likelihood);
  }
  block_scan(sum, &total);
  return total;
}

/// Cuts the row to the bins that top_k or top_p can reach: `list` gets their ids. Returns the mass of all ids, those
/// that min_p excludes included.
__device__ Mass cut(Candidates& row, Shared& shared, const SampleRow& rules, int32_t* list) {
  clear(shared);
  Mass sum = 0, total = 0;
  for (int id = static_cast<int>(threadIdx.x); id < row.count; id += kThreads) {
    float distance;
    const float likelihood = row.likelihood(row.logits[id], &distance);
    const Mass mass = mass_of(likelihood);
    sum += mass;
    if (row.excluded(likelihood)) continue;
    atomicAdd(&shared.counts[first_bin(distance)], 1u);
    atomicAdd(&shared.mass[first_bin(distance)], mass);
  }
  block_scan(sum, &total);
  const bool by_count = rules.top_k > 0;
  find_bin(shared, by_count,
           by_count ? static_cast<Mass>(rules.top_k) : static_cast<Mass>(rules.top_p * static_cast<double>(total)) + 1);
  const int last = shared.bin;
  if (threadIdx.x == 0) shared.listed = 0;
  __syncthreads();
  for (int id = static_cast<int>(threadIdx.x); id < row.count; id += kThreads) {
    float distance;
    if (row.excluded(row.likelihood(row.logits[id], &distance)) || first_bin(distance) > last) continue;
    list[atomicAdd(&shared.listed, 1)] = id;
  }
  __syncthreads();
  row.list = list;
  row.count = shared.listed;
  return total;
}

/// Candidates sorted by likelihood: top_k, then top_p, then the choice.
__device__ int choose_sorted(Candidates row, Shared& shared, const SampleRow& rules, int32_t* list) {
  Mass total = cut(row, shared, rules, list);
  Rank limit = ~Rank{0};
  if (rules.top_k > 0) {
    if (row.count > rules.top_k) limit = select(row, shared, true, static_cast<Mass>(rules.top_k), limit);
    total = mass_until(row, limit);
  }
  if (rules.top_p < 1.0) {
    const Mass wanted = static_cast<Mass>(ceil(rules.top_p * static_cast<double>(total)));
    if (wanted < mass_until(row, limit)) limit = select(row, shared, false, max(wanted, Mass{1}), limit);
  }
  const Mass kept = mass_until(row, limit);
  const Mass target = static_cast<Mass>(rules.uniform * static_cast<double>(kept)) + 1;
  return static_cast<int>(select(row, shared, false, target, limit) & ((Rank{1} << kIdBits) - 1));
}

/// All candidates in the order of their ids.
__device__ int choose_by_id(const Candidates& row, Shared& shared, double uniform) {
  const int warps = kThreads / 32, warp = static_cast<int>(threadIdx.x / 32);
  const int length = (row.count + warps - 1) / warps;  // ids of a warp, one after another
  Mass sum = 0, total = 0;
  const auto mass_at = [&row](int id) {
    float distance;
    const float likelihood = row.likelihood(row.logits[id], &distance);
    return row.excluded(likelihood) ? Mass{0} : mass_of(likelihood);
  };
  for (int i = static_cast<int>(threadIdx.x % 32); i < length; i += 32) {
    const int id = warp * length + i;
    if (id < row.count) sum += mass_at(id);
  }
  const Mass before = block_scan(sum, &total);  // only where a warp begins and ends matters
  const Mass target = min(static_cast<Mass>(uniform * static_cast<double>(total)) + 1, total);
  const Mass warp_before = __shfl_sync(~0u, before, 0), warp_end = __shfl_sync(~0u, before + sum, 31);
  if (threadIdx.x % 32 == 0 && warp_before < target && target <= warp_end) {
    shared.bin = warp;
    shared.before = warp_before;
  }
  __syncthreads();
  const int first = shared.bin * length, last = min(first + length, row.count);
  const int each = (length + kThreads - 1) / kThreads;
  const int mine = first + static_cast<int>(threadIdx.x) * each;
  sum = 0;
  for (int id = mine; id < min(mine + each, last); ++id) sum += mass_at(id);
  Mass at = shared.before + block_scan(sum, &total);
  if (at < target && at + sum >= target) {
    for (int id = mine; id < min(mine + each, last); ++id) {
      at += mass_at(id);
      if (at >= target) {
        shared.chosen = id;
        break;
      }
    }
  }
  __syncthreads();
  return shared.chosen;
}

/// Grid [rows]. `lists` is [rows, vocab], only there when a row samples.
template <bool kGreedy>
__global__ void __launch_bounds__(kThreads)
    choose(const float* logits, int stride, int vocab, const SampleRow* rows, const Best* bests, int slices,
           int32_t* lists, int32_t* ids, int32_t* last_tokens) {
  let_next_start();
  wait_for_inputs();
  const SampleRow rules = rows[blockIdx.x];
  Best best = {0.0f, -1};
  for (int i = static_cast<int>(threadIdx.x); i < slices; i += static_cast<int>(blockDim.x))
    best = better(best, bests[blockIdx.x * slices + i]);
  best = block_best(best);
  int chosen = best.id < 0 || isinf(best.logit) ? -1 : best.id;
  if constexpr (!kGreedy) {
    __shared__ Shared shared;
    if (chosen >= 0 && rules.temperature > 0 && rules.top_k != 1) {
      const float inverse = static_cast<float>(1.0 / fmax(rules.temperature, 1e-6));
      const Candidates row = {logits + static_cast<size_t>(blockIdx.x) * stride,
                              nullptr,
                              vocab,
                              best.logit,
                              inverse,
                              static_cast<float>(rules.min_p)};
      chosen = rules.top_k > 0 || rules.top_p < 1.0
                   ? choose_sorted(row, shared, rules, lists + static_cast<size_t>(blockIdx.x) * vocab)
                   : choose_by_id(row, shared, rules.uniform);
    }
  }
  if (threadIdx.x != 0) return;
  ids[blockIdx.x] = chosen;
  last_tokens[rules.slot] = chosen;
}

__global__ void fill_pending(int32_t* ids, const int32_t* last_tokens, int tokens) {
  let_next_start();
  wait_for_inputs();
  const int token = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (token < tokens && ids[token] < 0) ids[token] = max(last_tokens[-1 - ids[token]], 0);
}

}  // namespace

void pending_tokens(const PendingTokensArgs& args, Context& context) {
  if (args.tokens == 0) return;
  const unsigned blocks = static_cast<unsigned>((args.tokens + 127) / 128);
  launch(context, fill_pending, dim3(blocks), dim3(128), 0, args.ids, args.last_tokens, args.tokens);
}

void sample(const SampleArgs& args, Context& context) {
  const Matrix& logits = args.logits;
  if (logits.rows == 0) return;
  if (logits.dtype != DType::f32 || logits.cols >= 1 << kIdBits)
    throw DeviceError("the CUDA engine samples from float32 logits of less than 4 million ids");
  const auto rows = static_cast<unsigned>(logits.rows);
  const int slices = (logits.cols + kSliceIds - 1) / kSliceIds;
  const size_t best_bytes = (static_cast<size_t>(slices) * rows * sizeof(Best) + 255) / 256 * 256;
  const size_t list_bytes = args.greedy ? 0 : static_cast<size_t>(logits.cols) * rows * sizeof(int32_t);
  std::byte* scratch = context.scratch(best_bytes + list_bytes);
  auto* bests = reinterpret_cast<Best*>(scratch);
  auto* lists = reinterpret_cast<int32_t*>(scratch + best_bytes);
  auto* values = static_cast<float*>(logits.data);
  launch(context, best_of_slices, dim3(static_cast<unsigned>(slices), rows), dim3(kSliceThreads), 0, values,
         logits.stride, logits.cols, args.rows, args.last_tokens, bests);
  const auto kernel = args.greedy ? choose<true> : choose<false>;
  launch(context, kernel, dim3(rows), dim3(args.greedy ? 128 : kThreads), 0, values, logits.stride, logits.cols,
         args.rows, bests, slices, lists, args.ids, args.last_tokens);
}

}  // namespace flightdeck::cuda
