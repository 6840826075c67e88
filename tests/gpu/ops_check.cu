// The small operations and the sampler of the CUDA engine against plain loops in double. With --bench: their speed.
// nvcc -std=c++17 -O3 -gencode=arch=compute_90a,code=sm_90a --expt-relaxed-constexpr -I. tests/gpu/ops_check.cu
//   kernels/cuda/{rms_norm,rope,cache_write,activation,elementwise,gather_rows,sampling,step_graphs,cuda_context,
//   packed_weight}.cu -lcublasLt
#include <cstring>
#include <functional>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/step_graphs.h"
#include "tests/gpu/check.h"
#include "tests/support/naive_sampling.h"

namespace flightdeck::check {
namespace {

using cuda::Context;

std::string title(const char* op, DType dtype, std::initializer_list<std::pair<const char*, int>> sizes) {
  std::string text = std::string(op) + " " + name_of(dtype);
  for (const auto& [name, value] : sizes) text += std::string(" ") + name + " " + std::to_string(value);
  return text;
}

// Norms.

void check_norm(Context& context, int rows, int n, int stride, bool residual) {
  const DType dtype = context.activation;
  const std::string name =
      title(residual ? "residual_rms_norm" : "rms_norm", dtype, {{"rows", rows}, {"n", n}, {"stride", stride}});
  guarded(name, [&] {
    const auto count = static_cast<size_t>(rows) * stride;
    Doubles in = random_values(count, 1, 3.0), delta = random_values(count, 2), weight = random_values(n, 3);
    Doubles out(static_cast<size_t>(rows) * n, 0.0);
    Values device_in(in, dtype), device_delta(delta, dtype), device_out(out, dtype), device_weight(weight, DType::f32);
    const auto* weights = static_cast<const float*>(device_weight.data());
    if (residual) {
      cuda::residual_rms_norm({device_out.matrix(rows, n), device_in.matrix(rows, n, stride),
                               device_delta.matrix(rows, n, stride), weights, 1e-6f},
                              context);
      for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < n; ++c)
          in[static_cast<size_t>(r) * stride + c] += delta[static_cast<size_t>(r) * stride + c];
      }
      compare(name + " sum", device_in.read(), in, tolerance_of(dtype));
      in = device_in.read();  // the norm is of the rounded sum
    } else {
      cuda::rms_norm({device_out.matrix(rows, n), device_in.matrix(rows, n, stride), weights, 1e-6f}, context);
    }
    for (int r = 0; r < rows; ++r) {
      double squares = 0;
      const double* row = in.data() + static_cast<size_t>(r) * stride;
      for (int c = 0; c < n; ++c) squares += row[c] * row[c];
      for (int c = 0; c < n; ++c)
        out[static_cast<size_t>(r) * n + c] = row[c] / std::sqrt(squares / n + 1e-6) * weight[c];
    }
    compare(name, device_out.read(), out, tolerance_of(dtype));
  });
}

// Element by element.

double activate(Activation kind, double x) {
  switch (kind) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return std::max(x, 0.0);
  }
  return 0;
}

void check_activation(Context& context, int rows, int n, Activation kind, bool gated) {
  const DType dtype = context.activation;
  const std::string name = title(gated ? "gated_activation" : "activation", dtype,
                                 {{"rows", rows}, {"n", n}, {"kind", static_cast<int>(kind)}});
  guarded(name, [&] {
    const int width = gated ? 2 * n : n;
    Doubles in = random_values(static_cast<size_t>(rows) * width, 5, 4.0), out(static_cast<size_t>(rows) * n, 0.0);
    in[0] = -200;
    Values device_in(in, dtype), device_out(out, dtype);
    if (gated) {
      cuda::gated_activation({device_out.matrix(rows, n), device_in.matrix(rows, width), kind}, context);
    } else {
      cuda::activation({device_out.matrix(rows, n), device_in.matrix(rows, n), kind}, context);
    }
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < n; ++c) {
        const double* row = in.data() + static_cast<size_t>(r) * width;
        out[static_cast<size_t>(r) * n + c] = activate(kind, row[c]) * (gated ? row[n + c] : 1.0);
      }
    }
    compare(name, device_out.read(), out, tolerance_of(dtype));
  });
}

