// Attention over the paged cache. A unit of work is one key/value head and up to 64 query rows that share it (tokens of
// one sequence times the heads of the group). Keys are taken 32 positions at a time, from multiples of 32 on, turned
// into float32 with positions along the vector lanes; softmax is computed online (Milakov & Gimelshein 2018,
// 1805.02867). Every row meets the same numbers in the same order however the prompt was cut and whatever else is in
// the batch.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
// clang-format off: the two above come first
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/cpu/cache_slot.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/vector_math-inl.h"
// clang-format on

#ifndef FLIGHTDECK_CPU_ATTENTION_
#define FLIGHTDECK_CPU_ATTENTION_
namespace flightdeck::cpu {

constexpr int kKeys = 32;        // positions of one step
constexpr int kRowsOfUnit = 64;  // enough that turning the keys costs little
constexpr int kWidestStep = 32;  // values are padded to this many columns

struct AttentionUnit {
  int sequence = 0;
  int kv_head = 0;
  int first_token = 0;  // in the packed order
  int tokens = 0;
};

/// One thread's working memory; all but `zeros` is written before it is read.
struct AttentionScratch {
  float* keys = nullptr;     // [head_dim, kKeys]
  float* values = nullptr;   // [kKeys, padded_dim]
  float* queries = nullptr;  // [rows, head_dim] times scale
  float* scores = nullptr;   // [rows, kKeys]
  float* sums = nullptr;     // [rows, padded_dim]
  float* largest = nullptr;  // [rows]
  float* total = nullptr;    // [rows]
  float* zeros = nullptr;    // [head_dim] stands for positions nobody sees
};

}  // namespace flightdeck::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace flightdeck::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 16>;
using VF = hn::Vec<DF>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(DF()));
constexpr int kKeyVectors = kKeys / kLanes;
constexpr int kDimVectors = kLanes == 1 ? 8 : 2;  // columns of the result summed at once
// Rows that share a load of a key or a value, as the registers allow.
constexpr int kScoredRows = kLanes == 16 ? 8 : kLanes == 8 ? 2 : 1;
constexpr int kWeighedRows = kLanes == 16 ? 8 : kLanes == 1 ? 1 : 4;
constexpr float kNever = -std::numeric_limits<float>::infinity();

template <class D>
HWY_INLINE hn::Vec<D> load_cached(D d, const float* from) {
  return hn::LoadU(d, from);
}
template <class D>
HWY_INLINE hn::Vec<D> load_cached(D d, const hwy::float16_t* from) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::float16_t, D>(), from));
}
HWY_INLINE float load_cached_value(float value) { return value; }
HWY_INLINE float load_cached_value(hwy::float16_t value) {
  uint16_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return float_of_half(bits);
}

/// out[d * kKeys + j] = rows[j][d].
template <class T>
void turn_keys(const T* const* rows, int dim, float* out) {
  int done = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<float, 4> d4;
  const int whole = dim / 4 * 4;
  for (int j = 0; j < kKeys; j += 4) {  // the cache is read row by row, as memory likes it
    for (done = 0; done < whole; done += 4) {
      const auto r0 = load_cached(d4, rows[j] + done);
      const auto r1 = load_cached(d4, rows[j + 1] + done);
      const auto r2 = load_cached(d4, rows[j + 2] + done);
      const auto r3 = load_cached(d4, rows[j + 3] + done);
      const auto low02 = hn::InterleaveLower(d4, r0, r2);
      const auto low13 = hn::InterleaveLower(d4, r1, r3);
      const auto high02 = hn::InterleaveUpper(d4, r0, r2);
      const auto high13 = hn::InterleaveUpper(d4, r1, r3);
      float* to = out + done * kKeys + j;
      hn::StoreU(hn::InterleaveLower(d4, low02, low13), d4, to);
      hn::StoreU(hn::InterleaveUpper(d4, low02, low13), d4, to + kKeys);
      hn::StoreU(hn::InterleaveLower(d4, high02, high13), d4, to + 2 * kKeys);
      hn::StoreU(hn::InterleaveUpper(d4, high02, high13), d4, to + 3 * kKeys);
    }
  }
#endif
  for (; done < dim; ++done) {
    for (int j = 0; j < kKeys; ++j) out[done * kKeys + j] = load_cached_value(rows[j][done]);
  }
}

