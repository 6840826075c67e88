// Weights of any packing times 1 to 8 tokens, bound by reading the weights: one block a multiprocessor takes every n-th
// tile of 16 rows, its warps share the columns item by item and add their sums in shared memory at the end of a few
// tiles. Products go through the tensor cores with the tokens as their 8 columns. The rings, 64 to 128 KB a
// multiprocessor, fill up while the kernel before still works on the activations.
#include <algorithm>

#include "kernels/cuda/activation_function.h"
#include "kernels/cuda/gemv_staging.h"
#include "kernels/cuda/linear_store.h"

namespace flightdeck::cuda {
namespace {

constexpr int kTokenStride = 20;  // floats; 16 rows and padding against bank conflicts

/// A lane's activations in shared memory: 8 columns of token lane / 4 are operand b of two mma.
struct LaneActivations {
  uint32_t address;
  uint32_t exists;  // where there is no such token nothing is read, to spare shared memory: nobody looks at those sums

  __device__ __forceinline__ uint4 load(int offset) const {
    uint4 value;
    asm volatile(
        "{ .reg .pred exists; setp.ne.u32 exists, %5, 0;\n"
        "@exists ld.shared.v4.u32 {%0, %1, %2, %3}, [%4]; }"
        : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
        : "r"(address + offset), "r"(exists));
    return value;
  }
};

/// Adds the products of kSteps steps (64 or 128 columns each) to `sums`, the steps side by side: an mma waits 33 cycles
/// for the one it adds to. Int4 is multiplied raw (RawInt4); its sums begin at what the sums of the activations take
/// away, and are in units of the fragment's scale until the end of the tile.
template <class T, Packing kPacking, int kScales, int kSteps>
__device__ __forceinline__ void add_steps(const uint8_t* lane_vectors, const uint8_t* factors,
                                          const LaneActivations& activations, int column_bytes, const float* group_sums,
                                          int group_floats, float (&sums)[2][4]) {
  using I = Item<kPacking, kScales>;
  uint4 vectors[kSteps][I::kStepVectors];
#pragma unroll
  for (int v = 0; v < kSteps * I::kStepVectors; ++v) {
    vectors[v / I::kStepVectors][v % I::kStepVectors] = *reinterpret_cast<const uint4*>(lane_vectors + v * 512);
  }
  if constexpr (!I::kInt4) {
#pragma unroll
    for (int block = 0; block < kSteps * I::kStepCols / 32; ++block) {
      const uint4 b = activations.load(column_bytes + block * 64);
      uint32_t a[2][4];
      load_fragments<T, kPacking>(vectors[block / (I::kStepCols / 32)], block % (I::kStepCols / 32), a);
      multiply_tile<T>(sums[0], a[0], b.x, b.y);
      multiply_tile<T>(sums[1], a[1], b.z, b.w);
    }
  } else {
    constexpr int kBlocks = I::kStepCols / 32 / I::kGroups;  // of 32 columns, in a group
#pragma unroll
    for (int group = 0; group < I::kGroups; ++group) {
      float raw[kSteps][4];
      float2 factor[kSteps];
#pragma unroll
      for (int s = 0; s < kSteps; ++s) {
        const int at = s * I::kGroups + group;
        const float4 zero = *reinterpret_cast<const float4*>(group_sums + at * group_floats);
        raw[s][0] = zero.x, raw[s][1] = zero.y, raw[s][2] = zero.z, raw[s][3] = zero.w;
        factor[s] = {1, 1};
        if constexpr (kScales > 0) factor[s] = __half22float2(*reinterpret_cast<const __half2*>(factors + at * 128));
      }
#pragma unroll
      for (int i = 0; i < kBlocks; ++i) {
        const int block = group * kBlocks + i;
#pragma unroll
        for (int s = 0; s < kSteps; ++s) {
          const uint4 b = activations.load(column_bytes + s * (I::kStepCols * 2) + block * 64);
          const uint4 v = vectors[s][block / 2];
          uint32_t a[2][4];
          RawInt4<T>::fragment(block % 2 ? v.z : v.x, a[0]);
          RawInt4<T>::fragment(block % 2 ? v.w : v.y, a[1]);
          multiply_tile<T>(raw[s], a[0], b.x, b.y);
          multiply_tile<T>(raw[s], a[1], b.z, b.w);
        }
      }
#pragma unroll
      for (int s = 0; s < kSteps; ++s) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sums[s][i] = fmaf(raw[s][i], i < 2 ? factor[s].x : factor[s].y, sums[s][i]);
      }
    }
  }
}

/// A warp's share of the products, item by item as its ring brings them.
template <class T, Packing kPacking, int kScales>
class Consumer {
  using I = Item<kPacking, kScales>;

