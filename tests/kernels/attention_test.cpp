// Paged attention against the plain loop: grouped heads, windows, soft caps, ALiBi, any head size.
#include "tests/kernels/device.h"

namespace flightdeck::test {

class AttentionTest : public QObject {
  Q_OBJECT
 private slots:
  void matches_naive_data();
  void matches_naive();
  void row_is_the_same_alone_and_in_a_batch();
  void deterministic_sequences_are_the_same_in_every_company_data();
  void deterministic_sequences_are_the_same_in_every_company();
  void cutting_the_prompt_changes_nothing();
  void thread_count_changes_nothing();
  void large_scores_do_not_overflow();
};

namespace {

struct Case {
  int heads = 4, kv_heads = 2, dim = 64;
  DType dtype = DType::f16;
  int window = 0;
  float soft_cap = 0;
  bool alibi = false;
  int block_size = 16;
};

const std::vector<std::pair<const char*, Case>> kCases = {
    {"head size 8", {8, 4, 8}},
    {"head size 48", {4, 4, 48}},
    {"head size 64, 8 heads a group", {8, 1, 64}},
    {"head size 128", {2, 2, 128}},
    {"head size 80, float32 cache", {3, 1, 80, DType::f32}},
    {"head size 6", {2, 1, 6, DType::f32}},
    {"window 5", {4, 2, 64, DType::f16, 5}},
    {"window 40", {4, 2, 64, DType::f32, 40}},
    {"soft cap", {4, 2, 64, DType::f16, 0, 3.0f}},
    {"alibi", {4, 4, 64, DType::f16, 0, 0, true}},
    {"blocks of 4", {4, 2, 64, DType::f16, 0, 0, false, 4}},
    {"blocks of 128", {4, 2, 64, DType::f16, 0, 0, false, 128}},
};

const std::vector<Batch::Sequence> kRagged = {{0, 37}, {100, 1}, {0, 1}, {31, 3}, {64, 70}};
const Floats kSlopes = {0.5f, 0.25f, 0.125f, 0.0625f};

AttentionArgs arguments(const Case& which, Cache& cache, const Batch& batch, Floats& q, Floats& out) {
  AttentionArgs args;
  args.out = matrix_of(out, batch.tokens(), which.heads * which.dim);
  args.q = matrix_of(q, batch.tokens(), which.heads * which.dim);
  args.cache = cache.view();
  args.batch = batch.view();
  args.heads = which.heads;
  args.scale = 1.0f / std::sqrt(static_cast<float>(which.dim));
  args.window = which.window;
  args.soft_cap = which.soft_cap;
  args.alibi_slopes = which.alibi ? kSlopes.data() : nullptr;
  return args;
}

void naive_head(const Case& which, const Cache& cache, const Batch& batch, const Floats& q, int t, int head,
                Doubles& out) {
  const int kv_head = head / (which.heads / which.kv_heads);
  const int sequence = batch.sequence_of[static_cast<size_t>(t)];
  const int last = batch.positions[static_cast<size_t>(t)];
  const int first = which.window > 0 ? std::max(0, last - which.window + 1) : 0;
  const float* query = q.data() + (t * which.heads + head) * which.dim;
  Doubles weights;
  for (int p = first; p <= last; ++p) {
    double score = 0;
    for (int d = 0; d < which.dim; ++d)
      score += query[d] * cache.read(cache.keys, cache.index(batch, sequence, p, kv_head, d));
    score /= std::sqrt(which.dim);
    if (which.soft_cap > 0) score = which.soft_cap * std::tanh(score / which.soft_cap);
    if (which.alibi) score += static_cast<double>(kSlopes[static_cast<size_t>(head)]) * p;
    weights.push_back(score);
  }
  const double largest = *std::max_element(weights.begin(), weights.end());
  double total = 0;
  for (double& weight : weights) total += weight = std::exp(weight - largest);
  for (int d = 0; d < which.dim; ++d) {
    double sum = 0;
    for (int p = first; p <= last; ++p) {
      sum += weights[static_cast<size_t>(p - first)] *
             cache.read(cache.values, cache.index(batch, sequence, p, kv_head, d));
    }
    out.push_back(sum / total);
  }
}

Floats run(const Case& which, Cache& cache, const Batch& batch, Floats q, int threads = 0) {
  Floats out(q.size());
  make_cpu_backend({threads})->attention(arguments(which, cache, batch, q, out));
  return out;
}

Floats queries(const Case& which, const Batch& batch, float spread = 1.0f) {
  return random_floats(static_cast<size_t>(batch.tokens() * which.heads * which.dim), 21, spread);
}

}  // namespace

void AttentionTest::matches_naive_data() {
  QTest::addColumn<QString>("device");
  QTest::addColumn<int>("index");
  for (const char* device : Device::kNames) {
    for (size_t i = 0; i < kCases.size(); ++i)
      QTest::newRow(Device::row_name(device, kCases[i].first).c_str()) << device << static_cast<int>(i);
  }
}
void AttentionTest::matches_naive() {
  USE_DEVICE(device);
  QFETCH(int, index);
  Case which = kCases[static_cast<size_t>(index)].second;
  if (device.activation() != DType::f32) which.dtype = DType::f16;  // a GPU's cache has no other type
  const Batch batch(kRagged, which.block_size);
  Cache cache(batch, which.dtype, which.kv_heads, which.dim);
  Floats q = queries(which, batch), none;
  AttentionArgs args = arguments(which, cache, batch, q, none);
  args.q = device.put(q, batch.tokens(), which.heads * which.dim);
  args.cache = device.put(cache);
  args.batch = device.put(batch);
  if (which.alibi) args.alibi_slopes = device.put(kSlopes);
  Doubles expected;
  for (int t = 0; t < batch.tokens(); ++t) {
    for (int head = 0; head < which.heads; ++head) naive_head(which, cache, batch, q, t, head, expected);
  }
  for_each_target([&](const char* target) {
    args.out = device.make(batch.tokens(), which.heads * which.dim);
    device->attention(args);
    const double error = difference(device.get(args.out), expected);
    QVERIFY2(error <= device.tolerance(), qPrintable(QString("%1: %2").arg(target).arg(error)));
  });
}

void AttentionTest::row_is_the_same_alone_and_in_a_batch() {
  const Case which{8, 2, 64};
  const Batch batch(kRagged);
  Cache cache(batch, which.dtype, which.kv_heads, which.dim);
  const Floats q = queries(which, batch);
  const Floats together = run(which, cache, batch, q);
  const int width = which.heads * which.dim;
  for (int t = 0; t < batch.tokens(); t += 3) {
    const int sequence = batch.sequence_of[static_cast<size_t>(t)];
    Batch alone({{batch.positions[static_cast<size_t>(t)], 1}});
    alone.max_blocks = batch.max_blocks;
    alone.tables.assign(batch.tables.begin() + sequence * batch.max_blocks,
                        batch.tables.begin() + (sequence + 1) * batch.max_blocks);
    const Floats out = run(which, cache, alone, {q.begin() + t * width, q.begin() + (t + 1) * width});
    QVERIFY(std::equal(out.begin(), out.end(), together.begin() + t * width));
  }
}

namespace {

/// One sequence of a batch with its own blocks, as it is when nobody else is there.
Batch alone_of(const Batch& batch, size_t sequence) {
  Batch alone({batch.sequences[sequence]}, batch.block_size);
  const auto row = batch.tables.begin() + static_cast<std::ptrdiff_t>(sequence) * batch.max_blocks;
  alone.tables.assign(row, row + alone.max_blocks);
  return alone;
}

/// Short and long, single tokens and chunks; and more single tokens than the merging kernel counts at once.
std::vector<Batch::Sequence> company(bool many) {
  if (!many) return {{0, 1}, {300, 1}, {0, 150}, {256, 1}, {1999, 1}, {40, 33}, {700, 1}};
  std::vector<Batch::Sequence> sequences;
  for (int i = 0; i < 150; ++i) sequences.push_back({i % 7 == 0 ? 290 + i : i, 1});
  return sequences;
}

}  // namespace

void AttentionTest::deterministic_sequences_are_the_same_in_every_company_data() {
  QTest::addColumn<QString>("device");
  QTest::addColumn<bool>("many");
  QTest::addColumn<int>("dim");
  for (const char* device : Device::kNames) {
    for (const bool many : {false, true}) {
      for (const int dim : {64, 128}) {
        if (many && dim == 128) continue;  // a cache of hundreds of megabytes for nothing new
        QTest::newRow(
            Device::row_name(device, (many ? "150 sequences of " : "ragged, heads of ") + std::to_string(dim)).c_str())
            << device << many << dim;
      }
    }
  }
}
/// Bit for bit: neither the number of sequences nor the longest of them cuts a sequence's sums.
void AttentionTest::deterministic_sequences_are_the_same_in_every_company() {
  USE_DEVICE(device, true);
  QFETCH(bool, many);
  QFETCH(int, dim);
  const Case which{many ? 8 : 4, many ? 8 : 2, dim};
  const Batch batch(company(many));
  Cache cache(batch, which.dtype, which.kv_heads, which.dim);
  Floats q = queries(which, batch), none;
  AttentionArgs args = arguments(which, cache, batch, q, none);
  args.cache = device.put(cache);
  const int width = which.heads * which.dim;
  const auto attend = [&](const Batch& of, Floats from) {
    args.q = device.put(from, of.tokens(), width);
    args.batch = device.put(of);
    args.out = device.make(of.tokens(), width);
    device->attention(args);
    return device.get(args.out);
  };
  const Floats together = attend(batch, q);
  for (size_t s = 0; s < batch.sequences.size(); s += many ? 29 : 1) {
    const auto begin = static_cast<std::ptrdiff_t>(batch.offsets[s]) * width;
    const auto end = static_cast<std::ptrdiff_t>(batch.offsets[s + 1]) * width;
    const Floats out = attend(alone_of(batch, s), {q.begin() + begin, q.begin() + end});
    QVERIFY2(std::equal(out.begin(), out.end(), together.begin() + begin), qPrintable(QString("sequence %1").arg(s)));
  }
}

void AttentionTest::cutting_the_prompt_changes_nothing() {
  const Case which{4, 4, 48, DType::f16, 33};
  const Batch whole({{0, 150}});
  Cache cache(whole, which.dtype, which.kv_heads, which.dim);
  const Floats q = queries(which, whole);
  const Floats at_once = run(which, cache, whole, q);
  const int width = which.heads * which.dim;
  for (const auto& [past, tokens] : {std::pair{0, 50}, {50, 3}, {53, 97}}) {
    Batch part({{past, tokens}});
    part.max_blocks = whole.max_blocks;
    part.tables = whole.tables;
    const Floats out = run(which, cache, part, {q.begin() + past * width, q.begin() + (past + tokens) * width});
    QVERIFY(std::equal(out.begin(), out.end(), at_once.begin() + past * width));
  }
}

void AttentionTest::thread_count_changes_nothing() {
  const Case which{8, 2, 64};
  const Batch batch(kRagged);
  Cache cache(batch, which.dtype, which.kv_heads, which.dim);
  const Floats q = queries(which, batch);
  QVERIFY(run(which, cache, batch, q, 1) == run(which, cache, batch, q, 2));
}

void AttentionTest::large_scores_do_not_overflow() {
  const Case which{2, 2, 64};
  const Batch batch({{60, 5}});
  Cache cache(batch, which.dtype, which.kv_heads, which.dim);
  for (const float value : run(which, cache, batch, queries(which, batch, 1000.0f))) QVERIFY(std::isfinite(value));
}

}  // namespace flightdeck::test

QTEST_GUILESS_MAIN(flightdeck::test::AttentionTest)
#include "attention_test.moc"
