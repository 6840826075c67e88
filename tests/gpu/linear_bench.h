// The speed of the ways to compute a linear, for linear_check.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/mixed_hopper.h"
#include "kernels/cuda/tactics.h"

namespace {

using namespace flightdeck;
using namespace flightdeck::cuda;

int failures = 0;
int passes = 0;

void report(bool good, const std::string& name, const std::string& detail) {
  std::printf("%s %s  %s\n", good ? "PASS" : "FAIL", name.c_str(), detail.c_str());
  std::fflush(stdout);
  ++(good ? passes : failures);
}

/// Runs one case; an exception is a failure, not the end.
void run_case(const std::string& name, const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& error) {
    report(false, name, std::string("threw: ") + error.what());
  }
}

constexpr const char* kTacticNames[] = {"gemv", "mixed", "blas"};
const char* activation_name(const Context& context) { return context.activation == DType::f16 ? "f16" : "bf16"; }

__global__ void read_kernel(const uint4* data, size_t count, uint32_t* out) {
  uint32_t mixed = 0;
  const size_t threads = static_cast<size_t>(gridDim.x) * blockDim.x;
  size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  for (; i + 7 * threads < count; i += 8 * threads) {
#pragma unroll
    for (int u = 0; u < 8; ++u) {
      const uint4 v = __ldcs(data + i + u * threads);
      mixed ^= v.x ^ v.y ^ v.z ^ v.w;
    }
  }
  if (mixed == 0x12345678) *out = mixed;
}

float elapsed(Context& context, const std::function<void()>& body) {
  cudaEvent_t begin, end;
  cudaEventCreate(&begin);
  cudaEventCreate(&end);
  cudaEventRecord(begin, context.stream);
  body();
  cudaEventRecord(end, context.stream);
  check(cudaEventSynchronize(end), "timing");
  float milliseconds = 0;
  cudaEventElapsedTime(&milliseconds, begin, end);
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return milliseconds;
}

double read_ceiling(Context& context) {
  const size_t bytes = size_t{4} << 30;
  const Buffer memory = allocate_device(bytes, "the read ceiling");
  check(cudaMemsetAsync(memory.data(), 1, bytes, context.stream), "filling");
  double best = 0;
  for (const int blocks : {4, 8, 16}) {
    for (int i = 0; i < 4; ++i) {
      const float time = elapsed(context, [&] {
        read_kernel<<<context.multiprocessors * blocks, 256, 0, context.stream>>>(memory.as<uint4>(), bytes / 16,
                                                                                  memory.as<uint32_t>());
      });
      best = std::max(best, bytes / (time * 1e6));
    }
  }
  return best;
}

/// Milliseconds of `body` as a replayed graph: no launch costs, as in the engine.
float graph_time(Context& context, const std::function<void()>& body) {
  cudaGraph_t graph;
  cudaGraphExec_t replay;
  check(cudaStreamBeginCapture(context.stream, cudaStreamCaptureModeThreadLocal), "capturing");
  context.set_capturing(true);
  body();
  context.set_capturing(false);
  check(cudaStreamEndCapture(context.stream, &graph), "capturing");
  check(cudaGraphInstantiate(&replay, graph, 0), "capturing");
  check(cudaGraphLaunch(replay, context.stream), "replaying");
  float best = 1e30f;
  for (int i = 0; i < 3; ++i) {
    best = std::min(best, elapsed(context, [&] { check(cudaGraphLaunch(replay, context.stream), "replaying"); }));
  }
  cudaGraphExecDestroy(replay);
  cudaGraphDestroy(graph);
  return best;
}