 public:
  __device__ __forceinline__ Consumer(const GemvPlan& plan, const BlockTiles& tiles, uint8_t* shared, int warp,
                                      int lane)
      : stage_bytes_(plan.stages * I::kSlotBytes),
        group_floats_(plan.token_slots * 2),
        deep_(plan.stages > 3),
        vectors_(shared + warp * stage_bytes_ + lane * 16),
        factors_(shared + warp * stage_bytes_ + I::kBytes + lane * 4),
        group_sums_(reinterpret_cast<const float*>(shared + plan.group_sums_at) +
                    min(lane % 4 * 2, plan.token_slots - 2) * 2),
        steps_(plan.linear.task.weight.steps),
        tile_items_((steps_ + I::kSteps - 1) / I::kSteps),
        item_(warp),
        walk_(plan.linear.task.weight, tiles, warp, lane) {
    lane_activations_ = {shared_address(shared + plan.activations_at) +
                             lane / 4 * gemv_row_bytes(plan.linear.task.weight.padded_cols) + lane % 4 * 16,
                         lane / 4 < plan.linear.task.tokens};
    vector_slots_ = shared_address(vectors_);
    factor_slots_ = shared_address(factors_);
    for (int stage = 0; stage < plan.stages - 1; ++stage) {
      walk_.copy(vector_slots_ + stage * I::kSlotBytes, factor_slots_ + stage * I::kSlotBytes);
    }
    last_slot_ = (plan.stages - 1) * I::kSlotBytes;
  }

  /// This warp's share of the next tile.
  __device__ __forceinline__ void add_tile(float (&sums)[2][4]) {
    for (; item_ < tile_items_; item_ += kGemvWarps) {
      if (deep_) {
        wait_for_copies<3>();
      } else {
        wait_for_copies<1>();
      }
      walk_.copy(vector_slots_ + last_slot_, factor_slots_ + last_slot_);
      const int step = item_ * I::kSteps;
      const float* group_sums = group_sums_ + step * I::kGroups * group_floats_;
      if (step + I::kSteps <= steps_) {
        add_steps<T, kPacking, kScales, I::kSteps>(vectors_ + slot_, factors_ + slot_, lane_activations_,
                                                   step * (I::kStepCols * 2), group_sums, group_floats_, sums);
      } else {
        add_steps<T, kPacking, kScales, 1>(vectors_ + slot_, factors_ + slot_, lane_activations_,
                                           step * (I::kStepCols * 2), group_sums, group_floats_, sums);
      }
      last_slot_ = slot_;
      slot_ = slot_ + I::kSlotBytes == stage_bytes_ ? 0 : slot_ + I::kSlotBytes;
    }
    item_ -= tile_items_;
  }

 private:
  const int stage_bytes_, group_floats_;
  const bool deep_;
  const uint8_t* vectors_;
  const uint8_t* factors_;
  const float* group_sums_;
  const int steps_, tile_items_;
  int item_;
  uint32_t vector_slots_, factor_slots_;
  Walk<kPacking, kScales> walk_;
  LaneActivations lane_activations_;
  int slot_ = 0;   // byte offset of the item's slot in the ring
  int last_slot_;  // of the item before: free
};

/// A thread's sum at the end of tiles: of one of a group's tiles (with a gate, of one and its partner), one token and
/// row. What a sum is finished with is asked for one group ahead: its latency would hold up this warp alone.
template <class T, Packing kPacking, int kScales>
class Finisher {
  using I = Item<kPacking, kScales>;

