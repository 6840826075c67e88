// Checks the CUDA engine's attention against a loop in double, and with --bench measures it. Needs a GPU.
// nvcc -std=c++17 -O3 -arch=sm_90a --expt-relaxed-constexpr -I. tests/gpu/attention_check.cu
//   kernels/cuda/attention*.cu kernels/cuda/cuda_context.cu kernels/cuda/packed_weight.cu -lcublasLt -lcublas
//   -o attention_check
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/attention_kernels.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/cuda_ops.h"

namespace {

using namespace flightdeck;
using cuda::check;

struct Sequence {
  int queries;
  int length;  // keys in the cache, the queries' own included
};

struct Case {
  std::string name;
  int heads = 4, kv_heads = 4, dim = 128, block_size = 16;
  std::vector<Sequence> sequences;
  DType dtype = DType::f16;
  int window = 0;
  float soft_cap = 0;
  bool alibi = false;
  int spare_columns = 0;  // q is the first columns of a wider matrix
  int splits = -1;        // >= 0: attention_decode directly
  bool generic = false;   // attention_generic directly
  bool portable = false;  // attention_decode and attention_prefill, without the Hopper kernel
  float spread = 1;       // of q
  int spare_blocks = 0;   // max_blocks beyond the longest, as bucketed lengths have it
};

uint16_t bits_of(float x, DType dtype) {
  uint16_t bits;
  if (dtype == DType::bf16) {
    const __nv_bfloat16 y = __float2bfloat16_rn(x);
    std::memcpy(&bits, &y, 2);
  } else {
    const __half y = __float2half_rn(x);
    std::memcpy(&bits, &y, 2);
  }
  return bits;
}

float value_of(uint16_t bits, DType dtype) {
  if (dtype == DType::bf16) {
    __nv_bfloat16 y;
    std::memcpy(&y, &bits, 2);
    return __bfloat162float(y);
  }
  __half y;
  std::memcpy(&y, &bits, 2);
  return __half2float(y);
}

/// One batch on host and device. Everything no query may see is NaN.
class Problem {
 public:
  explicit Problem(const Case& which, unsigned seed = 1) : c(which), random_(seed) {
    int blocks = 1;
    for (const Sequence& s : c.sequences) {
      const int wanted = (s.length + c.block_size - 1) / c.block_size;
      max_blocks = std::max(max_blocks, wanted);
      blocks += wanted;
      tokens += s.queries;
    }
    max_blocks += c.spare_blocks;
    fill_batch(blocks);
    fill_numbers(blocks);
    upload();
  }

  AttentionArgs args() {
    AttentionArgs a;
    const int columns = c.heads * c.dim;
    a.out = {out_device.data(), c.dtype, tokens, columns, columns};
    a.q = {q_device.data(), c.dtype, tokens, columns, columns + c.spare_columns};
    a.cache = {keys_device.data(), values_device.data(), DType::f16, blocks_, c.block_size, c.kv_heads, c.dim};
    a.batch.tokens = tokens;
    a.batch.sequences = static_cast<int>(c.sequences.size());
    a.batch.max_blocks = max_blocks;
    a.batch.positions = positions_device.as<int32_t>();
    a.batch.sequence_of = sequence_of_device.as<int32_t>();
    a.batch.query_offsets = offsets_device.as<int32_t>();
    a.batch.kv_lengths = lengths_device.as<int32_t>();
    a.batch.block_tables = tables_device.as<int32_t>();
    a.heads = c.heads;
    a.scale = 1.0f / std::sqrt(static_cast<float>(c.dim));
    a.window = c.window;
    a.soft_cap = c.soft_cap;
    a.alibi_slopes = c.alibi ? slopes_device.as<float>() : nullptr;
    return a;
  }

  void run(cuda::Context& context) {
    const AttentionArgs a = args();
    if (c.generic) return cuda::attention_generic(cuda::attention_params(a), context);
    if (c.splits >= 0) return cuda::attention_decode(cuda::attention_params(a), context, c.splits);
    if (!c.portable) return cuda::attention(a, context);
    cuda::attention_decode(cuda::attention_params(a), context);
    cuda::attention_prefill(cuda::attention_params(a), context);
  }