/// out[j * padded + d] = rows[j][d], 0 from dim on.
template <class T>
void widen_values(const T* const* rows, int dim, int padded, float* out) {
  const DF df;
  for (int j = 0; j < kKeys; ++j, out += padded) {
    int d = 0;
    for (; d + kLanes <= dim; d += kLanes) hn::StoreU(load_cached(df, rows[j] + d), df, out + d);
    for (; d < dim; ++d) out[d] = load_cached_value(rows[j][d]);
    for (; d < padded; ++d) out[d] = 0.0f;
  }
}

/// Keys and values of positions [begin, begin + kKeys), those outside [first, end) as zeros.
template <class T>
void load_positions(const AttentionArgs& args, const AttentionUnit& unit, const AttentionScratch& scratch, int begin,
                    int first, int end, int padded_dim) {
  const int32_t* table = block_table_of(args.batch, unit.sequence);
  const T* keys[kKeys];
  const T* values[kKeys];
  for (int j = 0; j < kKeys; ++j) {
    keys[j] = values[j] = reinterpret_cast<const T*>(scratch.zeros);
    const int position = begin + j;
    if (position < first || position >= end) continue;
    const size_t slot = cache_slot(args.cache, table, position, unit.kv_head);
    keys[j] = static_cast<const T*>(args.cache.keys) + slot;
    values[j] = static_cast<const T*>(args.cache.values) + slot;
  }
  turn_keys(keys, args.cache.head_dim, scratch.keys);
  widen_values(values, args.cache.head_dim, padded_dim, scratch.values);
}