void check_binary(Context& context, int rows, int n, bool product) {
  const DType dtype = context.activation;
  const std::string name = title(product ? "multiply in place" : "add in place", dtype, {{"rows", rows}, {"n", n}});
  guarded(name, [&] {
    Doubles a = random_values(static_cast<size_t>(rows) * n, 6), b = random_values(a.size(), 7);
    Values device_a(a, dtype), device_b(b, dtype);
    const BinaryArgs args = {device_a.matrix(rows, n), device_a.matrix(rows, n), device_b.matrix(rows, n)};
    product ? cuda::multiply(args, context) : cuda::add(args, context);
    for (size_t i = 0; i < a.size(); ++i) a[i] = product ? a[i] * b[i] : a[i] + b[i];
    compare(name, device_a.read(), a, tolerance_of(dtype));
  });
}

void check_gather(Context& context, int n) {
  const DType dtype = context.activation;
  const std::string name = title("gather_rows", dtype, {{"n", n}});
  guarded(name, [&] {
    Doubles in = random_values(static_cast<size_t>(9) * n, 8), out(static_cast<size_t>(3) * n, 0.0), expected;
    Values device_in(in, dtype), device_out(out, dtype);
    const std::vector<int32_t> rows = {8, 0, 5};
    const Buffer device_rows = on_device(rows);
    cuda::gather_rows({device_out.matrix(3, n), device_in.matrix(9, n), device_rows.as<int32_t>()}, context);
    for (const int row : rows) expected.insert(expected.end(), in.begin() + row * n, in.begin() + (row + 1) * n);
    compare(name, device_out.read(), expected, 0);
  });
}

// Rotary embedding and the cache.

struct CacheCase {
  int heads, kv_heads, dim, rotary, block_size;
};

struct Ragged {
  std::vector<int32_t> positions, sequence_of, tables;
  int sequences = 3, max_blocks = 0, blocks = 0;
};

Ragged ragged(int block_size) {
  Ragged batch;
  const int past[] = {0, 100, 31}, tokens[] = {37, 1, 3};
  for (int s = 0; s < 3; ++s) {
    for (int t = 0; t < tokens[s]; ++t) {
      batch.positions.push_back(past[s] + t);
      batch.sequence_of.push_back(s);
    }
  }
  batch.max_blocks = (101 + block_size - 1) / block_size;
  batch.blocks = 3 * batch.max_blocks;
  for (int b = 0; b < batch.blocks; ++b) batch.tables.push_back((b * 7 + 3) % batch.blocks);
  if (batch.blocks % 7 == 0) {
    for (int b = 0; b < batch.blocks; ++b) batch.tables[b] = batch.blocks - 1 - b;
  }
  return batch;
}

void rotate(double* head, const Doubles& table, int position, int rotary) {
  for (int i = 0; i < rotary / 2; ++i) {
    const double cosine = table[static_cast<size_t>(position) * rotary + i];
    const double sine = table[static_cast<size_t>(position) * rotary + rotary / 2 + i];
    const double x = head[i], y = head[i + rotary / 2];
    head[i] = x * cosine - y * sine;
    head[i + rotary / 2] = y * cosine + x * sine;
  }
}

Doubles rope_table(int rotary) {
  Doubles table;
  for (int p = 0; p < 128; ++p) {
    for (int i = 0; i < rotary; ++i) {
      const double angle = p * std::pow(10000.0, -2.0 * (i % (rotary / 2)) / rotary);
      table.push_back(i < rotary / 2 ? std::cos(angle) : std::sin(angle));
    }
  }
  return table;
}

void check_rope(Context& context, const CacheCase& shape) {
  const DType dtype = context.activation;
  const std::string name = title("rope", dtype, {{"heads", shape.heads}, {"dim", shape.dim}, {"rotary", shape.rotary}});
  guarded(name, [&] {
    const std::vector<int32_t> positions = {0, 7, 127};
    Doubles x = random_values(static_cast<size_t>(3) * shape.heads * shape.dim, 9), table = rope_table(shape.rotary);
    Values device_x(x, dtype), device_table(table, DType::f32);
    const Buffer device_positions = on_device(positions);
    cuda::rope({device_x.matrix(3, shape.heads * shape.dim), shape.heads, shape.dim, shape.rotary,
                static_cast<const float*>(device_table.data()), device_positions.as<int32_t>()},
               context);
    for (int t = 0; t < 3; ++t) {
      for (int head = 0; head < shape.heads; ++head)
        rotate(x.data() + (static_cast<size_t>(t) * shape.heads + head) * shape.dim, table, positions[t], shape.rotary);
    }
    compare(name, device_x.read(), x, tolerance_of(dtype));
  });
}

