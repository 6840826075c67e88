// Checks linear, embedding and packing of the CUDA engine against plain loops in double, tactic by tactic; no test
// framework, so that it can be built with nvcc alone:
//   nvcc -std=c++17 -O3 -gencode=arch=compute_90a,code=sm_90a --expt-relaxed-constexpr -I. -o linear_check
//     tests/gpu/linear_check.cu
//     kernels/cuda/{linear,gemv,mixed_gemm,mixed_gemm_hopper,mixed_gemm_split,blas,unpack,tactics,packed_weight,cuda_context}.cu
//     -lcublasLt
// linear_check          one line a case, PASS or FAIL; exit code 1 when any failed
// linear_check --bench  also the speed of every tactic, as a share of the read ceiling it measures itself
// linear_check --tune   the speed of every way to cut mixed products on Hopper
// linear_check --profile int4 12288 4096 16 mixed   four runs of one kernel, for a profiler
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/mixed_hopper.h"
#include "kernels/cuda/tactics.h"

using namespace flightdeck;
using namespace flightdeck::cuda;

namespace {

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

uint16_t bits_of(float value, DType type) {
  uint16_t bits;
  if (type == DType::f16) {
    const __half half = __float2half_rn(value);
    std::memcpy(&bits, &half, 2);
  } else {
    const __nv_bfloat16 half = __float2bfloat16_rn(value);
    std::memcpy(&bits, &half, 2);
  }
  return bits;
}
float value_of(uint16_t bits, DType type) {
  if (type == DType::f16) {
    __half half;
    std::memcpy(&half, &bits, 2);
    return __half2float(half);
  }
  const uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

/// A weight in the canonical layout; value(row, col) is what it stands for.
struct Weight {
  WeightFormat format;
  int rows, cols, group;
  std::vector<uint8_t> data;
  std::vector<float> scales;

  WeightView view() const { return {format, rows, cols, group, data.data(), scales.data()}; }
  double value(int row, int col) const {
    const size_t at = static_cast<size_t>(row) * cols + col;
    switch (format) {
      case WeightFormat::f32:
        return reinterpret_cast<const float*>(data.data())[at];
      case WeightFormat::f16:
        return value_of(reinterpret_cast<const uint16_t*>(data.data())[at], DType::f16);
      case WeightFormat::bf16:
        return value_of(reinterpret_cast<const uint16_t*>(data.data())[at], DType::bf16);
      case WeightFormat::int8_channel:
        return double(static_cast<int8_t>(data[at])) * scales[row];
      case WeightFormat::int4_group:
        break;
    }
    const int code = data[at / 2] >> (col % 2 * 4) & 15;
    return (code - 8) * double(scales[static_cast<size_t>(row) * (cols / group) + col / group]);
  }
};

Weight random_weight(WeightFormat format, int rows, int cols, int group, uint32_t seed) {
  Weight weight{format, rows, cols, group, {}, {}};
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, 0.05f);
  weight.data.resize(data_bytes(format, rows, cols));
  const size_t count = static_cast<size_t>(rows) * cols;
  if (format == WeightFormat::f32) {
    for (size_t i = 0; i < count; ++i) reinterpret_cast<float*>(weight.data.data())[i] = normal(generator);
  } else if (format == WeightFormat::f16 || format == WeightFormat::bf16) {
    const DType type = format == WeightFormat::f16 ? DType::f16 : DType::bf16;
    for (size_t i = 0; i < count; ++i) {
      reinterpret_cast<uint16_t*>(weight.data.data())[i] = bits_of(normal(generator), type);
    }
  } else {
    for (uint8_t& byte : weight.data) byte = static_cast<uint8_t>(generator());
    const int groups = format == WeightFormat::int4_group ? cols / group : 1;
    std::uniform_real_distribution<float> scale(0.001f, 0.01f);
    for (int i = 0; i < rows * groups; ++i) weight.scales.push_back(scale(generator));
  }
  return weight;
}

/// Device memory with a copy on the host.
template <class T>
struct Mirror {
  std::vector<T> host;
  Buffer memory;
  explicit Mirror(size_t count) : host(count), memory(allocate_device(count * sizeof(T), "a test")) {}
  void up(Context& context) {
    check(cudaMemcpyAsync(memory.data(), host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice, context.stream),
          "up");
    check(cudaStreamSynchronize(context.stream), "up");
  }
  void down(Context& context) {
    check(cudaMemcpyAsync(host.data(), memory.data(), host.size() * sizeof(T), cudaMemcpyDeviceToHost, context.stream),
          "down");
    check(cudaStreamSynchronize(context.stream), "waiting for the kernels");
  }
};

const char* name_of(WeightFormat format) {
  switch (format) {
    case WeightFormat::f32:
      return "f32";
    case WeightFormat::f16:
      return "f16";
    case WeightFormat::bf16:
      return "bf16";
    case WeightFormat::int8_channel:
      return "int8";
    case WeightFormat::int4_group:
      return "int4";
  }
  return "?";
}
constexpr const char* kTacticNames[] = {"gemv", "mixed", "blas"};
const char* activation_name(const Context& context) { return context.activation == DType::f16 ? "f16" : "bf16"; }

/// One weight on the device with activations, bias and an output that shows what was not meant to be written.
struct Problem {
  Problem(const Weight& of, int most_tokens, int in_padding, bool has_bias, bool out_is_float, Context& on)
      : weight(of),
        context(on),
        in_stride(of.cols + in_padding),
        out_stride(of.rows + 3),
        out_float(out_is_float),
        with_bias(has_bias),
        in(static_cast<size_t>(most_tokens) * in_stride),
        bias(static_cast<size_t>(of.rows)),
        out(static_cast<size_t>(most_tokens) * out_stride * (out_is_float ? 2 : 1)),
        packed(pack_weight(of.view(), on)) {
    std::mt19937 generator(9);
    std::normal_distribution<float> normal(0, 1);
    for (auto& value : in.host) value = bits_of(normal(generator), context.activation);
    for (auto& value : bias.host) value = normal(generator);
    in.up(context);
    bias.up(context);
  }
  LinearArgs args(int tokens) const {
    const DType type = out_float ? DType::f32 : context.activation;
    return {{out.memory.data(), type, tokens, weight.rows, out_stride},
            {in.memory.data(), context.activation, tokens, weight.cols, in_stride},
            packed.get(),
            with_bias ? bias.memory.as<float>() : nullptr};
  }
  float got(int token, int row) const {
    const size_t at = static_cast<size_t>(token) * out_stride + row;
    return out_float ? reinterpret_cast<const float*>(out.host.data())[at] : value_of(out.host[at], context.activation);
  }
  double expected(int token, int row) const {
    double sum = with_bias ? bias.host[row] : 0;
    for (int c = 0; c < weight.cols; ++c) {
      sum += double(value_of(in.host[static_cast<size_t>(token) * in_stride + c], context.activation)) *
             weight.value(row, c);
    }
    return sum;
  }
  void clear() {
    std::fill(out.host.begin(), out.host.end(), uint16_t(0xffff));
    out.up(context);
  }