/// Copies of one packed weight, so that no copy stays in the L2 cache until its next turn. The bytes are random.
std::vector<std::unique_ptr<CudaPackedWeight>> random_copies(WeightFormat format, int rows, int cols, int group,
                                                             int count, Context& context) {
  std::vector<std::unique_ptr<CudaPackedWeight>> copies;
  const PackedLayout layout = layout_of(format, rows, cols, group);
  std::vector<uint16_t> noise(layout.data_bytes / 2);
  std::mt19937 generator(1);
  const bool dense = layout.packing == Packing::dense;
  for (size_t i = 0; i < noise.size(); ++i) {  // drawing all of a gigabyte would take longer than the measurement
    noise[i] = i >= (1 << 20) ? noise[i - (1 << 20)]
                              : static_cast<uint16_t>(dense ? (generator() & 0x83ff) | 0x2800 : generator());
  }
  std::vector<uint8_t> scales(layout.scale_bytes, 0);
  if (!dense) {
    for (int r = 0; r < layout.padded_rows; ++r) reinterpret_cast<float*>(scales.data())[r] = 0.01f;
    for (size_t at = layout.factors_at; at < layout.counters_at; at += 2) {
      const uint16_t half = 0x3800;
      std::memcpy(scales.data() + at, &half, 2);
    }
  }
  for (int i = 0; i < count; ++i) {
    copies.push_back(std::make_unique<CudaPackedWeight>(format, rows, cols, group,
                                                        allocate_device(layout.data_bytes, "a copy"),
                                                        allocate_device(layout.scale_bytes, "a copy")));
    const auto& copy = *copies.back();
    check(cudaMemcpyAsync(copy.data.data(), i ? copies[0]->data.data() : static_cast<const void*>(noise.data()),
                          layout.data_bytes, cudaMemcpyDefault, context.stream),
          "copying");
    check(cudaMemcpyAsync(copy.scales.data(), scales.data(), scales.size(), cudaMemcpyDefault, context.stream),
          "copying");
  }
  check(cudaStreamSynchronize(context.stream), "copying");
  return copies;
}

struct BenchFormat {
  const char* name;
  WeightFormat format;
  int group;
};
constexpr BenchFormat kBenchFormats[] = {{"f16", WeightFormat::f16, 0},
                                         {"int8", WeightFormat::int8_channel, 0},
                                         {"int4 g128", WeightFormat::int4_group, 128}};

void bench_shape(const BenchFormat& format, int rows, int cols, const std::vector<int>& token_counts, double ceiling,
                 Context& context) {
  const size_t bytes = layout_of(format.format, rows, cols, format.group ? format.group : cols).data_bytes;
  const int copies = std::max(2, static_cast<int>((size_t{300} << 20) / bytes + 1));
  const auto weights = random_copies(format.format, rows, cols, format.group, copies, context);
  const int most = *std::max_element(token_counts.begin(), token_counts.end());
  const Buffer in = allocate_device(static_cast<size_t>(most) * cols * 2, "activations");
  const Buffer out = allocate_device(static_cast<size_t>(most) * rows * 2, "activations");
  check(cudaMemsetAsync(in.data(), 0x2c, in.bytes(), context.stream), "filling");
  for (const int tokens : token_counts) {
    for (const Tactic tactic : {Tactic::gemv, Tactic::mixed, Tactic::blas}) {
      const auto task = [&](int i) {
        return task_of({{out.data(), context.activation, tokens, rows, rows},
                        {in.data(), context.activation, tokens, cols, cols},
                        weights[i % copies].get(),
                        nullptr});
      };
      if (!possible(tactic, task(0), context)) continue;
      run_tactic(tactic, task(0), context);  // cuBLASLt picks its algorithm
      const int count = std::max(20, copies);
      const float time = graph_time(context, [&] {
        for (int i = 0; i < count; ++i) run_tactic(tactic, task(i), context);
      });
      const double us = time * 1e3 / count;
      std::printf("%-10s %6dx%-6d m=%-4d %-6s %9.2f us %7.0f GB/s %5.1f %% of the ceiling %7.1f TFLOP/s\n", format.name,
                  rows, cols, tokens, kTacticNames[static_cast<int>(tactic)], us, bytes / (us * 1e3),
                  100 * bytes / (us * 1e3) / ceiling, 2.0 * tokens * rows * cols / (us * 1e6));
      std::fflush(stdout);
    }
  }
}