/// fused: rope_cache_write on qkv; else cache_write of the same matrix's key and value columns.
void check_cache(Context& context, const CacheCase& shape, bool fused) {
  const DType dtype = context.activation;
  const std::string name = title(fused ? "rope_cache_write" : "cache_write", dtype,
                                 {{"heads", shape.heads},
                                  {"kv", shape.kv_heads},
                                  {"dim", shape.dim},
                                  {"rotary", shape.rotary},
                                  {"block", shape.block_size}});
  guarded(name, [&] {
    const Ragged batch = ragged(shape.block_size);
    const int tokens = static_cast<int>(batch.positions.size()), dim = shape.dim, kv = shape.kv_heads;
    const int width = (shape.heads + 2 * kv) * dim;
    Doubles qkv = random_values(static_cast<size_t>(tokens) * width, 10), table = rope_table(shape.rotary);
    const auto slots = static_cast<size_t>(batch.blocks) * kv * shape.block_size * dim;
    Doubles keys = random_values(slots, 11), values = random_values(slots, 12);
    Values device_qkv(qkv, dtype), device_table(table, DType::f32), device_keys(keys, DType::f16),
        device_values(values, DType::f16);
    const Buffer positions = on_device(batch.positions), sequence_of = on_device(batch.sequence_of),
                 tables = on_device(batch.tables);
    BatchView view;
    view.tokens = tokens;
    view.sequences = batch.sequences;
    view.max_blocks = batch.max_blocks;
    view.positions = positions.as<int32_t>();
    view.sequence_of = sequence_of.as<int32_t>();
    view.block_tables = tables.as<int32_t>();
    const KvCacheView cache = {
        device_keys.data(), device_values.data(), DType::f16, batch.blocks, shape.block_size, kv, dim};
    if (fused) {
      cuda::rope_cache_write({cache, device_qkv.matrix(tokens, width), view, shape.heads, shape.rotary,
                              static_cast<const float*>(device_table.data())},
                             context);
    } else {
      cuda::cache_write({cache, device_qkv.matrix(tokens, kv * dim, width, shape.heads * dim),
                         device_qkv.matrix(tokens, kv * dim, width, (shape.heads + kv) * dim), view},
                        context);
    }
    Doubles queries, device_queries;
    for (int t = 0; t < tokens; ++t) {
      double* row = qkv.data() + static_cast<size_t>(t) * width;
      for (int head = 0; fused && head < shape.heads + kv; ++head)
        rotate(row + head * dim, table, batch.positions[t], shape.rotary);
      for (int head = 0; head < kv; ++head) {
        const int block = batch.tables[batch.sequence_of[t] * batch.max_blocks + batch.positions[t] / shape.block_size];
        const size_t slot =
            ((static_cast<size_t>(block) * kv + head) * shape.block_size + batch.positions[t] % shape.block_size) * dim;
        for (int d = 0; d < dim; ++d) {
          keys[slot + d] = row[(shape.heads + head) * dim + d];
          values[slot + d] = row[(shape.heads + kv + head) * dim + d];
        }
      }
      queries.insert(queries.end(), row, row + shape.heads * dim);
    }
    const Doubles got = device_qkv.read();
    for (int t = 0; t < tokens; ++t)
      device_queries.insert(device_queries.end(), got.begin() + static_cast<ptrdiff_t>(t) * width,
                            got.begin() + static_cast<ptrdiff_t>(t) * width + shape.heads * dim);
    compare(name + " keys", device_keys.read(), keys, tolerance_of(DType::f16));
    compare(name + " values", device_values.read(), values, tolerance_of(DType::f16));
    compare(name + " queries", device_queries, queries, tolerance_of(dtype));
  });
}

// Sampling.