 public:
  __device__ __forceinline__ Finisher(const GemvPlan& plan, const BlockTiles& tiles)
      : linear_(plan.linear),
        tiles_(tiles),
        row_(threadIdx.x % 16),
        token_(static_cast<int>(threadIdx.x) / 16 % plan.linear.task.tokens),
        first_(static_cast<int>(threadIdx.x) / 16 / plan.linear.task.tokens * (tiles.half > 0 ? 2 : 1)),
        works_(first_ < plan.tile_group) {}
  /// Whether this thread has a sum among the tiles from `group` on.
  __device__ __forceinline__ bool works(int group) const { return works_ && group + first_ < tiles_.count; }
  __device__ __forceinline__ void ask(int group) {
    if (!works(group)) return;
    end_ = end_of(linear_.task, row(group));
    if (linear_.gated) partner_end_ = end_of(linear_.task, row(group + 1));
  }
  /// Past L1, and not before the kernel's inputs are there.
  __device__ __forceinline__ void ask_residual(int group) {
    if (!linear_.residual || !works(group) || row(group) >= linear_.task.weight.rows) return;
    const unsigned short bits = __ldcg(reinterpret_cast<const unsigned short*>(residual(group)));
    before_ = *reinterpret_cast<const T*>(&bits);
  }
  __device__ __forceinline__ void store(int group, const float* sums, int tile_floats, int warp_floats) const {
    if (!works(group) || row(group) >= linear_.task.weight.rows) return;
    sums += first_ * tile_floats + token_ * kTokenStride + row_;
    const float sum = total(sums, warp_floats);
    store_sum<T>(linear_.task, row(group), token_, sum, end_);
    // Rounded as the operations of their own round.
    if (linear_.residual) *residual(group) = from_float<T>(to_float(before_) + rounded(sum, end_));
    if (!linear_.gated) return;
    const float partner = total(sums + tile_floats, warp_floats);
    store_sum<T>(linear_.task, row(group + 1), token_, partner, partner_end_);
    T* to = static_cast<T*>(linear_.gated) + static_cast<size_t>(token_) * linear_.gated_stride + row(group);
    *to = from_float<T>(activate(linear_.gate, rounded(sum, end_)) * rounded(partner, partner_end_));
  }

 private:
  __device__ __forceinline__ int row(int group) const { return tiles_.at(group + first_) * 16 + row_; }
  __device__ __forceinline__ T* residual(int group) const {
    return static_cast<T*>(linear_.residual) + static_cast<size_t>(token_) * linear_.residual_stride + row(group);
  }
  __device__ __forceinline__ float total(const float* sums, int warp_floats) const {
    float parts[4] = {};
#pragma unroll
    for (int warp = 0; warp < kGemvWarps; ++warp) parts[warp % 4] += sums[warp * warp_floats];
    const float sum = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    if constexpr (!I::kInt4) return sum;
    return sum * (row_ < 8 ? RawInt4<T>::kLowScale : RawInt4<T>::kHighScale);
  }
  __device__ static __forceinline__ float rounded(float sum, const SumEnd& end) {
    return to_float(from_float<T>(fmaf(sum, end.scale, end.bias)));
  }

  const FusedLinear& linear_;
  const BlockTiles& tiles_;
  const int row_, token_, first_;
  const bool works_;
  SumEnd end_, partner_end_;
  T before_;
};

__device__ __forceinline__ void leave_sums(const float (&sums)[2][4], float* of_warp, int tokens, int lane) {
  const int row = lane / 4;
  const int token = lane % 4 * 2;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (token + i % 2 < tokens) of_warp[(token + i % 2) * kTokenStride + row + i / 2 * 8] = sums[0][i] + sums[1][i];
  }
}

template <class T, Packing kPacking, int kScales>
__global__ void __launch_bounds__(kGemvThreads, 1) gemv_kernel(const __grid_constant__ GemvPlan plan) {
  extern __shared__ __align__(128) uint8_t shared[];
  // Blocks of the next kernel take the place of those that end early; with int4, whose end is near, they gain nothing.
  if constexpr (!Item<kPacking, kScales>::kInt4) let_next_start();
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const BlockTiles tiles(plan.linear.task.weight.tiles, plan.linear.gated != nullptr);
  // Small constants first: behind the rings' copies they would wait for all of them.
  Stager<T, kPacking, kScales> stager(plan, shared);
  Finisher<T, kPacking, kScales> finisher(plan, tiles);
  stager.ask_ahead();
  finisher.ask(0);
  Consumer<T, kPacking, kScales> consumer(plan, tiles, shared, warp, lane);
  wait_for_inputs();
  finisher.ask_residual(0);
  stager.stage();
  __syncthreads();

  const int tokens = plan.linear.task.tokens;
  const int warp_floats = tokens * kTokenStride;
  const int tile_floats = kGemvWarps * warp_floats;
  float* sums_of_group = reinterpret_cast<float*>(shared + plan.sums_at);
  // The sums are kept twice: those of the next tiles may be written while these are added up.
  int other_sums = plan.tile_group * tile_floats;
  for (int group = 0; group < tiles.count; group += plan.tile_group) {
    const int count = min(plan.tile_group, tiles.count - group);
    for (int tile = 0; tile < count; ++tile) {
      float sums[2][4] = {};
      consumer.add_tile(sums);
      leave_sums(sums, sums_of_group + tile * tile_floats + warp * warp_floats, tokens, lane);
    }
    __syncthreads();
    finisher.store(group, sums_of_group, tile_floats, warp_floats);
    finisher.ask(group + plan.tile_group);
    finisher.ask_residual(group + plan.tile_group);
    sums_of_group += other_sums;
    other_sums = -other_sums;
  }
}