  const Weight& weight;
  Context& context;
  int in_stride, out_stride;
  bool out_float, with_bias;
  Mirror<uint16_t> in;
  Mirror<float> bias;
  Mirror<uint16_t> out;
  std::unique_ptr<PackedWeight> packed;
};

/// Rows whose sums are checked: all of a small matrix; of a large one both ends and some between.
std::vector<int> rows_to_check(int rows, int cols) {
  std::vector<int> chosen;
  const int most = std::max(24, 2000000 / cols / 16);
  if (rows <= most) {
    for (int r = 0; r < rows; ++r) chosen.push_back(r);
    return chosen;
  }
  std::mt19937 generator(3);
  for (int r = 0; r < 18; ++r) chosen.push_back(r), chosen.push_back(rows - 1 - r);
  while (static_cast<int>(chosen.size()) < most) chosen.push_back(static_cast<int>(generator() % rows));
  return chosen;
}

std::vector<int> tokens_to_check(int tokens) {
  std::vector<int> chosen;
  for (int t = 0; t<tokens; t += tokens> 80 ? 5 : 1) chosen.push_back(t);
  if (chosen.back() != tokens - 1) chosen.push_back(tokens - 1);
  return chosen;
}

/// Worst error relative to the largest expected value, and what else may be wrong with an output.
struct Verdict {
  double error = 0;
  std::string first_bad;
  bool stray = false;
};
Verdict judge(const Problem& problem, int tokens, const std::vector<std::vector<double>>& expected,
              const std::vector<int>& rows, double tolerance) {
  Verdict verdict;
  double largest = 1e-30;
  for (const int t : tokens_to_check(tokens)) {
    for (const double value : expected[t]) largest = std::max(largest, std::abs(value));
  }
  int bad = 0;
  for (const int t : tokens_to_check(tokens)) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const float got = problem.got(t, rows[i]);
      double error = std::abs(got - expected[t][i]) / largest;
      if (!(error <= 1e9)) error = 1e9;
      if (error > tolerance && bad++ == 0) {
        char text[160];
        std::snprintf(text, sizeof(text), "first bad: token %d row %d got %g expected %g", t, rows[i], got,
                      expected[t][i]);
        verdict.first_bad = text;
      }
      verdict.error = std::max(verdict.error, error);
    }
  }
  if (bad > 0) verdict.first_bad += " (" + std::to_string(bad) + " bad)";
  for (int t = 0; t < tokens; ++t) {
    for (int c = problem.weight.rows; c < problem.out_stride; ++c) {
      const size_t at = static_cast<size_t>(t) * problem.out_stride + c;
      for (int half = 0; half < (problem.out_float ? 2 : 1); ++half) {
        verdict.stray |= problem.out.host[at * (problem.out_float ? 2 : 1) + half] != 0xffff;
      }
    }
  }
  return verdict;
}