struct SampleCase {
  const char* name;
  double temperature, top_p, min_p;
  int top_k;
  double repetition = 1, presence = 0, frequency = 0;
  bool edits = false, pending = false;
};

const SampleCase kSampleCases[] = {
    {"greedy", 0, 1, 0, 0},
    {"greedy, edits", 0, 1, 0, 0, 1.2, 0.3, 0.1, true},
    {"greedy, edits, pending", 0, 1, 0, 0, 1.2, 0.3, 0.1, true, true},
    {"greedy, pending only", 0, 1, 0, 0, 1.5, 0, 0, false, true},
    {"plain", 1, 1, 0, 0},
    {"plain, hot", 30, 1, 0, 0},
    {"plain, cold", 0.05, 1, 0, 0},
    {"min_p", 1, 1, 0.02, 0},
    {"top_k 1", 1, 1, 0, 1},
    {"top_k 5", 1, 1, 0, 5},
    {"top_k 50, edits", 0.8, 1, 0, 50, 1.05, 0, 0, true, true},
    {"top_k 2000", 2, 1, 0, 2000},
    {"top_k beyond the vocabulary", 1, 1, 0, 1 << 20},
    {"top_p 0.9", 1, 0.9, 0, 0},
    {"top_p 0.999, hot", 20, 0.999, 0, 0},
    {"top_p 0.05", 1, 0.05, 0, 0},
    {"top_k 40, top_p 0.85, min_p", 0.7, 0.85, 0.01, 40},
    {"top_k 5, top_p 0.85, T 0.3, rep 1.05 (Baichuan2)", 0.3, 0.85, 0, 5, 1.05, 0, 0, true, true},
    {"top_p 0.95, min_p 0.1", 1.3, 0.95, 0.1, 0},
};

/// `levels` > 0: logits are multiples of 1 / levels, so that many are equal.
void check_sampling(Context& context, const SampleCase& rules, int vocab, int rows, int levels) {
  const std::string name =
      "sample " + std::string(rules.name) + ", vocab " + std::to_string(vocab) + (levels ? ", equal logits" : "");
  guarded(name, [&] {
    Doubles logits = random_values(static_cast<size_t>(rows) * vocab, static_cast<uint32_t>(vocab + rules.top_k), 3.0);
    if (levels) {
      for (double& logit : logits) logit = std::round(logit * levels) / levels;
    }
    Values device(logits, DType::f32);
    std::mt19937 random(17);
    std::vector<std::vector<LogitEdit>> edits(rows);
    std::vector<Buffer> buffers;
    std::vector<SampleRow> table(rows);
    std::vector<int32_t> last_tokens(rows);
    for (int r = 0; r < rows; ++r) {
      for (int i = 0; rules.edits && i < std::min(vocab / 2, 300); ++i) {
        LogitEdit edit;
        edit.id = static_cast<int32_t>((i * 2 + r) % vocab);  // distinct: at most half of the ids
        edit.bias = i % 7 == 0 ? 1.5f : 0.0f;
        edit.seen = i % 3 != 0;
        edit.generated = i % 4;
        edit.forbidden = i % 11 == 0;
        edits[r].push_back(edit);
      }
      buffers.push_back(on_device(edits[r]));
      last_tokens[r] = static_cast<int32_t>(random() % static_cast<unsigned>(vocab));
      SampleRow& row = table[r];
      row.edits = edits[r].empty() ? nullptr : buffers.back().as<LogitEdit>();
      row.edit_count = static_cast<int32_t>(edits[r].size());
      row.slot = rows - 1 - r;
      row.pending = rules.pending;
      row.top_k = rules.top_k;
      row.temperature = rules.temperature;
      row.top_p = rules.top_p;
      row.min_p = rules.min_p;
      row.uniform = static_cast<double>(random()) / 4294967296.0;
      row.presence_penalty = rules.presence;
      row.frequency_penalty = rules.frequency;
      row.repetition_penalty = rules.repetition;
    }
    const Buffer device_table = on_device(table), device_last = on_device(last_tokens);
    const Buffer ids = on_device(std::vector<int32_t>(rows, -7));
    cuda::sample({device.matrix(rows, vocab), ids.as<int32_t>(), device_last.as<int32_t>(),
                  device_table.as<SampleRow>(), rules.temperature <= 0},
                 context);
    std::vector<int32_t> got(rows), got_last(rows);
    cuda::check(cudaDeviceSynchronize(), "sampling");
    cudaMemcpy(got.data(), ids.data(), rows * sizeof(int32_t), cudaMemcpyDeviceToHost);
    cudaMemcpy(got_last.data(), device_last.data(), rows * sizeof(int32_t), cudaMemcpyDeviceToHost);
    int wrong = 0, excused = 0, first = -1, first_expected = 0, slots = 0;
    for (int r = 0; r < rows; ++r) {
      std::vector<float> row(logits.begin() + static_cast<ptrdiff_t>(r) * vocab,
                             logits.begin() + static_cast<ptrdiff_t>(r + 1) * vocab);
      double margin = 1;
      const int32_t expected = test::naive_sample(row.data(), vocab, table[r], edits[r].data(),
                                                  rules.pending ? last_tokens[table[r].slot] : -1, &margin);
      slots += got_last[table[r].slot] == got[r] ? 0 : 1;
      if (got[r] == expected) continue;
      if (margin < 2e-6) {
        ++excused;
        continue;
      }
      if (wrong++ == 0) first = r, first_expected = expected;
    }
    char text[160];
    std::snprintf(text, sizeof(text),
                  "%d rows, %d wrong, %d within rounding, %d slots wrong; row %d: got %d, expected %d", rows, wrong,
                  excused, slots, first, first < 0 ? 0 : got[first], first_expected);
    report(name, wrong == 0 && slots == 0 && excused <= 1 + rows / 50, text);
  });
}