struct Kernel {
  void (*run)(GemvPlan) = nullptr;
  int slot_bytes = 0;
  int group_cols = 0;  // int4: columns that have one sum of activations
};
template <class T, Packing kPacking, int kScales>
Kernel kernel_of() {
  using I = Item<kPacking, kScales>;
  return {gemv_kernel<T, kPacking, kScales>, I::kSlotBytes, I::kInt4 ? I::kStepCols / I::kGroups : 0};
}
template <class T>
Kernel choose_kernel(const PackedView& weight) {
  switch (weight.packing) {
    case Packing::dense:
      return kernel_of<T, Packing::dense, 0>();
    case Packing::int8_rows:
      return kernel_of<T, Packing::int8_rows, 0>();
    case Packing::int4_rows:
      return kernel_of<T, Packing::int4_rows, 0>();
    case Packing::int4_groups:
      break;
  }
  return weight.step_scales == 1   ? kernel_of<T, Packing::int4_groups, 1>()
         : weight.step_scales == 2 ? kernel_of<T, Packing::int4_groups, 2>()
                                   : kernel_of<T, Packing::int4_groups, 4>();
}
Kernel choose_kernel(const PackedView& weight, const Context& context) {
  return context.activation == DType::f16 ? choose_kernel<__half>(weight) : choose_kernel<__nv_bfloat16>(weight);
}

/// Lays out the shared memory with rings of `stages` slots; returns its bytes.
size_t lay_out(GemvPlan& plan, const Kernel& kernel, int stages) {
  const int tokens = plan.linear.task.tokens, cols = plan.linear.task.weight.padded_cols;
  const int usual_group = tokens <= 1 ? 4 : tokens <= 2 ? 2 : 1;
  plan.token_slots = round_up(tokens, 2);
  plan.tile_group = plan.linear.gated ? std::max(2, usual_group) : usual_group;
  plan.stages = stages;
  plan.sums_at = kGemvWarps * stages * kernel.slot_bytes;
  plan.norm_at = plan.sums_at + 2 * plan.tile_group * kGemvWarps * tokens * kTokenStride * 4;
  plan.group_sums_at = round_up(plan.norm_at + (plan.linear.norm_weight ? norm_floats(tokens, cols) * 4 : 0), 16);
  const int group_bytes = kernel.group_cols > 0 ? cols / kernel.group_cols * plan.token_slots * 8 : 0;
  plan.activations_at = round_up(plan.group_sums_at + group_bytes, 16);
  return static_cast<size_t>(plan.activations_at + tokens * gemv_row_bytes(cols));
}

/// Shared memory the plan takes, 0 when it does not fit.
size_t make_plan(GemvPlan& plan, const Kernel& kernel, const Context& context) {
  // Int4 has few bytes: its kernels had better start sooner, and fit beside attention.
  for (const int stages : {kernel.group_cols > 0 ? 3 : 5, 3}) {
    const size_t bytes = lay_out(plan, kernel, stages);
    if (bytes <= context.shared_bytes) return bytes;
  }
  return 0;
}

}  // namespace

bool fused_gemv_fits(const FusedLinear& linear, const Context& context) {
  const PackedView& weight = linear.task.weight;
  if (linear.task.tokens > kGemvTokens || (linear.gated && weight.rows % (2 * kTileRows) != 0)) return false;
  GemvPlan plan;
  plan.linear = linear;
  return make_plan(plan, choose_kernel(weight, context), context) > 0;
}

void fused_gemv(const FusedLinear& linear, Context& context) {
  GemvPlan plan;
  plan.linear = linear;
  const Kernel kernel = choose_kernel(linear.task.weight, context);
  const size_t bytes = make_plan(plan, kernel, context);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
        "giving a kernel its shared memory");
  const int units = linear.task.weight.tiles / (linear.gated ? 2 : 1);
  launch(context, kernel.run, std::min(units, context.multiprocessors), kGemvThreads, bytes, plan);
}

bool gemv_fits(const LinearTask& task, const Context& context) {
  FusedLinear linear;
  linear.task = task;
  return fused_gemv_fits(linear, context);
}

void gemv(const LinearTask& task, Context& context) {
  FusedLinear linear;
  linear.task = task;
  fused_gemv(linear, context);
}

}  // namespace flightdeck::cuda
