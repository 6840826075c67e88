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
#include "tests/gpu/linear_bench.h"

using namespace flightdeck;
using namespace flightdeck::cuda;

namespace {

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
