// Speed of linear on weights that do not fit the caches, beside what the machine's memory gives:
//   linear_bench [threads]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "kernels/backend.h"
#include "kernels/roofline.h"

namespace flightdeck {
namespace {

constexpr int kRows = 5632;
constexpr int kCols = 2048;
constexpr int kGroup = 128;
constexpr size_t kTotalBytes = size_t{400} << 20;  // several matrices in turn
constexpr double kSeconds = 1.0;

struct Format {
  const char* name;
  WeightFormat format;
};

std::vector<std::unique_ptr<PackedWeight>> random_weights(Backend& backend, WeightFormat format) {
  std::mt19937 generator(1);
  std::vector<uint32_t> data(data_bytes(format, kRows, kCols) / 4);
  const bool quantized = format == WeightFormat::int8_channel || format == WeightFormat::int4_group;
  const uint32_t small = quantized ? 0xFFFFFFFFu : 0x3FFF3FFFu;  // below 2 in every float format
  for (uint32_t& word : data) word = static_cast<uint32_t>(generator()) & small;
  const std::vector<float> scales(size_t{kRows} * kCols / kGroup, 0.01f);
  const WeightView view{format, kRows, kCols, kGroup, data.data(), scales.data()};
  std::vector<std::unique_ptr<PackedWeight>> weights;
  size_t bytes = 0;
  while (bytes < kTotalBytes) {
    weights.push_back(backend.pack(view));
    bytes += weights.back()->bytes();
  }
  return weights;
}

/// Best seconds of one product with `tokens` rows.
double seconds_per_call(Backend& backend, const std::vector<std::unique_ptr<PackedWeight>>& weights, int tokens) {
  std::vector<float> in(static_cast<size_t>(tokens) * kCols, 0.5f);
  std::vector<float> out(static_cast<size_t>(tokens) * kRows);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 17) - 8.0f;
  LinearArgs args;
  args.in = {in.data(), DType::f32, tokens, kCols, kCols};
  args.out = {out.data(), DType::f32, tokens, kRows, kRows};
  double best = 1e9;
  double spent = 0;
  for (size_t next = 0; spent < kSeconds; next = (next + 1) % weights.size()) {
    args.weight = weights[next].get();
    const auto start = std::chrono::steady_clock::now();
    backend.linear(args);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    spent += elapsed.count();
    best = std::min(best, elapsed.count());
  }
  return best;
}

void measure(Backend& backend, const Format& format, double bandwidth) {
  const auto weights = random_weights(backend, format.format);
  const double bytes = static_cast<double>(weights.front()->bytes());
  for (const int tokens : {1, 2, 4, 8, 16, 64, 512}) {
    const double seconds = seconds_per_call(backend, weights, tokens);
    const double rate = bytes / seconds;
    const double operations = 2.0 * kRows * kCols * tokens / seconds;
    std::printf("%-5s m=%-4d %8.3f ms %7.2f GB/s %5.1f %% of read bandwidth %8.1f GOP/s\n", format.name, tokens,
                seconds * 1e3, rate * 1e-9, 100 * rate / bandwidth, operations * 1e-9);
  }
}

}  // namespace
}  // namespace flightdeck

int main(int count, char** values) {
  using namespace flightdeck;
  const int threads = count > 1 ? std::atoi(values[1]) : 0;
  const auto backend = make_cpu_backend({threads});
  const char* only = count > 2 ? values[2] : "";
  const double bandwidth = measure_read_bandwidth(threads > 0 ? threads : 2);
  std::printf("%s; reads %.2f GB/s\n", backend->info().name.c_str(), bandwidth * 1e-9);
  const Format formats[] = {{"int8", WeightFormat::int8_channel},
                            {"int4", WeightFormat::int4_group},
                            {"f16", WeightFormat::f16},
                            {"bf16", WeightFormat::bf16},
                            {"f32", WeightFormat::f32}};
  for (const Format& format : formats) {
    if (std::strstr(format.name, only)) measure(*backend, format, bandwidth);
  }
  return 0;
}