void check_bad_rows(Context& context) {
  guarded("sample rows without a best", [&] {
    const int vocab = 5000;
    Doubles logits = random_values(static_cast<size_t>(4) * vocab, 3);
    logits[4999] = NAN;                                             // row 0: the last is no number
    for (int i = 0; i < vocab; ++i) logits[vocab + i] = -INFINITY;  // row 1: nothing is possible
    logits[2 * vocab + 7] = INFINITY;                               // row 2
    Values device(logits, DType::f32);
    for (const double temperature : {0.0, 1.0}) {
      std::vector<SampleRow> table(4);
      for (int r = 0; r < 4; ++r) table[r].slot = r, table[r].temperature = temperature, table[r].uniform = 0.5;
      const Buffer rows = on_device(table), last = on_device(std::vector<int32_t>(4, 0)),
                   ids = on_device(std::vector<int32_t>(4, 0));
      cuda::sample(
          {device.matrix(4, vocab), ids.as<int32_t>(), last.as<int32_t>(), rows.as<SampleRow>(), temperature <= 0},
          context);
      int32_t got[4];
      cudaDeviceSynchronize();
      cudaMemcpy(got, ids.data(), sizeof(got), cudaMemcpyDeviceToHost);
      char text[80];
      std::snprintf(text, sizeof(text), "got %d %d %d %d, expected -1 -1 -1 and an id", got[0], got[1], got[2], got[3]);
      report("sample rows without a best", got[0] == -1 && got[1] == -1 && got[2] == -1 && got[3] >= 0, text);
    }
  });
}

void check_pending(Context& context) {
  guarded("pending_tokens", [&] {
    const Buffer ids = on_device(std::vector<int32_t>{5, -1, -3, 0, -2}),
                 last = on_device(std::vector<int32_t>{70, -1, 72});
    cuda::pending_tokens({ids.as<int32_t>(), last.as<int32_t>(), 5}, context);
    int32_t got[5];
    cudaDeviceSynchronize();
    cudaMemcpy(got, ids.data(), sizeof(got), cudaMemcpyDeviceToHost);
    const int32_t expected[5] = {5, 70, 72, 0, 0};
    report("pending_tokens", std::memcmp(got, expected, sizeof(got)) == 0, "ids chosen by an earlier step");
  });
}

// Recorded steps.