struct Case {
  WeightFormat format;
  int rows, cols, group;
  std::vector<int> tokens;
};

std::string label(const Case& each, const Context& context) {
  return std::string(name_of(each.format)) + " " + std::to_string(each.rows) + "x" + std::to_string(each.cols) +
         (each.format == WeightFormat::int4_group ? " g" + std::to_string(each.group) : "") + " activations " +
         activation_name(context);
}

/// Same bits twice; a NaN in token 0 fills token 0 and changes no other.
void check_rows_apart(Problem& problem, Tactic tactic, int tokens, const std::string& name) {
  LinearTask task = task_of(problem.args(tokens));
  problem.clear();
  run_tactic(tactic, task, problem.context);
  problem.out.down(problem.context);
  const auto before = problem.out.host;
  problem.clear();
  run_tactic(tactic, task, problem.context);
  problem.out.down(problem.context);
  if (problem.out.host != before) report(false, name, "two runs differ");
  const uint16_t kept = problem.in.host[problem.weight.cols / 2];
  problem.in.host[problem.weight.cols / 2] = 0x7fff;  // NaN in both types
  problem.in.up(problem.context);
  problem.clear();
  run_tactic(tactic, task, problem.context);
  problem.out.down(problem.context);
  int finite = 0, changed = 0;
  for (int r = 0; r < problem.weight.rows; ++r) finite += std::isfinite(problem.got(0, r));
  const size_t row = static_cast<size_t>(problem.out_stride) * (problem.out_float ? 2 : 1);
  for (size_t i = row; i < row * tokens; ++i) changed += problem.out.host[i] != before[i];
  problem.in.host[problem.weight.cols / 2] = kept;
  problem.in.up(problem.context);
  if (finite + changed > 0) {
    report(false, name,
           "NaN in token 0: " + std::to_string(finite) + " of its values finite, " + std::to_string(changed) +
               " values of other tokens changed");
  }
}

void check_case(const Case& each, Context& context, int variant) {
  const std::string name = label(each, context);
  const Weight weight = random_weight(each.format, each.rows, each.cols, each.group, 1);
  const int most = *std::max_element(each.tokens.begin(), each.tokens.end());
  Problem problem(weight, most, each.cols % 8 == 0 && variant % 3 ? 8 * (variant % 3 - 1) : 1, variant % 2,
                  variant % 4 > 1, context);
  if (problem.packed->bytes() != packed_bytes(each.format, each.rows, each.cols, each.group, context.activation)) {
    report(false, name, "packed_bytes is not what pack_weight takes");
  }
  const std::vector<int> rows = rows_to_check(each.rows, each.cols);
  std::vector<std::vector<double>> expected(static_cast<size_t>(most));
  for (int t = 0; t < most; ++t) {
    const auto chosen = tokens_to_check(most);
    bool wanted = std::find(chosen.begin(), chosen.end(), t) != chosen.end();
    for (const int tokens : each.tokens) {
      const auto of = tokens_to_check(tokens);
      wanted |= std::find(of.begin(), of.end(), t) != of.end();
    }
    if (!wanted) continue;
    for (const int r : rows) expected[t].push_back(problem.expected(t, r));
  }
  // The weight's rounding to the activation type (dense, unpacked) and the output's.
  const double tolerance = context.activation == DType::f16 ? 1e-3 : 6e-3;
  for (const int tokens : each.tokens) {
    const LinearTask task = task_of(problem.args(tokens));
    for (int which = 0; which < 4; ++which) {  // the three tactics, then linear() itself
      const auto tactic = static_cast<Tactic>(which);
      if (which < 3 && !possible(tactic, task, context)) continue;
      const std::string full =
          name + " m=" + std::to_string(tokens) + " " + (which < 3 ? kTacticNames[which] : "linear");
      run_case(full, [&] {
        problem.clear();
        if (which < 3) {
          run_tactic(tactic, task, context);
        } else {
          linear(problem.args(tokens), context);
        }
        problem.out.down(context);
        const Verdict verdict = judge(problem, tokens, expected, rows, tolerance);
        char text[80];
        std::snprintf(text, sizeof(text), "error %.2e%s", verdict.error, verdict.stray ? ", wrote past a row" : "");
        report(verdict.error <= tolerance && !verdict.stray, full, text + (" " + verdict.first_bad));
        if (which < 3 && each.rows * each.cols < 20000000) check_rows_apart(problem, tactic, tokens, full);
      });
    }
  }
}