/// scores[r][j] = queries[r] · key j for kRows rows.
template <int kRows>
HWY_INLINE void score_rows(const float* queries, const float* keys, int dim, float* scores) {
  const DF df;
  VF sums[kRows][kKeyVectors];
  for (auto& row : sums) {
    for (VF& lanes : row) lanes = hn::Zero(df);
  }
  for (int d = 0; d < dim; ++d) {
    VF key[kKeyVectors];
    for (int i = 0; i < kKeyVectors; ++i) key[i] = hn::Load(df, keys + d * kKeys + i * kLanes);
    for (int r = 0; r < kRows; ++r) {
      const VF query = hn::Set(df, queries[r * dim + d]);
      for (int i = 0; i < kKeyVectors; ++i) sums[r][i] = hn::MulAdd(key[i], query, sums[r][i]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int i = 0; i < kKeyVectors; ++i) hn::Store(sums[r][i], df, scores + r * kKeys + i * kLanes);
  }
}

/// sums[r] += Σ_j weights[r][j] values[j] for kRows rows.
template <int kRows>
HWY_INLINE void weigh_rows(const float* weights, const float* values, int padded_dim, float* out) {
  const DF df;
  for (int d = 0; d < padded_dim; d += kDimVectors * kLanes) {
    VF sums[kRows][kDimVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int i = 0; i < kDimVectors; ++i) sums[r][i] = hn::Load(df, out + r * padded_dim + d + i * kLanes);
    }
    for (int j = 0; j < kKeys; ++j) {
      VF value[kDimVectors];
      for (int i = 0; i < kDimVectors; ++i) value[i] = hn::Load(df, values + j * padded_dim + d + i * kLanes);
      for (int r = 0; r < kRows; ++r) {
        const VF weight = hn::Set(df, weights[r * kKeys + j]);
        for (int i = 0; i < kDimVectors; ++i) sums[r][i] = hn::MulAdd(weight, value[i], sums[r][i]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int i = 0; i < kDimVectors; ++i) hn::Store(sums[r][i], df, out + r * padded_dim + d + i * kLanes);
    }
  }
}

/// Scores of one row become weights e^(score - largest), the row's sums so far are brought to the new largest score.
/// Positions outside [first, last] get weight 0.
void soften_row(const AttentionArgs& args, const AttentionScratch& scratch, int row, int head, int begin, int first,
                int last, int padded_dim) {
  const DF df;
  float* scores = scratch.scores + row * kKeys;
  if (begin + kKeys <= first || begin > last) {
    std::fill_n(scores, kKeys, 0.0f);
    return;
  }
  VF lanes[kKeyVectors];
  VF largest = hn::Set(df, kNever);
  for (int i = 0; i < kKeyVectors; ++i) {
    VF score = hn::Load(df, scores + i * kLanes);
    if (args.soft_cap > 0) {
      score = hn::Mul(hn::Set(df, args.soft_cap), fast_tanh(df, hn::Mul(score, hn::Set(df, 1.0f / args.soft_cap))));
    }
    const VF position = hn::Iota(df, static_cast<float>(begin + i * kLanes));
    if (args.alibi_slopes) score = hn::MulAdd(hn::Set(df, args.alibi_slopes[head]), position, score);
    const auto seen = hn::And(hn::Ge(position, hn::Set(df, static_cast<float>(first))),
                              hn::Le(position, hn::Set(df, static_cast<float>(last))));
    lanes[i] = hn::IfThenElse(seen, score, hn::Set(df, kNever));
    largest = hn::Max(largest, lanes[i]);
  }
  const float before = scratch.largest[row];
  const float now = std::max(before, hn::GetLane(hn::MaxOfLanes(df, largest)));
  VF sum = hn::Zero(df);
  for (int i = 0; i < kKeyVectors; ++i) {
    const VF weight = fast_exp(df, hn::Sub(lanes[i], hn::Set(df, now)));
    sum = hn::Add(sum, weight);
    hn::Store(weight, df, scores + i * kLanes);
  }
  const float shrink = hn::GetLane(fast_exp(df, hn::Set(df, before - now)));
  scratch.largest[row] = now;
  scratch.total[row] = scratch.total[row] * shrink + hn::GetLane(hn::SumOfLanes(df, sum));
  if (shrink == 1.0f) return;
  float* sums = scratch.sums + row * padded_dim;
  for (int d = 0; d < padded_dim; d += kLanes) {
    hn::Store(hn::Mul(hn::Load(df, sums + d), hn::Set(df, shrink)), df, sums + d);
  }
}

template <int kRows>
void score_all(const AttentionScratch& scratch, int r, int rows, int dim) {
  for (; r + kRows <= rows; r += kRows) {
    score_rows<kRows>(scratch.queries + r * dim, scratch.keys, dim, scratch.scores + r * kKeys);
  }
  if constexpr (kRows > 1) score_all<kRows / 2>(scratch, r, rows, dim);
}

template <int kRows>
void weigh_all(const AttentionScratch& scratch, int r, int rows, int padded_dim) {
  for (; r + kRows <= rows; r += kRows) {
    weigh_rows<kRows>(scratch.scores + r * kKeys, scratch.values, padded_dim, scratch.sums + r * padded_dim);
  }
  if constexpr (kRows > 1) weigh_all<kRows / 2>(scratch, r, rows, padded_dim);
}

void attention_unit(const AttentionArgs& args, const AttentionUnit& unit, const AttentionScratch& scratch,
                    int padded_dim) {
  const int dim = args.cache.head_dim;
  const int group = args.heads / args.cache.kv_heads;
  const int rows = unit.tokens * group;
  const auto first_seen = [&args](int position) {
    return args.window > 0 ? std::max(0, position - args.window + 1) : 0;
  };
  for (int r = 0; r < rows; ++r) {
    const float* query =
        args.q.row<const float>(unit.first_token + r / group) + (unit.kv_head * group + r % group) * dim;
    for (int d = 0; d < dim; ++d) scratch.queries[r * dim + d] = query[d] * args.scale;
    scratch.largest[r] = kNever;
    scratch.total[r] = 0.0f;
  }
  std::fill_n(scratch.sums, rows * padded_dim, 0.0f);

  const int32_t* positions = args.batch.positions + unit.first_token;
  const int first = first_seen(positions[0]);
  const int end = positions[unit.tokens - 1] + 1;
  for (int begin = first / kKeys * kKeys; begin < end; begin += kKeys) {
    if (args.cache.dtype == DType::f32) {
      load_positions<float>(args, unit, scratch, begin, first, end, padded_dim);
    } else {
      load_positions<hwy::float16_t>(args, unit, scratch, begin, first, end, padded_dim);
    }
    score_all<kScoredRows>(scratch, 0, rows, dim);
    for (int r = 0; r < rows; ++r) {
      const int position = positions[r / group];
      soften_row(args, scratch, r, unit.kv_head * group + r % group, begin, first_seen(position), position, padded_dim);
    }
    weigh_all<kWeighedRows>(scratch, 0, rows, padded_dim);
  }
  for (int r = 0; r < rows; ++r) {
    float* out = args.out.row<float>(unit.first_token + r / group) + (unit.kv_head * group + r % group) * dim;
    for (int d = 0; d < dim; ++d) out[d] = scratch.sums[r * padded_dim + d] / scratch.total[r];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace flightdeck::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flightdeck::cpu {
namespace {

HWY_EXPORT(attention_unit);

constexpr int64_t kWorthAThread = 65536;  // multiplications

struct UnitList {
  std::vector<AttentionUnit> units;
  int max_rows = 0;
  int64_t multiplications = 0;
};

UnitList units_of(const AttentionArgs& args) {
  const BatchView& batch = args.batch;
  const int group = args.heads / args.cache.kv_heads;
  const int tokens_of_unit = std::max(1, kRowsOfUnit / group);
  UnitList list;
  for (int s = 0; s < batch.sequences; ++s) {
    const int begin = batch.query_offsets[s];
    for (int first = batch.query_offsets[s + 1]; first > begin;) {  // the longest come first
      const int tokens = std::min(tokens_of_unit, first - begin);
      first -= tokens;
      for (int head = 0; head < args.cache.kv_heads; ++head) list.units.push_back({s, head, first, tokens});
      list.max_rows = std::max(list.max_rows, tokens * group);
      list.multiplications += int64_t{tokens} * args.heads * args.cache.head_dim * batch.kv_lengths[s];
    }
  }
  return list;
}

AttentionScratch divide(std::byte* memory, const size_t (&sizes)[8]) {
  float* parts[8];
  for (size_t i = 0; i < 8; ++i) {
    parts[i] = reinterpret_cast<float*>(memory);
    memory += whole_lines(sizes[i] * sizeof(float));
  }
  return {parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], parts[7]};
}

}  // namespace

void attention(const AttentionArgs& args, CpuContext& context) {
  const UnitList list = units_of(args);
  const auto dim = static_cast<size_t>(args.cache.head_dim);
  const size_t padded = (dim + kWidestStep - 1) / kWidestStep * kWidestStep;
  const auto rows = static_cast<size_t>(list.max_rows);
  const size_t sizes[8] = {dim * kKeys, kKeys * padded, rows * dim, rows * kKeys, rows * padded, rows, rows, dim};
  size_t bytes = 0;
  for (const size_t size : sizes) bytes += whole_lines(size * sizeof(float));
  std::byte* memory = context.scratch(bytes * static_cast<size_t>(context.pool().threads()));
  const auto count = static_cast<int>(list.units.size());
  const int64_t grain = 1 + kWorthAThread * count / std::max<int64_t>(list.multiplications, 1);
  context.pool().parallel_for(
      count, static_cast<int>(std::min<int64_t>(grain, count)), [&](int begin, int end, int thread) {
        const AttentionScratch scratch = divide(memory + bytes * static_cast<size_t>(thread), sizes);
        std::fill_n(scratch.zeros, dim, 0.0f);
        for (int i = begin; i < end; ++i) {
          HWY_DYNAMIC_DISPATCH(attention_unit)
          (args, list.units[static_cast<size_t>(i)], scratch, static_cast<int>(padded));
        }
      });
}

}  // namespace flightdeck::cpu
#endif