void check_graphs(Context& context) {
  guarded("recorded steps", [&] {
    const DType dtype = context.activation;
    Doubles in = random_values(4096, 1, 0.05), out(4096, 0.0), weight(4096, 1.0);  // 2^15 times as large it still fits
    Values device_in(in, dtype), device_out(out, dtype), device_weight(weight, DType::f32);
    const auto* weights = static_cast<const float*>(device_weight.data());
    cuda::StepGraphs graphs(context);
    StepKey key;
    key.owner = key.tokens = key.sequences = 1;
    int launches = 0;
    for (int step = 1; step <= 5; ++step) {
      graphs.run(key, [&] {
        ++launches;
        for (int i = 0; i < 3; ++i)
          cuda::add({device_in.matrix(1, 4096), device_in.matrix(1, 4096), device_in.matrix(1, 4096)}, context);
        cuda::rms_norm({device_out.matrix(1, 4096), device_in.matrix(1, 4096), weights, 0.0f}, context);
      });
      if (step == 3) context.scratch(size_t{64} << 20);  // moves: recordings are dropped
    }
    compare(
        "recorded steps, doubled 15 times", device_in.read(),
        [&in] {
          Doubles grown = in;
          for (double& x : grown) x *= 32768.0;
          return grown;
        }(),
        0);
    double squares = 0;
    for (const double x : in) squares += x * x;
    for (double& x : in) x /= std::sqrt(squares / 4096);
    compare("recorded steps, normed", device_out.read(), in, tolerance_of(dtype));
    report("recorded steps, launches", launches == 4,
           std::to_string(launches) + " of 4: eager, recorded, replayed, eager, recorded");
    try {
      StepKey other = key;
      other.variant = 1;
      graphs.run(other, [] {});
      graphs.run(other, [&] { context.scratch(size_t{256} << 20); });
      report("recorded steps, error while recording", false, "no error");
    } catch (const DeviceError& error) {
      graphs.run(key, [] {});
      report("recorded steps, error while recording", cudaStreamSynchronize(context.stream) == cudaSuccess,
             error.what());
    }
  });
}

void check_all(Context& context) {
  for (const int n : {1, 5, 64, 172, 2048, 4096, 4100, 5120, 8192, 20000}) {
    for (const int rows : {1, 33}) {
      check_norm(context, rows, n, n, false);
      check_norm(context, rows, n, n, true);
    }
  }
  check_norm(context, 3, 64, 96, true);
  check_norm(context, 3, 64, 67, true);
  for (int kind = 0; kind < 4; ++kind) {
    check_activation(context, 3, 173, static_cast<Activation>(kind), false);
    check_activation(context, 3, 1024, static_cast<Activation>(kind), true);
  }
  check_activation(context, 2, 173, Activation::silu, true);
  check_activation(context, 70, 11008, Activation::silu, true);
  for (const int n : {31, 4096}) {
    check_binary(context, 4, n, true);
    check_binary(context, 4, n, false);
    check_gather(context, n);
  }
  for (const CacheCase& shape :
       {CacheCase{32, 32, 128, 128, 64}, CacheCase{8, 2, 64, 64, 16}, CacheCase{4, 1, 80, 32, 16},
        CacheCase{2, 2, 6, 6, 4}, CacheCase{4, 2, 128, 64, 128}, CacheCase{3, 1, 48, 48, 8}}) {
    check_rope(context, shape);
    check_cache(context, shape, true);
    check_cache(context, shape, false);
  }
  check_graphs(context);
}

void check_all_sampling(Context& context) {
  for (const SampleCase& rules : kSampleCases) {
    check_sampling(context, rules, 5, 64, 0);
    check_sampling(context, rules, 300, 200, 0);
    check_sampling(context, rules, 4097, 64, 0);
    check_sampling(context, rules, 4097, 32, 4);
    check_sampling(context, rules, 32000, 32, 0);
    check_sampling(context, rules, 125696, 16, 0);
  }
  check_bad_rows(context);
  check_pending(context);
}

// Speed.

void print_row(const char* name, int rows, double us, double bytes) {
  std::printf("%-28s rows %5d  %9.2f us  %8.1f GB/s\n", name, rows, us, bytes / us / 1e3);
}

