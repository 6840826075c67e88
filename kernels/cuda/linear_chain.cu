// Weights of any packing times 1 to 8 tokens, bound by reading the weights: one block a multiprocessor takes every n-th
// tile of 16 rows of each matrix, its warps share the columns item by item and add their sums in shared memory at the
// end of a few tiles. Products go through the tensor cores with the tokens as their 8 columns. Between the links all
// blocks wait for each other; their rings, 64 to 128 KB a multiprocessor, fill up with the next matrix meanwhile.
#include <algorithm>

#include "kernels/cuda/chain_staging.h"
#include "kernels/cuda/grid_barrier.h"
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
  __device__ __forceinline__ Consumer(const ChainPlan& plan, uint8_t* shared, int warp, int lane)
      : plan_(plan),
        lane_(lane),
        stage_bytes_(plan.stages * I::kSlotBytes),
        group_floats_(plan.token_slots * 2),
        deep_(plan.stages > 3),
        vectors_(shared + warp * stage_bytes_ + lane * 16),
        factors_(shared + warp * stage_bytes_ + I::kBytes + lane * 4),
        group_sums_(reinterpret_cast<const float*>(shared + plan.group_sums_at) +
                    min(lane % 4 * 2, plan.token_slots - 2) * 2),
        activations_(shared_address(shared + plan.activations_at)),
        walk_(plan, warp, lane) {
    vector_slots_ = shared_address(vectors_);
    factor_slots_ = shared_address(factors_);
    for (int stage = 0; stage < plan.stages - 1; ++stage) {
      walk_.copy(vector_slots_ + stage * I::kSlotBytes, factor_slots_ + stage * I::kSlotBytes);
    }
    last_slot_ = (plan.stages - 1) * I::kSlotBytes;
  }

  __device__ __forceinline__ void begin(const PackedView& weight, int warp) {
    item_ = warp;
    steps_ = weight.steps;
    tile_items_ = (steps_ + I::kSteps - 1) / I::kSteps;
    lane_activations_ = {activations_ + lane_ / 4 * chain_row_bytes(weight.padded_cols) + lane_ % 4 * 16,
                         lane_ / 4 < plan_.tokens};
  }
  /// This warp's share of the next tile.
  __device__ __forceinline__ void add_tile(float (&sums)[2][4]) {
    for (; item_ < tile_items_; item_ += kChainWarps) {
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
  const ChainPlan& plan_;
  const int lane_, stage_bytes_, group_floats_;
  const bool deep_;
  const uint8_t* vectors_;
  const uint8_t* factors_;
  const float* group_sums_;
  const uint32_t activations_;
  uint32_t vector_slots_, factor_slots_;
  Walk<kPacking, kScales> walk_;
  LaneActivations lane_activations_;
  int slot_ = 0;   // byte offset of the item's slot in the ring
  int last_slot_;  // of the item before: free
  int item_ = 0, steps_ = 0, tile_items_ = 0;
};

/// A thread's sum at the end of tiles: of tile `tile` of a group, one token and row. What a sum is finished with is
/// asked for one group ahead: its latency would hold up this warp alone.
template <class T, Packing kPacking, int kScales>
class Finisher {
  using I = Item<kPacking, kScales>;

 public:
  __device__ __forceinline__ explicit Finisher(const ChainPlan& plan)
      : row_(threadIdx.x % 16),
        token_(static_cast<int>(threadIdx.x) / 16 % plan.tokens),
        tile_(static_cast<int>(threadIdx.x) / 16 / plan.tokens) {}
  __device__ __forceinline__ void ask(const ChainLink& link, int tile, bool exists) {
    if (!exists) return;
    end_ = end_of(link.task, tile * 16 + row_);
    if (link.residual && tile * 16 + row_ < link.task.weight.rows) {
      const auto* bits = reinterpret_cast<const unsigned short*>(residual(link, tile));
      const unsigned short now = __ldcg(bits);
      before_ = *reinterpret_cast<const T*>(&now);
    }
  }
  __device__ __forceinline__ void store(const ChainLink& link, int tile, const float* sums, int warp_floats) const {
    const int row = tile * 16 + row_;
    if (row >= link.task.weight.rows) return;
    float parts[4] = {};
#pragma unroll
    for (int warp = 0; warp < kChainWarps; ++warp) parts[warp % 4] += sums[warp * warp_floats];
    float sum = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    if constexpr (I::kInt4) sum *= row_ < 8 ? RawInt4<T>::kLowScale : RawInt4<T>::kHighScale;
    store_sum<T>(link.task, row, token_, sum, end_);
    if (!link.residual) return;
    const T delta = from_float<T>(fmaf(sum, end_.scale, end_.bias));  // rounded as the operation of its own rounds it
    *residual(link, tile) = from_float<T>(to_float(before_) + to_float(delta));
  }
  __device__ __forceinline__ int tile() const { return tile_; }
  __device__ __forceinline__ int place() const { return token_ * kTokenStride + row_; }

 private:
  __device__ __forceinline__ T* residual(const ChainLink& link, int tile) const {
    return static_cast<T*>(link.residual) + static_cast<size_t>(token_) * link.residual_stride + tile * 16 + row_;
  }
  const int row_, token_, tile_;
  SumEnd end_;
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
__global__ void __launch_bounds__(kChainThreads, 1) chain_kernel(const __grid_constant__ ChainPlan plan) {
  extern __shared__ __align__(128) uint8_t shared[];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  Consumer<T, kPacking, kScales> consumer(plan, shared, warp, lane);
  Stager<T, kPacking, kScales> stager(plan, shared);
  Finisher<T, kPacking, kScales> finisher(plan);
  float* all_sums = reinterpret_cast<float*>(shared + plan.sums_at);
  const int warp_floats = plan.tokens * kTokenStride;
  const int tile_floats = kChainWarps * warp_floats;
  const int grid = gridDim.x;
  int buffer = 0;  // the sums are kept twice: those of the next tiles may be written while these are added up
  for (int i = 0; i < plan.chain.count; ++i) {
    const ChainLink& link = plan.chain.links[i];
    const int tiles = max(0, (link.task.weight.tiles - static_cast<int>(blockIdx.x) + grid - 1) / grid);
    stager.ask_ahead(link);
    if (i == 0) {
      wait_for_inputs();
    } else {
      wait_for_grid(plan.barrier);
    }
    const auto tile_at = [&](int first) { return static_cast<int>(blockIdx.x) + (first + finisher.tile()) * grid; };
    const auto finishes = [&](int first) {
      return finisher.tile() < plan.tile_group && first + finisher.tile() < tiles;
    };
    finisher.ask(link, tile_at(0), finishes(0));
    stager.stage(link);
    consumer.begin(link.task.weight, warp);
    __syncthreads();
    for (int first = 0; first < tiles; first += plan.tile_group, buffer ^= 1) {
      float* sums_of_group = all_sums + buffer * (plan.tile_group * tile_floats);
      const int count = min(plan.tile_group, tiles - first);
      for (int tile = 0; tile < count; ++tile) {
        float sums[2][4] = {};
        consumer.add_tile(sums);
        leave_sums(sums, sums_of_group + tile * tile_floats + warp * warp_floats, plan.tokens, lane);
      }
      __syncthreads();
      if (!finishes(first)) continue;
      const float* from = sums_of_group + finisher.tile() * tile_floats + finisher.place();
      finisher.store(link, tile_at(first), from, warp_floats);
      finisher.ask(link, tile_at(first + plan.tile_group), finishes(first + plan.tile_group));
    }
  }
}

struct Kernel {
  void (*run)(ChainPlan) = nullptr;
  int slot_bytes = 0;
  int group_cols = 0;  // int4: columns that have one sum of activations
};
template <class T, Packing kPacking, int kScales>
Kernel kernel_of() {
  using I = Item<kPacking, kScales>;
  return {chain_kernel<T, kPacking, kScales>, I::kSlotBytes, I::kInt4 ? I::kStepCols / I::kGroups : 0};
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
size_t lay_out(ChainPlan& plan, const Kernel& kernel, int stages) {
  int cols = 0;
  for (int i = 0; i < plan.chain.count; ++i) cols = std::max(cols, plan.chain.links[i].task.weight.padded_cols);
  plan.tokens = plan.chain.links[0].task.tokens;
  plan.token_slots = round_up(plan.tokens, 2);
  plan.tile_group = plan.tokens <= 1 ? 4 : plan.tokens <= 2 ? 2 : 1;
  plan.stages = stages;
  plan.sums_at = kChainWarps * stages * kernel.slot_bytes;
  plan.norm_at = plan.sums_at + 2 * plan.tile_group * kChainWarps * plan.tokens * kTokenStride * 4;
  plan.group_sums_at = round_up(plan.norm_at + norm_floats(plan.tokens, cols) * 4, 16);
  const int group_bytes = kernel.group_cols > 0 ? cols / kernel.group_cols * plan.token_slots * 8 : 0;
  plan.activations_at = round_up(plan.group_sums_at + group_bytes, 16);
  return static_cast<size_t>(plan.activations_at + plan.tokens * chain_row_bytes(cols));
}

/// Shared memory the plan takes, 0 when it does not fit.
size_t make_plan(ChainPlan& plan, const Kernel& kernel, const Context& context) {
  for (const int stages : {5, 3}) {
    const size_t bytes = lay_out(plan, kernel, stages);
    if (bytes <= context.shared_bytes) return bytes;
  }
  return 0;
}

}  // namespace

bool chain_fits(const Chain& chain, const Context& context) {
  const LinearTask& first = chain.links[0].task;
  if (chain.count > kMaxLinks || first.tokens > kGemvTokens) return false;
  for (int i = 1; i < chain.count; ++i) {
    const LinearTask& task = chain.links[i].task;
    if (task.tokens != first.tokens || task.weight.packing != first.weight.packing ||
        task.weight.step_scales != first.weight.step_scales) {
      return false;
    }
  }
  ChainPlan plan;
  plan.chain = chain;
  return make_plan(plan, choose_kernel(first.weight, context), context) > 0;
}

void run_chain(const Chain& chain, Context& context) {
  ChainPlan plan;
  plan.chain = chain;
  plan.barrier = context.grid_barrier();
  const Kernel kernel = choose_kernel(chain.links[0].task.weight, context);
  const size_t bytes = make_plan(plan, kernel, context);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
        "giving a kernel its shared memory");
  const int tiles = chain.links[0].task.weight.tiles;
  // Blocks of a chain wait for each other: no more than can be there at once.
  const int blocks = chain.count > 1 ? context.multiprocessors : std::min(tiles, context.multiprocessors);
  launch(context, kernel.run, blocks, kChainThreads, bytes, plan);
}

bool gemv_fits(const LinearTask& task, const Context& context) {
  Chain chain;
  chain.count = 1;
  chain.links[0].task = task;
  return chain_fits(chain, context);
}

void gemv(const LinearTask& task, Context& context) {
  Chain chain;
  chain.count = 1;
  chain.links[0].task = task;
  run_chain(chain, context);
}

}  // namespace flightdeck::cuda