/// All linears of one step of Baichuan2-7B, one after another, 32 layers and the head.
void bench_chain(const BenchFormat& format, const std::vector<int>& token_counts, double ceiling, Context& context) {
  const int layers = 32;
  const auto qkv = random_copies(format.format, 12288, 4096, format.group, layers, context);
  const auto o = random_copies(format.format, 4096, 4096, format.group, layers, context);
  const auto gate_up = random_copies(format.format, 22016, 4096, format.group, layers, context);
  const auto down = random_copies(format.format, 4096, 11008, format.group, layers, context);
  const auto head = random_copies(format.format, 125696, 4096, format.group, 1, context);
  size_t bytes = head[0]->layout.data_bytes;
  const int most = *std::max_element(token_counts.begin(), token_counts.end());
  const Buffer a = allocate_device(size_t{125696} * most * 4, "activations");
  const Buffer b = allocate_device(size_t{125696} * most * 4, "activations");
  check(cudaMemsetAsync(a.data(), 0, a.bytes(), context.stream), "filling");
  check(cudaMemsetAsync(b.data(), 0, b.bytes(), context.stream), "filling");
  for (int i = 0; i < layers; ++i) {
    bytes += qkv[i]->layout.data_bytes + o[i]->layout.data_bytes + gate_up[i]->layout.data_bytes +
             down[i]->layout.data_bytes;
  }
  for (const int tokens : token_counts) {
    const Tactic others = format.format == WeightFormat::f16 ? Tactic::blas : Tactic::mixed;
    const Tactic tactic = tokens <= kGemvTokens ? Tactic::gemv : others;
    const auto step = [&](const CudaPackedWeight& weight, const Buffer& from, const Buffer& to) {
      const LinearTask task = task_of({{to.data(), context.activation, tokens, weight.rows, weight.rows},
                                       {from.data(), context.activation, tokens, weight.cols, weight.cols},
                                       &weight,
                                       nullptr});
      run_tactic(possible(tactic, task, context) ? tactic : others, task, context);
    };
    for (const auto* each : {&qkv, &o, &gate_up, &down, &head}) step(*each->front(), a, b);  // algorithms are chosen
    const float time = graph_time(context, [&] {
      for (int i = 0; i < layers; ++i) {
        step(*qkv[i], a, b);
        step(*o[i], b, a);
        step(*gate_up[i], a, b);
        step(*down[i], b, a);
      }
      step(*head[0], a, b);
    });
    std::printf("%-10s 7B step, linears only m=%-4d %-6s %9.1f us %7.0f GB/s %5.1f %% of the ceiling\n", format.name,
                tokens, kTacticNames[static_cast<int>(tactic)], time * 1e3, bytes / (time * 1e6),
                100 * bytes / (time * 1e6) / ceiling);
    std::fflush(stdout);
  }
}

void bench(Context& context) {
  const double ceiling = read_ceiling(context);
  std::printf("read ceiling %.0f GB/s, activations %s\n", ceiling, activation_name(context));
  for (const BenchFormat& format : kBenchFormats) {
    run_case("chain", [&] { bench_chain(format, {1, 4, 8, 16, 32, 64, 128, 256}, ceiling, context); });
  }
  const std::vector<int> tokens = {1, 2, 4, 8, 16, 32, 64, 128, 256, 1024};
  const std::vector<int> few = {1, 8, 16};
  for (const BenchFormat& format : kBenchFormats) {
    run_case("12288x4096", [&] { bench_shape(format, 12288, 4096, tokens, ceiling, context); });
    run_case("4096x4096", [&] { bench_shape(format, 4096, 4096, tokens, ceiling, context); });
    run_case("22016x4096", [&] { bench_shape(format, 22016, 4096, {1, 4, 16, 64, 128, 256}, ceiling, context); });
    run_case("4096x11008", [&] { bench_shape(format, 4096, 11008, {1, 4, 8, 16, 64, 128, 256}, ceiling, context); });
    run_case("125696x4096", [&] { bench_shape(format, 125696, 4096, few, ceiling, context); });
  }
  const BenchFormat others[] = {{"int4 row", WeightFormat::int4_group, 4096},
                                {"int4 g64", WeightFormat::int4_group, 64},
                                {"int4 g32", WeightFormat::int4_group, 32}};
  for (const BenchFormat& format : others) {
    run_case("12288x4096", [&] { bench_shape(format, 12288, 4096, {1, 16, 64}, ceiling, context); });
  }
}

