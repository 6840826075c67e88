// Rotary embedding and the writes into the paged cache.
#include "tests/kernels/device.h"

namespace flightdeck::test {

class RopeTest : public QObject {
  Q_OBJECT
 private slots:
  void rope_matches_naive_data();
  void rope_matches_naive();
  void cache_write_fills_the_right_slots_data() { Device::add_rows(); }
  void cache_write_fills_the_right_slots();
  void fused_equals_the_two_steps_data() { Device::add_rows(); }
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
  QTest::addColumn<QString>("device");
  QTest::addColumn<int>("dim");
  QTest::addColumn<int>("rotary");
  for (const char* device : Device::kNames) {
    QTest::newRow(Device::row_name(device, "8").c_str()) << device << 8 << 8;
    QTest::newRow(Device::row_name(device, "64").c_str()) << device << 64 << 64;
    QTest::newRow(Device::row_name(device, "128, half of it").c_str()) << device << 128 << 64;
  }
}
void RopeTest::rope_matches_naive() {
  USE_DEVICE(device);
  QFETCH(int, dim);
  QFETCH(int, rotary);
  const std::vector<int32_t> positions = {0, 7, 199};
  Floats x = random_floats(static_cast<size_t>(3 * 2 * dim), 1);
  const Matrix rows = device.put(x, 3, 2 * dim);
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
  device->rope({rows, 2, dim, rotary, device.put(table_of(rotary)), device.put(positions)});
  COMPARE_WITHIN(device.get(rows), expected, device.tolerance());
}

void RopeTest::cache_write_fills_the_right_slots() {
  USE_DEVICE(device);
  const Batch batch({{0, 20}, {33, 1}, {5, 3}}, 8);
  Cache cache(batch, DType::f16, 2, 48);
  const std::vector<uint8_t> before = cache.keys;
  Floats k = random_floats(static_cast<size_t>(batch.tokens() * 96), 1);
  Floats v = random_floats(k.size(), 2);
  const KvCacheView view = device.put(cache);
  const Matrix keys = device.put(k, batch.tokens(), 96), values = device.put(v, batch.tokens(), 96);
  device->cache_write({view, keys, values, device.put(batch)});
  device.get(view, cache);
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
  USE_DEVICE(device);
  const int heads = 4, dim = 64, width = (heads + 4) * dim;
  const Batch batch({{0, 9}, {33, 1}});
  const int tokens = batch.tokens();
  const DType dtype = device.activation() == DType::f32 ? DType::f32 : DType::f16;
  Cache fused(batch, dtype, 2, dim), separate(batch, dtype, 2, dim);
  Floats qkv = random_floats(static_cast<size_t>(tokens * width), 1);
  const Matrix once = device.put(qkv, tokens, width), twice = device.put(qkv, tokens, width);
  const KvCacheView fused_view = device.put(fused), separate_view = device.put(separate);
  const BatchView view = device.put(batch);
  const float* table = device.put(table_of(dim));
  device->rope_cache_write({fused_view, once, view, heads, dim, table});
  device->rope({twice, heads + 2, dim, dim, table, view.positions});
  const auto columns = [&](int head) {
    Matrix part = twice;
    part.data = static_cast<std::byte*>(part.data) + static_cast<size_t>(head * dim) * bytes_of(device.activation());
    part.cols = 2 * dim;
    return part;
  };
  device->cache_write({separate_view, columns(heads), columns(heads + 2), view});
  device.get(fused_view, fused);
  device.get(separate_view, separate);
  // bfloat16 keys are rounded once more on their way through the matrix.
  const bool same = device.activation() != DType::bf16;
  if (same) QVERIFY(fused.keys == separate.keys);
  QVERIFY(fused.values == separate.values);
  const Floats got = device.get(once), expected = device.get(twice);
  for (int t = 0; t < tokens; ++t)
    QVERIFY(std::equal(&got[size_t(t * width)], &got[size_t(t * width + heads * dim)], &expected[size_t(t * width)]));
}

}  // namespace flightdeck::test

QTEST_GUILESS_MAIN(flightdeck::test::RopeTest)
#include "rope_test.moc"