void bench(Context& context) {
  const DType dtype = context.activation;
  const int hidden = 4096, inner = 11008, vocab = 125696, copies = 8;
  for (const int rows : {1, 8, 128, 2048}) {
    Doubles zeros(static_cast<size_t>(rows) * 2 * inner, 0.5);
    std::vector<Values> a, b;
    for (int i = 0; i < (rows > 128 ? 3 : copies); ++i) {
      a.emplace_back(zeros, dtype);
      b.emplace_back(zeros, dtype);
    }
    const auto pick = [&](std::vector<Values>& from, int i) -> Values& {
      return from[static_cast<size_t>(i) % from.size()];
    };
    Doubles ones(hidden, 1.0);
    Values weight(ones, DType::f32);
    const auto* weights = static_cast<const float*>(weight.data());
    double us = microseconds(context, 100, [&](int i) {
      cuda::residual_rms_norm({pick(b, i).matrix(rows, hidden), pick(a, i).matrix(rows, hidden),
                               pick(b, i + 1).matrix(rows, hidden), weights, 1e-6f},
                              context);
    });
    print_row("residual_rms_norm 4096", rows, us, 4.0 * rows * hidden * 2);
    us = microseconds(context, 100, [&](int i) {
      cuda::gated_activation({pick(b, i).matrix(rows, inner), pick(a, i).matrix(rows, 2 * inner), Activation::silu},
                             context);
    });
    print_row("gated_activation 11008", rows, us, 3.0 * rows * inner * 2);
    Doubles table = rope_table(128);
    Values device_table(table, DType::f32);
    std::vector<int32_t> positions(rows), sequence_of(rows), tables(static_cast<size_t>(rows));
    for (int t = 0; t < rows; ++t) positions[t] = t % 64, sequence_of[t] = tables[t] = t / 64;
    Doubles cache(static_cast<size_t>((rows + 63) / 64) * 64 * hidden, 0.0);
    Values keys(cache, DType::f16), values(cache, DType::f16);
    const Buffer p = on_device(positions), s = on_device(sequence_of), t = on_device(tables);
    BatchView view;
    view.tokens = rows;
    view.sequences = (rows + 63) / 64;
    view.max_blocks = 1;
    view.positions = p.as<int32_t>();
    view.sequence_of = s.as<int32_t>();
    view.block_tables = t.as<int32_t>();
    us = microseconds(context, 100, [&](int i) {
      cuda::rope_cache_write({{keys.data(), values.data(), DType::f16, (rows + 63) / 64, 64, 32, 128},
                              pick(a, i).matrix(rows, 3 * hidden),
                              view,
                              32,
                              128,
                              static_cast<const float*>(device_table.data())},
                             context);
    });
    print_row("rope_cache_write 32 x 128", rows, us, 6.0 * rows * hidden * 2);
  }
  for (const int rows : {1, 16, 128}) {
    Doubles logits = random_values(static_cast<size_t>(rows) * vocab, 1, 2.5);
    Values device(logits, DType::f32);
    for (const SampleCase& rules :
         {kSampleCases[0], kSampleCases[4], kSampleCases[9], kSampleCases[13], kSampleCases[17]}) {
      std::vector<SampleRow> table(rows);
      for (int r = 0; r < rows; ++r) {
        table[r].slot = r;
        table[r].temperature = rules.temperature;
        table[r].top_p = rules.top_p;
        table[r].min_p = rules.min_p;
        table[r].top_k = rules.top_k;
        table[r].uniform = (r + 0.5) / rows;
      }
      const Buffer samples = on_device(table), ids = on_device(std::vector<int32_t>(rows)),
                   last = on_device(std::vector<int32_t>(rows));
      const double us = microseconds(context, 30, [&](int) {
        cuda::sample({device.matrix(rows, vocab), ids.as<int32_t>(), last.as<int32_t>(), samples.as<SampleRow>(),
                      rules.temperature <= 0},
                     context);
      });
      print_row((std::string("sample ") + rules.name).substr(0, 28).c_str(), rows, us, 4.0 * rows * vocab);
    }
  }
}

int run(bool speed) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    Context context(0, dtype);
    check_all(context);
    if (dtype == DType::f16) check_all_sampling(context);
    if (speed && dtype == DType::f16) bench(context);
  }
  return finish();
}

}  // namespace
}  // namespace flightdeck::check

int main(int argc, char** argv) {
  try {
    return flightdeck::check::run(argc > 1 && std::strcmp(argv[1], "--bench") == 0);
  } catch (const std::exception& error) {
    std::printf("FAIL  %s\n", error.what());
    return 1;
  }
}