/// Microseconds of every plan for a shape: tokens of a tile, 1 to 8 parts of its columns; the chosen one marked.
void tune_shape(const BenchFormat& format, int rows, int cols, Context& context) {
  const size_t bytes = layout_of(format.format, rows, cols, format.group ? format.group : cols).data_bytes;
  const int copies = std::max(2, static_cast<int>((size_t{300} << 20) / bytes + 1));
  const auto weights = random_copies(format.format, rows, cols, format.group, copies, context);
  const Buffer in = allocate_device(size_t{256} * cols * 2, "activations");
  const Buffer out = allocate_device(size_t{256} * rows * 2, "activations");
  check(cudaMemsetAsync(in.data(), 0x2c, in.bytes(), context.stream), "filling");
  for (const int tokens : {16, 32, 64, 128, 192, 256}) {
    const auto task = [&](int i) {
      return task_of({{out.data(), context.activation, tokens, rows, rows},
                      {in.data(), context.activation, tokens, cols, cols},
                      weights[i % copies].get(),
                      nullptr});
    };
    const SplitPlan chosen = plan_split(task(0), context);
    std::printf("%-10s %6dx%-6d m=%-4d", format.name, rows, cols, tokens);
    for (const int tile : {16, 32, 64}) {
      if (tokens > 4 * tile || tile > std::max(16, 2 * tokens - 1)) continue;
      std::printf("  tiles of %d:", tile);
      for (int parts = 1; parts <= 8; ++parts) {
        const SplitPlan plan = {tile, parts};
        const bool is_chosen = plan.tokens == chosen.tokens && parts == chosen.parts;
        const int count = std::max(20, copies);
        float time = 0;
        run_case("tuning", [&] {
          time = graph_time(context, [&] {
            for (int i = 0; i < count; ++i) mixed_gemm_split(task(i), plan, context);
          });
        });
        std::printf(" %s%.1f%s", is_chosen ? "[" : "", time * 1e3 / count, is_chosen ? "]" : "");
      }
    }
    std::printf("\n");
    std::fflush(stdout);
  }
}

void tune() {
  Context context(0, DType::f16);
  for (const BenchFormat& format : {kBenchFormats[2], kBenchFormats[1]}) {
    for (const auto& shape : {std::pair{12288, 4096}, {4096, 4096}, {22016, 4096}, {4096, 11008}}) {
      run_case("tuning", [&] { tune_shape(format, shape.first, shape.second, context); });
    }
  }
}

/// A few runs of one kernel for a profiler.
void run_for_profile(const std::string& format_name, int rows, int cols, int tokens, const std::string& tactic_name) {
  Context context(0, DType::f16);
  for (const BenchFormat& format : kBenchFormats) {
    if (format_name != std::string(format.name).substr(0, format_name.size())) continue;
    const auto weights = random_copies(format.format, rows, cols, format.group, 4, context);
    const Buffer in = allocate_device(static_cast<size_t>(tokens) * cols * 2, "activations");
    const Buffer out = allocate_device(static_cast<size_t>(tokens) * rows * 2, "activations");
    check(cudaMemsetAsync(in.data(), 0x2c, in.bytes(), context.stream), "filling");
    for (const auto& weight : weights) {
      for (const Tactic tactic : {Tactic::gemv, Tactic::mixed, Tactic::blas}) {
        if (tactic_name != kTacticNames[static_cast<int>(tactic)]) continue;
        run_tactic(tactic,
                   task_of({{out.data(), context.activation, tokens, rows, rows},
                            {in.data(), context.activation, tokens, cols, cols},
                            weight.get(),
                            nullptr}),
                   context);
      }
    }
    check(cudaStreamSynchronize(context.stream), "waiting");
  }
}

}  // namespace