/// Rows of a packed table, exact but for the rounding of the activation type.
void check_embedding(const Case& each, Context& context) {
  const std::string name = "embedding " + label(each, context);
  const Weight weight = random_weight(each.format, each.rows, each.cols, each.group, 4);
  const auto packed = pack_weight(weight.view(), context);
  Mirror<int32_t> ids(7);
  for (size_t i = 0; i < ids.host.size(); ++i) ids.host[i] = static_cast<int32_t>(i * 31 % each.rows);
  ids.host[6] = each.rows - 1;
  ids.up(context);
  Mirror<uint16_t> out(ids.host.size() * each.cols);
  embedding({{out.memory.data(), context.activation, 7, each.cols, each.cols}, packed.get(), ids.memory.as<int32_t>()},
            context);
  out.down(context);
  double worst = 0;
  for (int t = 0; t < 7; ++t) {
    for (int c = 0; c < each.cols; ++c) {
      const double expected = weight.value(ids.host[t], c);
      const float got = value_of(out.host[static_cast<size_t>(t) * each.cols + c], context.activation);
      worst = std::max(worst, std::abs(got - expected) / (std::abs(expected) + 1e-4));
    }
  }
  const double tolerance = context.activation == DType::f16 ? 2e-3 : 9e-3;
  report(worst <= tolerance, name, "worst relative error " + std::to_string(worst));
}

/// A chain of linears, each reading what the one before wrote, captured and replayed: the dependent starts must not let
/// a kernel read or overwrite too early.
void check_chain(WeightFormat format, int group, int tokens, Tactic tactic, Context& context) {
  constexpr int kSize = 1024, kLinks = 12;
  const std::string name = std::string("chain of ") + kTacticNames[static_cast<int>(tactic)] + " " + name_of(format) +
                           " m=" + std::to_string(tokens) + " activations " + activation_name(context);
  std::vector<std::unique_ptr<PackedWeight>> weights;
  for (int i = 0; i < kLinks; ++i)
    weights.push_back(pack_weight(random_weight(format, kSize, kSize, group, 50 + i).view(), context));
  Mirror<uint16_t> a(static_cast<size_t>(tokens) * kSize), b(static_cast<size_t>(tokens) * kSize);
  std::mt19937 generator(2);
  std::normal_distribution<float> normal(0, 1);
  for (auto& value : a.host) value = bits_of(normal(generator), context.activation);
  const auto start = a.host;
  const auto step = [&](int i, bool apart) {
    Mirror<uint16_t>& from = i % 2 ? b : a;
    Mirror<uint16_t>& to = i % 2 ? a : b;
    run_tactic(tactic,
               task_of({{to.memory.data(), context.activation, tokens, kSize, kSize},
                        {from.memory.data(), context.activation, tokens, kSize, kSize},
                        weights[i].get(),
                        nullptr}),
               context);
    if (apart) check(cudaStreamSynchronize(context.stream), "waiting");
  };
  a.up(context);
  for (int i = 0; i < kLinks; ++i) step(i, true);
  a.down(context);
  const auto apart = a.host;
  cudaGraph_t graph;
  cudaGraphExec_t replay;
  check(cudaStreamBeginCapture(context.stream, cudaStreamCaptureModeThreadLocal), "capturing");
  context.set_capturing(true);
  for (int i = 0; i < kLinks; ++i) step(i, false);
  context.set_capturing(false);
  check(cudaStreamEndCapture(context.stream, &graph), "capturing");
  check(cudaGraphInstantiate(&replay, graph, 0), "capturing");
  int different = 0;
  for (int round = 0; round < 5; ++round) {
    a.host = start;
    a.up(context);
    check(cudaGraphLaunch(replay, context.stream), "replaying");
    a.down(context);
    different += a.host != apart;
  }
  cudaGraphExecDestroy(replay);
  cudaGraphDestroy(graph);
  report(different == 0, name, std::to_string(different) + " of 5 replays differ from links run apart");
}

