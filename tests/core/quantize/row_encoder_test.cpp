#include "core/quantize/row_encoder.h"

#include <atomic>
#include <cmath>
#include <numeric>

#include "core/quantize/parallel_rows.h"
#include "tests/support/expect_error.h"

using namespace flightdeck;

namespace {

std::vector<float> wavy(int64_t rows, int64_t cols) {
  std::vector<float> values(static_cast<size_t>(rows * cols));
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(0.7f * static_cast<float>(i)) * 0.3f;
  return values;
}

struct Encoded {
  std::vector<std::byte> data;
  std::vector<float> scales;
};

Encoded encode(const RowEncoder& encoder, const std::vector<float>& values, int64_t rows, int threads) {
  Encoded out;
  out.data.resize(static_cast<size_t>(rows) * encoder.row_bytes());
  out.scales.resize(static_cast<size_t>(rows * encoder.row_scales()));
  parallel_rows(rows, 3, threads, {}, [&](int64_t begin, int64_t end) {
    encoder.encode(values.data() + begin * encoder.cols, end - begin,
                   out.data.data() + static_cast<size_t>(begin) * encoder.row_bytes(),
                   out.scales.data() + begin * encoder.row_scales());
  });
  return out;
}

}  // namespace

class RowEncoderTest : public QObject {
  Q_OBJECT
 private slots:
  void round_trip_data() {
    QTest::addColumn<int>("format");
    QTest::addColumn<int>("group");
    QTest::addColumn<double>("tolerance");
    QTest::newRow("f32") << static_cast<int>(WeightFormat::f32) << 0 << 0.0;
    QTest::newRow("f16") << static_cast<int>(WeightFormat::f16) << 0 << 0.3 * 0x1p-11;
    QTest::newRow("bf16") << static_cast<int>(WeightFormat::bf16) << 0 << 0.3 * 0x1p-8;
    QTest::newRow("int8") << static_cast<int>(WeightFormat::int8_channel) << 0 << 0.3 / 127 * 0.51;
    QTest::newRow("int4 g32") << static_cast<int>(WeightFormat::int4_group) << 32 << 0.3 / 7;
    QTest::newRow("int4 row") << static_cast<int>(WeightFormat::int4_group) << 64 << 0.3 / 7;
  }
  void round_trip() {
    QFETCH(int, format);
    QFETCH(int, group);
    QFETCH(double, tolerance);
    constexpr int kRows = 20, kCols = 64;
    const auto values = wavy(kRows, kCols);
    const RowEncoder encoder{static_cast<WeightFormat>(format), kCols, group};
    const Encoded out = encode(encoder, values, kRows, 1), parallel = encode(encoder, values, kRows, 4);
    QVERIFY(out.data == parallel.data && out.scales == parallel.scales);
    const WeightView view{encoder.format, kRows, kCols, group, out.data.data(), out.scales.data()};
    std::vector<float> row(kCols);
    for (int r = 0; r < kRows; ++r) {
      decode_row(view, r, row.data());
      for (int c = 0; c < kCols; ++c) QVERIFY(std::abs(row[c] - values[r * kCols + c]) <= tolerance);
    }
  }

  void too_large_for_half_is_counted() {
    const std::vector<float> values{1, 70000, -70000, 65504};
    std::vector<std::byte> data(8);
    QCOMPARE((RowEncoder{WeightFormat::f16, 4, 0}.encode(values.data(), 1, data.data(), nullptr)), int64_t{2});
    QCOMPARE((RowEncoder{WeightFormat::bf16, 4, 0}.encode(values.data(), 1, data.data(), nullptr)), int64_t{0});
  }

  void groups_fall_back_or_say_what_to_do() {
    QCOMPARE(choose_group("w", 4096, 128).value(), int64_t{128});
    QCOMPARE(choose_group("w", 4096, 32).value(), int64_t{32});
    QCOMPARE(choose_group("w", 64, 128).value(), int64_t{64});
    QCOMPARE(choose_group("w", 5504 + 32, 128).value(), int64_t{32});
    QCOMPARE(choose_group("w", 172, 0).value(), int64_t{172});
    VERIFY_ERROR(choose_group("down_proj", 172, 128), ErrorKind::invalid_input, "down_proj has 172 columns");
    VERIFY_ERROR(choose_group("down_proj", 96, 16), ErrorKind::invalid_input, "group size 0");
    VERIFY_ERROR(choose_group("odd", 33, 0), ErrorKind::invalid_input, "choose INT8");
  }

  void row63_a_stopped_loop_says_so() {
    std::stop_source stop;
    std::atomic<int> blocks = 0;
    QVERIFY(!parallel_rows(1000, 1, 4, stop.get_token(), [&](int64_t, int64_t) {
      if (++blocks == 10) stop.request_stop();
    }));
    QVERIFY(blocks < 20);
    QVERIFY(parallel_rows(0, 8, 4, {}, [](int64_t, int64_t) {}));
  }
};

QTEST_GUILESS_MAIN(RowEncoderTest)
#include "row_encoder_test.moc"