  void poison_output(cuda::Context& context) {
    check(cudaMemsetAsync(out_device.data(), 0xff, out_device.bytes(), context.stream), "poisoning");
  }

  std::vector<uint16_t> result(cuda::Context& context) {
    check(cudaStreamSynchronize(context.stream), "waiting");
    std::vector<uint16_t> out(out_device.bytes() / 2);
    check(cudaMemcpy(out.data(), out_device.data(), out_device.bytes(), cudaMemcpyDeviceToHost), "reading back");
    return out;
  }

  size_t slot(int sequence, int position, int kv_head) const {
    const size_t block = tables[static_cast<size_t>(sequence) * max_blocks + position / c.block_size];
    return ((block * c.kv_heads + kv_head) * c.block_size + position % c.block_size) * c.dim;
  }

  /// One output row of one head.
  std::vector<double> reference(int token, int head) const {
    const int s = sequence_of[token], position = positions[token], kv_head = head / (c.heads / c.kv_heads);
    const int first = c.window > 0 ? std::max(0, position - c.window + 1) : 0;
    const uint16_t* query = q.data() + static_cast<size_t>(token) * (c.heads * c.dim + c.spare_columns) + head * c.dim;
    std::vector<double> scores, out(c.dim, 0.0), wide(c.dim);
    for (int d = 0; d < c.dim; ++d) wide[d] = value_of(query[d], c.dtype);
    double largest = -INFINITY, total = 0;
    for (int key = first; key <= position; ++key) {
      const uint16_t* row = keys.data() + slot(s, key, kv_head);
      double dot = 0;
      for (int d = 0; d < c.dim; ++d) dot += wide[d] * value_of(row[d], DType::f16);
      dot /= std::sqrt(static_cast<double>(c.dim));
      if (c.soft_cap > 0) dot = c.soft_cap * std::tanh(dot / c.soft_cap);
      if (c.alibi) dot += static_cast<double>(slopes[head]) * key;
      scores.push_back(dot);
      largest = std::max(largest, dot);
    }
    for (double& score : scores) total += score = std::exp(score - largest);
    for (int key = first; key <= position; ++key) {
      const uint16_t* row = values.data() + slot(s, key, kv_head);
      for (int d = 0; d < c.dim; ++d) out[d] += scores[key - first] / total * value_of(row[d], DType::f16);
    }
    return out;
  }

  void upload() {
    put(q_device, q);
    put(keys_device, keys);
    put(values_device, values);
    put(positions_device, positions);
    put(sequence_of_device, sequence_of);
    put(offsets_device, offsets);
    put(lengths_device, lengths);
    put(tables_device, tables);
    put(slopes_device, slopes);
    if (!out_device.data()) {
      out_device = cuda::allocate_device(static_cast<size_t>(tokens) * c.heads * c.dim * 2, "out");
    }
  }

  const Case c;
  int tokens = 0, max_blocks = 0;
  std::vector<uint16_t> q, keys, values;
  std::vector<int32_t> positions, sequence_of, offsets{0}, lengths, tables;
  std::vector<float> slopes;
  Buffer q_device, keys_device, values_device, out_device, positions_device, sequence_of_device, offsets_device,
      lengths_device, tables_device, slopes_device;

 private:
  template <class T>
  static void put(Buffer& buffer, const std::vector<T>& host) {
    if (!buffer.data()) buffer = cuda::allocate_device(std::max<size_t>(host.size() * sizeof(T), 16), "a test");
    check(cudaMemcpy(buffer.data(), host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice), "copying");
  }

  void fill_batch(int blocks) {
    blocks_ = blocks;
    std::vector<int32_t> order(blocks - 1);
    std::iota(order.begin(), order.end(), 1);  // block 0 belongs to nobody; unused table entries name it
    std::shuffle(order.begin(), order.end(), random_);
    tables.assign(c.sequences.size() * max_blocks, 0);
    size_t next = 0;
    for (size_t s = 0; s < c.sequences.size(); ++s) {
      const Sequence& sequence = c.sequences[s];
      for (int b = 0; b < (sequence.length + c.block_size - 1) / c.block_size; ++b) {
        tables[s * max_blocks + b] = order[next++];
      }
      for (int i = 0; i < sequence.queries; ++i) {
        positions.push_back(sequence.length - sequence.queries + i);
        sequence_of.push_back(static_cast<int32_t>(s));
      }
      offsets.push_back(offsets.back() + sequence.queries);
      lengths.push_back(sequence.length);
    }
  }