void check_tactics_file() {
  Tactics tactics, other;
  TacticKey key;
  key.rows = 7, key.cols = 9, key.packing = Packing::int4_groups, key.step_scales = 2, key.tokens = 16;
  tactics.set(key, Tactic::blas);
  const std::string path = "linear_check_tactics.txt";
  const bool saved = tactics.save(path, "some GPU");
  const bool loaded = other.load(path, "some GPU");
  const bool refused = !other.load(path, "another GPU") && !other.load(path + ".none", "some GPU");
  const auto found = other.find(key);
  std::remove(path.c_str());
  report(saved && loaded && refused && found && *found == Tactic::blas, "tactics saved and loaded", "");
}

void check_all(Context& context) {
  const std::vector<int> all = {1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 31, 32, 33, 47, 64, 65, 100, 128, 200, 256, 300};
  const std::vector<int> some = {1, 4, 8, 16, 33, 64, 100, 300};
  const std::vector<int> few = {1, 2, 8, 16, 64};
  using F = WeightFormat;
  std::vector<Case> cases = {
      {F::int4_group, 512, 1024, 128, all},
      {F::int8_channel, 512, 1024, 0, all},
      {F::f16, 512, 1024, 0, all},
      {F::int4_group, 172, 128, 64, some},
      {F::int4_group, 40, 64, 32, some},
      {F::int4_group, 48, 96, 48, some},
      {F::int4_group, 64, 172, 172, some},
      {F::int4_group, 20, 6, 6, some},
      {F::int4_group, 300, 384, 96, some},
      {F::int4_group, 1000, 640, 64, some},
      {F::int4_group, 1000, 640, 32, some},
      {F::int4_group, 256, 2048, 256, some},
      {F::int4_group, 1001, 4096, 4096, some},
      {F::int8_channel, 172, 128, 0, some},
      {F::int8_channel, 20, 6, 0, some},
      {F::int8_channel, 33, 100, 0, some},
      {F::f16, 33, 100, 0, some},
      {F::bf16, 129, 65, 0, some},
      {F::f32, 20, 6, 0, some},
      {F::int4_group, 4096, 4096, 128, few},
      {F::int8_channel, 4096, 4096, 0, few},
      {F::f16, 4096, 4096, 0, few},
      {F::int4_group, 4096, 11008, 128, few},
      {F::int8_channel, 4096, 11008, 0, few},
      {F::f16, 4096, 11008, 0, few},
      {F::int4_group, 12288, 4096, 128, few},
      {F::bf16, 12288, 4096, 0, few},
  };
  int variant = 0;
  for (const Case& each : cases) run_case(label(each, context), [&] { check_case(each, context, variant++); });
  for (const Case& each : cases) {
    if (each.rows <= 1001) run_case("embedding " + label(each, context), [&] { check_embedding(each, context); });
  }
  for (const F format : {F::f16, F::int8_channel, F::int4_group}) {
    for (const int tokens : {1, 8}) run_case("chain", [&] { check_chain(format, 128, tokens, Tactic::gemv, context); });
    for (const int tokens : {5, 16, 64, 100}) {
      run_case("chain", [&] { check_chain(format, 128, tokens, Tactic::mixed, context); });
    }
  }
}

// ---- speed ----

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

int main(int argc, char** argv) {
  const std::string option = argc > 1 ? argv[1] : "";
  try {
    if (option == "--profile" && argc > 6) {
      run_for_profile(argv[2], std::stoi(argv[3]), std::stoi(argv[4]), std::stoi(argv[5]), argv[6]);
      return 0;
    }
    if (option == "--tune") {
      tune();
      return failures > 0;
    }
    if (option != "--bench-only") {
      check_tactics_file();
      for (const DType activation : {DType::f16, DType::bf16}) {
        Context context(0, activation);
        check_all(context);
      }
      std::printf("%d passed, %d failed\n", passes, failures);
    }
    if (option == "--bench" || option == "--bench-only") {
      Context context(0, DType::f16);
      bench(context);
      Context brain(0, DType::bf16);
      const double ceiling = read_ceiling(brain);
      bench_shape({"int8 (bf16)", WeightFormat::int8_channel, 0}, 12288, 4096, {1, 16, 64}, ceiling, brain);
      bench_shape({"int4 (bf16)", WeightFormat::int4_group, 128}, 12288, 4096, {1, 16, 64}, ceiling, brain);
    }
  } catch (const std::exception& error) {
    report(false, "linear_check", std::string("threw: ") + error.what());
  }
  return failures > 0;
}
