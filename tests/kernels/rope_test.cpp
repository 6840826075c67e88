// Rotary embedding and the writes into the paged cache.
#include "tests/kernels/naive.h"

namespace flightdeck::test {

class RopeTest : public QObject {
  Q_OBJECT
 private slots:
  void rope_matches_naive_data();
  void rope_matches_naive();
  void cache_write_fills_the_right_slots();
  void fused_equals_the_two_steps();
};

namespace {

constexpr int kPositions = 200;

Floats table_of(int rotary_dim) {
  Floats table;
  for (int p = 0; p < kPositions; ++p) {
    for (int i = 0; i < rotary_dim; ++i) {
      const int frequency = i % (rotary_dim / 2);
      const double angle = p * std::pow(10000.0, -2.0 * frequency / rotary_dim);
      table.push_back(static_cast<float>(i < rotary_dim / 2 ? std::cos(angle) : std::sin(angle)));
    }
  }
  return table;
}

}  // namespace

void RopeTest::rope_matches_naive_data() {
  QTest::addColumn<int>("dim");
  QTest::addColumn<int>("rotary");
  QTest::newRow("8") << 8 << 8;
  QTest::newRow("64") << 64 << 64;
  QTest::newRow("128, half of it") << 128 << 64;
}
void RopeTest::rope_matches_naive() {
  QFETCH(int, dim);
  QFETCH(int, rotary);
  const std::vector<int32_t> positions = {0, 7, 199};
  Floats x = random_floats(static_cast<size_t>(3 * 2 * dim), 1);
  Doubles expected(x.begin(), x.end());
  for (int t = 0; t < 3; ++t) {
    for (int at = t * 2 * dim; at < (t + 1) * 2 * dim; at += dim) {
      for (int i = 0; i < rotary / 2; ++i) {
        const double angle = positions[static_cast<size_t>(t)] * std::pow(10000.0, -2.0 * i / rotary);
        const auto low = static_cast<size_t>(at + i);
        const auto high = low + static_cast<size_t>(rotary / 2);
        expected[low] = x[low] * std::cos(angle) - x[high] * std::sin(angle);
        expected[high] = x[high] * std::cos(angle) + x[low] * std::sin(angle);
      }
    }
  }
  const Floats table = table_of(rotary);
  make_cpu_backend()->rope({matrix_of(x, 3, 2 * dim), 2, dim, rotary, table.data(), positions.data()});
  COMPARE_WITHIN(x, expected, Tolerance::float32);
}

void RopeTest::cache_write_fills_the_right_slots() {
  const Batch batch({{0, 20}, {33, 1}, {5, 3}}, 8);
  Cache cache(batch, DType::f16, 2, 48);
  const std::vector<uint8_t> before = cache.keys;
  Floats k = random_floats(static_cast<size_t>(batch.tokens() * 96), 1);
  Floats v = random_floats(k.size(), 2);
  make_cpu_backend()->cache_write(
      {cache.view(), matrix_of(k, batch.tokens(), 96), matrix_of(v, batch.tokens(), 96), batch.view()});
  for (int t = 0; t < batch.tokens(); ++t) {
    for (int c = 0; c < 96; ++c) {
      const size_t at = cache.index(batch, batch.sequence_of[size_t(t)], batch.positions[size_t(t)], c / 48, c % 48);
      QVERIFY(std::abs(cache.read(cache.keys, at) - k[size_t(t * 96 + c)]) <=
              Tolerance::half * std::abs(k[size_t(t * 96 + c)]) + 1e-7);
      QVERIFY(std::abs(cache.read(cache.values, at) - v[size_t(t * 96 + c)]) <=
              Tolerance::half * std::abs(v[size_t(t * 96 + c)]) + 1e-7);
    }
  }
  const size_t past = cache.index(batch, 1, 32, 0, 0);  // not of this step
  QCOMPARE(reinterpret_cast<uint16_t*>(cache.keys.data())[past],
           reinterpret_cast<const uint16_t*>(before.data())[past]);
}

void RopeTest::fused_equals_the_two_steps() {
  const int heads = 4;
  const int dim = 64;
  const Batch batch({{0, 9}, {33, 1}});
  Cache fused(batch, DType::f32, 2, dim);
  Cache separate(batch, DType::f32, 2, dim);
  const Floats table = table_of(dim);
  const int width = (heads + 4) * dim;
  Floats qkv = random_floats(static_cast<size_t>(batch.tokens() * width), 1);
  Floats copy = qkv;
  const auto backend = make_cpu_backend();
  backend->rope_cache_write(
      {fused.view(), matrix_of(qkv, batch.tokens(), width), batch.view(), heads, dim, table.data()});
  Matrix qk = matrix_of(copy, batch.tokens(), width);
  backend->rope({qk, heads + 2, dim, dim, table.data(), batch.positions.data()});
  Matrix k{copy.data() + heads * dim, DType::f32, batch.tokens(), 2 * dim, width};
  Matrix v{copy.data() + (heads + 2) * dim, DType::f32, batch.tokens(), 2 * dim, width};
  backend->cache_write({separate.view(), k, v, batch.view()});
  QVERIFY(fused.keys == separate.keys && fused.values == separate.values);
  for (int t = 0; t < batch.tokens(); ++t) {
    QVERIFY(std::equal(&qkv[size_t(t * width)], &qkv[size_t(t * width + heads * dim)], &copy[size_t(t * width)]));
  }
}

}  // namespace flightdeck::test

QTEST_GUILESS_MAIN(flightdeck::test::RopeTest)
#include "rope_test.moc"