  void fill_numbers(int blocks) {
    std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
    q.resize(static_cast<size_t>(tokens) * (c.heads * c.dim + c.spare_columns));
    for (uint16_t& x : q) x = bits_of(uniform(random_) * 2 * c.spread, c.dtype);
    const size_t numbers = static_cast<size_t>(blocks) * c.kv_heads * c.block_size * c.dim;
    keys.assign(numbers, 0x7e00);
    values.assign(numbers, 0x7e00);  // NaN
    for (size_t s = 0; s < c.sequences.size(); ++s) {
      const int first_query = c.sequences[s].length - c.sequences[s].queries;
      const int first = c.window > 0 ? std::max(0, first_query - c.window + 1) : 0;
      for (int position = first; position < c.sequences[s].length; ++position) {
        for (int head = 0; head < c.kv_heads; ++head) {
          const size_t at = slot(static_cast<int>(s), position, head);
          for (int d = 0; d < c.dim; ++d) {
            keys[at + d] = bits_of(uniform(random_) * 2, DType::f16);
            values[at + d] = bits_of(uniform(random_), DType::f16);
          }
        }
      }
    }
    for (int h = 0; h < c.heads; ++h) slopes.push_back(std::exp2(-8.0f * (h + 1) / c.heads));
  }

  std::mt19937 random_;
  int blocks_ = 0;
};

/// The worst of some output numbers.
struct Worst {
  double excess = 0;  // error as a share of what is allowed
  std::string where = "-";
};

Worst compare(const Problem& problem, const std::vector<uint16_t>& out, const std::function<bool(int)>& wanted) {
  const Case& c = problem.c;
  const int threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<Worst> worst(threads);
  std::vector<std::thread> pool;
  for (int id = 0; id < threads; ++id) {
    pool.emplace_back([&, id] {
      for (int work = id; work < problem.tokens * c.heads; work += threads) {
        const int token = work / c.heads, head = work % c.heads;
        if (!wanted(token)) continue;
        const std::vector<double> expected = problem.reference(token, head);
        for (int d = 0; d < c.dim; ++d) {
          const double got = value_of(out[static_cast<size_t>(work) * c.dim + d], c.dtype);
          const double allowed = 1e-3 + std::abs(expected[d]) * (c.dtype == DType::bf16 ? 1.0 / 128 : 1.0 / 512);
          const double excess = std::abs(got - expected[d]) / allowed;
          if (excess <= worst[id].excess) continue;  // false for NaN, which is the worst and stays
          if (std::isnan(worst[id].excess)) continue;
          worst[id].excess = excess;
          worst[id].where = "token " + std::to_string(token) + " head " + std::to_string(head) + " column " +
                            std::to_string(d) + " position " + std::to_string(problem.positions[token]) + ": got " +
                            std::to_string(got) + ", expected " + std::to_string(expected[d]);
        }
      }
    });
  }
  for (std::thread& thread : pool) thread.join();
  Worst all;
  for (const Worst& one : worst) {
    if (std::isnan(one.excess) || one.excess > all.excess) all = one;
    if (std::isnan(one.excess)) break;
  }
  return all;
}

int failures = 0;

void report(const std::string& name, bool good, const std::string& detail) {
  std::printf("%s %-58s %s\n", good ? "PASS" : "FAIL", name.c_str(), detail.c_str());
  std::fflush(stdout);
  failures += good ? 0 : 1;
}

void check_case(const Case& c, cuda::Context& context) {
  Problem problem(c);
  problem.poison_output(context);
  problem.run(context);
  const std::vector<uint16_t> first = problem.result(context);
  problem.poison_output(context);
  problem.run(context);
  const bool repeats = problem.result(context) == first;
  const Worst worst = compare(problem, first, [](int) { return true; });
  char text[64];
  std::snprintf(text, sizeof(text), "%.3f of allowed, %s; ", worst.excess, repeats ? "repeats" : "DOES NOT REPEAT");
  report(c.name, worst.excess <= 1 && repeats, text + worst.where);
}

Case decode_case(int heads, int kv_heads, int dim, int block_size, std::vector<int> lengths, int splits = 0) {
  Case c;
  c.heads = heads, c.kv_heads = kv_heads, c.dim = dim, c.block_size = block_size, c.splits = splits;
  for (const int length : lengths) c.sequences.push_back({1, length});
  c.name = "decode H" + std::to_string(heads) + "/" + std::to_string(kv_heads) + " D" + std::to_string(dim) + " bs" +
           std::to_string(block_size) + " n" + std::to_string(lengths.size()) + " max " +
           std::to_string(*std::max_element(lengths.begin(), lengths.end())) + " splits " + std::to_string(splits);
  return c;
}

Case prefill_case(int heads, int kv_heads, int dim, int block_size, std::vector<Sequence> sequences) {
  Case c;
  c.heads = heads, c.kv_heads = kv_heads, c.dim = dim, c.block_size = block_size, c.sequences = std::move(sequences);
  c.name = "mixed H" + std::to_string(heads) + "/" + std::to_string(kv_heads) + " D" + std::to_string(dim) + " bs" +
           std::to_string(block_size);
  for (const Sequence& s : c.sequences) c.name += " " + std::to_string(s.queries) + ":" + std::to_string(s.length);
  return c;
}

template <class Change>
Case with(Case c, const std::string& suffix, Change change) {
  c.name += " " + suffix;
  change(c);
  return c;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  const std::vector<int> ragged = {1, 2, 15, 16, 17, 63, 64, 65, 100, 255, 300, 777, 1024};
  const std::vector<Sequence> mixture = {{1, 200}, {130, 130}, {1, 1},   {17, 300},
                                         {2, 2},   {64, 64},   {1, 515}, {129, 400}};
  all.push_back(with(decode_case(4, 2, 128, 16, {1, 40, 300}), "generic", [](Case& c) { c.generic = true; }));
  all.push_back(with(prefill_case(4, 2, 48, 16, {{5, 9}, {1, 20}}), "generic", [](Case& c) { c.generic = true; }));
  for (const int splits : {0, 1, 2, 4}) all.push_back(decode_case(8, 8, 128, 16, ragged, splits));
  for (const int block : {8, 32, 64, 128}) all.push_back(decode_case(4, 4, 128, block, ragged, 3));
  all.push_back(with(decode_case(4, 4, 128, 24, ragged), "chosen", [](Case& x) { x.splits = -1; }));
  for (const int kv : {1, 2, 4, 8}) all.push_back(decode_case(32, kv, 128, 16, {5, 333, 1500}, 4));
  for (const int dim : {8, 48, 64, 80, 96, 256}) {
    all.push_back(decode_case(4, 4, dim, 16, {3, 100, 700}, 2));
    all.push_back(decode_case(24, 2, dim, 32, {3, 100, 700}, 2));
    all.push_back(prefill_case(4, 2, dim, 16, {{70, 70}, {1, 50}, {33, 200}}));
  }
  all.push_back(prefill_case(2, 1, 128, 24, mixture));
  for (const int block : {8, 16, 32, 64, 128}) {
    all.push_back(prefill_case(2, 1, 128, block, mixture));
    all.push_back(with(all.back(), "portable", [](Case& x) { x.portable = true; }));
  }
  all.push_back(prefill_case(8, 2, 128, 16, {{1, 1}, {515, 515}}));
  all.push_back(prefill_case(4, 4, 64, 16, {{700, 1200}}));
  all.push_back(decode_case(32, 32, 128, 16, {4096}, 0));
  all.push_back(decode_case(32, 8, 128, 16, {4000}, 0));
  const std::vector<Case> plain = {
      decode_case(8, 8, 128, 16, ragged, 3),
      decode_case(16, 1, 64, 32, {700, 90}, 2),
      prefill_case(4, 2, 128, 16, mixture),
      with(prefill_case(4, 2, 128, 16, mixture), "portable", [](Case& x) { x.portable = true; }),
      prefill_case(2, 2, 64, 32, mixture),
      prefill_case(2, 2, 256, 32, mixture)};
  for (const Case& c : plain) {
    all.push_back(with(c, "bf16", [](Case& x) { x.dtype = DType::bf16; }));
    all.push_back(with(c, "stride", [](Case& x) { x.spare_columns = 2 * x.kv_heads * x.dim; }));
    all.push_back(with(c, "alibi", [](Case& x) { x.alibi = true; }));
    all.push_back(with(c, "cap", [](Case& x) { x.soft_cap = 3; }));
    for (const int window : {1, 16, 50, 256}) {
      all.push_back(with(c, "window " + std::to_string(window), [&](Case& x) { x.window = window; }));
    }
    all.push_back(with(c, "all bf16", [](Case& x) {
      x.alibi = true, x.soft_cap = 5, x.window = 77, x.dtype = DType::bf16, x.spare_blocks = 9;
    }));
    all.push_back(with(c, "sharp", [](Case& x) { x.spread = 20; }));
    all.push_back(with(c, "bucketed", [](Case& x) { x.spare_blocks = 200; }));
  }
  return all;
}

/// A NaN in one sequence's query and cache must not reach the others, to the bit.
void check_isolation(const Case& c, cuda::Context& context) {
  Problem problem(c);
  problem.run(context);
  const std::vector<uint16_t> clean = problem.result(context);
  const int victim = 1;
  for (int position = 0; position < c.sequences[victim].length; position += 7) {
    problem.values[problem.slot(victim, position, 0)] = 0x7e00;
    problem.keys[problem.slot(victim, position, 0) + 1] = 0x7e00;
  }
  problem.q[static_cast<size_t>(problem.offsets[victim]) * (c.heads * c.dim + c.spare_columns)] = 0x7fff;
  problem.upload();
  problem.run(context);
  const std::vector<uint16_t> dirty = problem.result(context);
  int changed = 0, nans = 0;
  for (int token = 0; token < problem.tokens; ++token) {
    for (int i = 0; i < c.heads * c.dim; ++i) {
      const size_t at = static_cast<size_t>(token) * c.heads * c.dim + i;
      if (problem.sequence_of[token] == victim)
        nans += std::isnan(value_of(dirty[at], c.dtype));
      else
        changed += clean[at] != dirty[at];
    }
  }
  report("isolation, " + c.name, changed == 0 && nans > 0,
         std::to_string(changed) + " numbers of others changed, " + std::to_string(nans) + " NaNs in its own");
}

/// One captured graph replayed while lengths grow in device memory.
void check_replay(cuda::Context& context) {
  Case c = decode_case(8, 8, 128, 16, {1500, 700, 30}, 0);
  Problem problem(c);
  problem.run(context);  // scratch grows here, not while capturing
  problem.result(context);
  cudaGraph_t graph;
  cudaGraphExec_t replay;
  context.set_capturing(true);
  check(cudaStreamBeginCapture(context.stream, cudaStreamCaptureModeThreadLocal), "capturing");
  problem.run(context);
  problem.run(context);
  check(cudaStreamEndCapture(context.stream, &graph), "ending the capture");
  context.set_capturing(false);
  check(cudaGraphInstantiate(&replay, graph, 0), "making a graph");
  for (int round = 0; round < 4; ++round) {
    for (size_t s = 0; s < problem.positions.size(); ++s) {
      problem.positions[s] = c.sequences[s].length - 1 - round * (s == 0 ? 400 : 7);
    }
    problem.upload();
    problem.poison_output(context);
    check(cudaGraphLaunch(replay, context.stream), "replaying");
    const Worst worst = compare(problem, problem.result(context), [](int) { return true; });
    report("replay " + std::to_string(round), worst.excess <= 1, std::to_string(worst.excess) + " " + worst.where);
  }
  cudaGraphExecDestroy(replay);
  cudaGraphDestroy(graph);
}

// --- measuring -------------------------------------------------------------------------------------------------------

__global__ void read_kernel(const uint4* data, size_t count, unsigned* out) {
  unsigned mixed = 0;
  size_t i = blockIdx.x * static_cast<size_t>(blockDim.x) + threadIdx.x;
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
  for (; i + 7 * step < count; i += 8 * step) {
    uint4 x[8];
#pragma unroll
    for (int j = 0; j < 8; ++j) x[j] = __ldcs(data + i + j * step);
#pragma unroll
    for (int j = 0; j < 8; ++j) mixed ^= x[j].x ^ x[j].y ^ x[j].z ^ x[j].w;
  }
  if (mixed == 0x12345678) *out = mixed;
}

__global__ void fill_kernel(__half* data, size_t count) {
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
  for (size_t i = blockIdx.x * static_cast<size_t>(blockDim.x) + threadIdx.x; i < count; i += step) {
    data[i] = __float2half(static_cast<float>((i * 2654435761u >> 7) % 2001) / 1000.0f - 1.0f);
  }
}

/// µs of one call of run(i): `calls` of them captured as one graph, replayed.
double time_us(cuda::Context& context, int calls, const std::function<void(int)>& run) {
  run(0);
  check(cudaStreamSynchronize(context.stream), "warming up");
  cudaGraph_t graph;
  cudaGraphExec_t replay;
  check(cudaStreamBeginCapture(context.stream, cudaStreamCaptureModeThreadLocal), "capturing");
  for (int i = 0; i < calls; ++i) run(i);
  check(cudaStreamEndCapture(context.stream, &graph), "ending the capture");
  check(cudaGraphInstantiate(&replay, graph, 0), "making a graph");
  cudaEvent_t start, end;
  cudaEventCreate(&start), cudaEventCreate(&end);
  for (int i = 0; i < 2; ++i) check(cudaGraphLaunch(replay, context.stream), "replaying");
  const int rounds = 5;
  cudaEventRecord(start, context.stream);
  for (int i = 0; i < rounds; ++i) check(cudaGraphLaunch(replay, context.stream), "replaying");
  cudaEventRecord(end, context.stream);
  check(cudaEventSynchronize(end), "measuring");
  float ms = 0;
  cudaEventElapsedTime(&ms, start, end);
  cudaEventDestroy(start), cudaEventDestroy(end);
  cudaGraphExecDestroy(replay), cudaGraphDestroy(graph);
  return ms * 1000.0 / (rounds * calls);
}

double read_ceiling(cuda::Context& context) {
  const size_t bytes = size_t{4} << 30;
  Buffer data = cuda::allocate_device(bytes, "the ceiling"), out = cuda::allocate_device(16, "the ceiling");
  double best = 0;
  for (const int per_sm : {4, 8, 16}) {
    const int blocks = context.multiprocessors * per_sm;
    const size_t step = static_cast<size_t>(blocks) * 256 * 8, count = bytes / 16 / step * step;
    const double us = time_us(context, 4, [&](int) {
      read_kernel<<<blocks, 256, 0, context.stream>>>(data.as<uint4>(), count, out.as<unsigned>());
    });
    best = std::max(best, count * 16 / us / 1000.0);
  }
  return best;
}

/// A batch of equal sequences whose caches are rotated so that nothing stays in the L2 cache.
class Bench {
 public:
  Bench(cuda::Context& context, int sequences, int queries, int length, int heads, int kv_heads, int dim,
        int block_size, DType dtype)
      : context_(context), queries_(queries) {
    const int blocks_each = (length + block_size - 1) / block_size;
    const size_t numbers = static_cast<size_t>(sequences) * blocks_each * kv_heads * block_size * dim;
    copies = static_cast<int>(std::clamp<size_t>((size_t{300} << 20) / (numbers * 4), 1, 64));
    keys_ = cuda::allocate_device(numbers * 2 * copies, "keys");
    values_ = cuda::allocate_device(numbers * 2 * copies, "values");
    const int tokens = sequences * queries, columns = heads * dim;
    q_ = cuda::allocate_device(static_cast<size_t>(tokens) * columns * 2, "q");
    out_ = cuda::allocate_device(static_cast<size_t>(tokens) * columns * 2, "out");
    for (Buffer* b : {&keys_, &values_}) {
      fill_kernel<<<1024, 256, 0, context.stream>>>(b->as<__half>(), b->bytes() / 2);
    }
    check(cudaMemsetAsync(q_.data(), 0x38, q_.bytes(), context.stream), "filling");
    std::vector<int32_t> ints;
    for (int s = 0; s <= sequences; ++s) ints.push_back(s * queries);
    for (int t = 0; t < tokens; ++t) ints.push_back(length - queries + t % queries);
    for (int t = 0; t < tokens; ++t) ints.push_back(t / queries);
    for (int s = 0; s < sequences; ++s) ints.push_back(length);
    std::vector<int32_t> order(static_cast<size_t>(sequences) * blocks_each);
    std::iota(order.begin(), order.end(), 0);
    std::mt19937 random(1);
    std::shuffle(order.begin(), order.end(), random);
    ints.insert(ints.end(), order.begin(), order.end());
    ints_ = cuda::allocate_device(ints.size() * 4, "the batch");
    check(cudaMemcpy(ints_.data(), ints.data(), ints.size() * 4, cudaMemcpyHostToDevice), "copying");
    AttentionArgs& a = args;
    a.out = {out_.data(), dtype, tokens, columns, columns};
    a.q = {q_.data(), dtype, tokens, columns, columns};
    a.cache = {nullptr, nullptr, DType::f16, sequences * blocks_each, block_size, kv_heads, dim};
    a.batch.tokens = tokens, a.batch.sequences = sequences, a.batch.max_blocks = blocks_each;
    int32_t* at = ints_.as<int32_t>();
    a.batch.query_offsets = at, at += sequences + 1;
    a.batch.positions = at, at += tokens;
    a.batch.sequence_of = at, at += tokens;
    a.batch.kv_lengths = at, at += sequences;
    a.batch.block_tables = at;
    a.heads = heads;
    a.scale = 1.0f / std::sqrt(static_cast<float>(dim));
    bytes = numbers * 4.0;
    double seen = 0;
    for (int i = 0; i < queries; ++i) seen += length - queries + i + 1;
    flops = 4.0 * dim * heads * seen * sequences;
    numbers_ = numbers;
    check(cudaStreamSynchronize(context.stream), "filling");
  }

  AttentionArgs of(int call) const {
    AttentionArgs a = args;
    a.cache.keys = keys_.as<__half>() + numbers_ * (call % copies);
    a.cache.values = values_.as<__half>() + numbers_ * (call % copies);
    return a;
  }

  double decode_us(int splits) {
    return time_us(context_, std::max(20, copies),
                   [&](int i) { cuda::attention_decode(cuda::attention_params(of(i)), context_, splits); });
  }
  double prefill_us(bool hopper) {
    return time_us(context_, std::max(20, copies), [&](int i) {
      const cuda::AttentionParams params = cuda::attention_params(of(i));
      if (!hopper || !cuda::attention_prefill_hopper(params, context_)) cuda::attention_prefill(params, context_);
    });
  }

  AttentionArgs args;
  double bytes = 0, flops = 0;
  int copies = 1;

 private:
  cuda::Context& context_;
  int queries_;
  size_t numbers_ = 0;
  Buffer keys_, values_, q_, out_, ints_;
};

void bench_decode(cuda::Context& context, double ceiling) {
  struct Shape {
    int sequences, length, heads, kv_heads, dim, block;
  };
  std::printf("\n%-48s %7s %9s %9s %6s\n", "decode", "splits", "us", "GB/s", "share");
  const Shape shapes[] = {{32, 1024, 32, 32, 128, 16}, {32, 1024, 32, 32, 128, 64}, {64, 200, 32, 32, 128, 16},
                          {128, 192, 32, 32, 128, 16}, {8, 1024, 32, 32, 128, 16},  {4, 1024, 32, 32, 128, 16},
                          {1, 4096, 32, 32, 128, 16},  {1, 2048, 32, 32, 128, 16},  {1, 1024, 32, 32, 128, 16},
                          {1, 512, 32, 32, 128, 16},   {1, 100, 32, 32, 128, 16},   {1, 100, 32, 32, 128, 64},
                          {32, 1024, 32, 8, 128, 16},  {1, 4096, 32, 8, 128, 16},   {1, 1024, 32, 8, 128, 16},
                          {32, 1024, 32, 1, 128, 16},  {32, 2048, 32, 32, 64, 16},  {32, 1024, 16, 16, 256, 16}};
  for (const Shape& s : shapes) {
    Bench bench(context, s.sequences, 1, s.length, s.heads, s.kv_heads, s.dim, s.block, DType::f16);
    const int chosen = cuda::decode_splits(cuda::attention_params(bench.of(0)), context.multiprocessors);
    std::vector<int> splits = {chosen};
    for (const int other : {1, 2, 4, 8, 16, 32}) {
      if (other != chosen && other <= (s.length + 255) / 256) splits.push_back(other);
    }
    for (const int split : splits) {
      const double us = bench.decode_us(split), rate = bench.bytes / us / 1000.0;
      char name[96];
      std::snprintf(name, sizeof(name), "batch %d context %d heads %d/%d D %d block %d", s.sequences, s.length, s.heads,
                    s.kv_heads, s.dim, s.block);
      std::printf("%-48s %6d%s %9.2f %9.0f %5.1f%%\n", name, split, split == chosen ? "*" : " ", us, rate,
                  100 * rate / ceiling);
    }
  }
}

void bench_prefill(cuda::Context& context) {
  struct Shape {
    int sequences, queries, length, heads, kv_heads, dim, block;
    DType dtype;
    bool alibi;
  };
  std::printf("\n%-70s %10s %9s %10s %9s\n", "prefill", "us", "TFLOP/s", "portable", "TFLOP/s");
  const Shape shapes[] = {
      {1, 128, 128, 32, 32, 128, 16, DType::f16, false},    {1, 512, 512, 32, 32, 128, 16, DType::f16, false},
      {1, 2048, 2048, 32, 32, 128, 16, DType::f16, false},  {1, 2048, 2048, 32, 32, 128, 64, DType::f16, false},
      {1, 2048, 2048, 32, 32, 128, 16, DType::bf16, false}, {1, 2048, 2048, 40, 40, 128, 16, DType::f16, true},
      {4, 2048, 2048, 32, 32, 128, 16, DType::f16, false},  {1, 4096, 4096, 32, 32, 128, 16, DType::f16, false},
      {1, 8192, 8192, 32, 32, 128, 16, DType::f16, false},  {1, 2048, 8192, 32, 32, 128, 16, DType::f16, false},
      {64, 128, 128, 32, 32, 128, 16, DType::f16, false},   {1, 2048, 2048, 32, 8, 128, 16, DType::f16, false},
      {1, 2048, 2048, 32, 32, 64, 16, DType::f16, false},   {1, 2048, 2048, 16, 16, 256, 16, DType::f16, false}};
  for (const Shape& s : shapes) {
    Bench bench(context, s.sequences, s.queries, s.length, s.heads, s.kv_heads, s.dim, s.block, s.dtype);
    std::vector<float> slopes(s.heads, 0.01f);
    Buffer device = cuda::allocate_device(slopes.size() * 4, "slopes");
    check(cudaMemcpy(device.data(), slopes.data(), slopes.size() * 4, cudaMemcpyHostToDevice), "copying");
    if (s.alibi) bench.args.alibi_slopes = device.as<float>();
    const double us = bench.prefill_us(true), portable = bench.prefill_us(false);
    char name[128];
    std::snprintf(name, sizeof(name), "%d x %d tokens, context %d, heads %d/%d D %d block %d%s%s", s.sequences,
                  s.queries, s.length, s.heads, s.kv_heads, s.dim, s.block, s.dtype == DType::bf16 ? " bf16" : "",
                  s.alibi ? " alibi" : "");
    std::printf("%-70s %10.1f %9.1f %10.1f %9.1f\n", name, us, bench.flops / us / 1e6, portable,
                bench.flops / portable / 1e6);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    cuda::Context context(0, DType::f16);
    for (const Case& c : cases()) {
      try {
        check_case(c, context);
      } catch (const DeviceError& error) {
        report(c.name, false, error.what());
      }
    }
    check_isolation(prefill_case(4, 2, 128, 16, {{1, 100}, {40, 90}, {1, 300}, {130, 200}}), context);
    check_isolation(decode_case(4, 4, 128, 16, {600, 900, 30}, 2), context);
    check_replay(context);
    std::printf("%d failures\n", failures);
    if (argc > 1 && std::strcmp(argv[1], "--bench") == 0) {
      const double ceiling = read_ceiling(context);
      std::printf("\nread ceiling %.0f GB/s\n", ceiling);
      bench_decode(context, ceiling);
      bench_prefill(context);
    }
  } catch (const std::exception& error) {
    std::printf("FAIL %s\n", error.what());
    return 1;
  }
  return failures ? 1 : 0;
}
