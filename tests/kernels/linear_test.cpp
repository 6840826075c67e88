// Linear in every weight format against the plain loop: odd sizes, ragged batches, every instruction set.
#include "tests/kernels/device.h"

namespace flightdeck::test {

class LinearTest : public QObject {
  Q_OBJECT
 private slots:
  void matches_naive_data();
  void matches_naive();
  void every_instruction_set_agrees();
  void quantized_input_costs_little_data();
  void quantized_input_costs_little();
  void row_is_the_same_alone_and_in_a_batch_data();
  void row_is_the_same_alone_and_in_a_batch();
  void deterministic_rows_are_the_same_in_every_company_data();
  void deterministic_rows_are_the_same_in_every_company();
  void thread_count_changes_nothing();
  void not_a_number_stays_visible();
};

namespace {

struct Shape {
  WeightFormat format;
  int rows, cols, group, tokens;
};

const std::vector<std::pair<const char*, Shape>> kShapes = {
    {"f32 64x64", {WeightFormat::f32, 64, 64, 0, 1}},
    {"f32 512x172", {WeightFormat::f32, 512, 172, 0, 13}},
    {"f32 7x5", {WeightFormat::f32, 7, 5, 0, 3}},
    {"f16 172x64", {WeightFormat::f16, 172, 64, 0, 8}},
    {"bf16 64x172", {WeightFormat::bf16, 64, 172, 0, 2}},
    {"int8 64x64", {WeightFormat::int8_channel, 64, 64, 0, 1}},
    {"int8 344x64", {WeightFormat::int8_channel, 344, 64, 0, 6}},
    {"int8 64x172", {WeightFormat::int8_channel, 64, 172, 0, 9}},
    {"int8 512x8", {WeightFormat::int8_channel, 512, 8, 0, 31}},
    {"int8 33x257", {WeightFormat::int8_channel, 33, 257, 0, 5}},
    {"int4 64x64 group 32", {WeightFormat::int4_group, 64, 64, 32, 1}},
    {"int4 172x128 group 64", {WeightFormat::int4_group, 172, 128, 64, 7}},
    {"int4 64x256 group 128", {WeightFormat::int4_group, 64, 256, 128, 17}},
    {"int4 48x96 group 48", {WeightFormat::int4_group, 48, 96, 48, 4}},
    {"int4 64x172 channel", {WeightFormat::int4_group, 64, 172, 172, 3}},
    {"int4 20x6 channel", {WeightFormat::int4_group, 20, 6, 6, 2}},
};

/// Enough columns for the kernels of large models, enough tokens for cuBLASLt's.
const std::vector<std::pair<const char*, Shape>> kLargeShapes = {
    {"f16 384x1024", {WeightFormat::f16, 384, 1024, 0, 300}},
    {"int8 384x1024", {WeightFormat::int8_channel, 384, 1024, 0, 300}},
    {"int8 100x320", {WeightFormat::int8_channel, 100, 320, 0, 300}},
    {"int4 384x1024 group 128", {WeightFormat::int4_group, 384, 1024, 128, 300}},
    {"int4 384x1024 group 32", {WeightFormat::int4_group, 384, 1024, 32, 300}},
    {"int4 384x1024 channel", {WeightFormat::int4_group, 384, 1024, 1024, 300}},
};

void add_shapes() {
  QTest::addColumn<int>("index");
  for (size_t i = 0; i < kShapes.size(); ++i) QTest::newRow(kShapes[i].first) << static_cast<int>(i);
}

/// Whole numbers with a 127 in every 8 columns: int8 holds them exactly, so only the arithmetic is compared.
Floats whole_numbers(const Shape& shape) {
  std::mt19937 generator(5);
  Floats values(static_cast<size_t>(shape.tokens * shape.cols));
  for (size_t i = 0; i < values.size(); ++i) {
    const bool first = i % static_cast<size_t>(shape.cols) % 8 == 0;
    values[i] = first ? 127.0f : static_cast<float>(std::uniform_int_distribution<int>(-127, 127)(generator));
  }
  return values;
}

Floats run(Backend& backend, const PackedWeight& weight, Floats in, int tokens, const float* bias = nullptr) {
  Floats out(static_cast<size_t>(tokens * weight.rows));
  backend.linear({matrix_of(out, tokens, weight.rows), matrix_of(in, tokens, weight.cols), &weight, bias});
  return out;
}

}  // namespace

void LinearTest::matches_naive_data() {
  QTest::addColumn<QString>("device");
  QTest::addColumn<int>("index");
  for (const char* device : Device::kNames) {
    for (size_t i = 0; i < kShapes.size(); ++i)
      QTest::newRow(Device::row_name(device, kShapes[i].first).c_str()) << device << static_cast<int>(i);
  }
}
void LinearTest::matches_naive() {
  USE_DEVICE(device);
  QFETCH(int, index);
  const Shape& shape = kShapes[static_cast<size_t>(index)].second;
  const Weight weight = random_weight(shape.format, shape.rows, shape.cols, shape.group, 1);
  const Floats bias = random_floats(static_cast<size_t>(shape.rows), 2);
  Floats in = whole_numbers(shape);
  const auto packed = device->pack(weight.view());
  QCOMPARE(packed->bytes(), device->packed_bytes(shape.format, shape.rows, shape.cols, shape.group));
  const Matrix from = device.put(in, shape.tokens, shape.cols);
  for (const bool biased : {false, true}) {
    const float* added = biased ? device.put(bias) : nullptr;
    const Doubles expected = naive_linear(in, shape.tokens, weight, biased ? bias.data() : nullptr);
    const Matrix out = device.make(shape.tokens, shape.rows), logits = device.make_float32(shape.tokens, shape.rows);
    device->linear({out, from, packed.get(), added});
    COMPARE_WITHIN(device.get(out), expected, device.tolerance());
    device->linear({logits, from, packed.get(), added});
    COMPARE_WITHIN(device.get(logits), expected, device.tolerance());
  }
}

void LinearTest::every_instruction_set_agrees() {
  for (const auto& [name, shape] : kShapes) {
    const Weight weight = random_weight(shape.format, shape.rows, shape.cols, shape.group, 3);
    const Floats in = whole_numbers(shape);
    const Doubles expected = naive_linear(in, shape.tokens, weight, nullptr);
    for_each_target([&, label = name, tokens = shape.tokens](const char* target) {
      const auto backend = make_cpu_backend();
      const double error = difference(run(*backend, *backend->pack(weight.view()), in, tokens), expected);
      QVERIFY2(error <= Tolerance::float32, qPrintable(QString("%1 with %2: %3").arg(label).arg(target).arg(error)));
    });
  }
}

void LinearTest::quantized_input_costs_little_data() { add_shapes(); }
void LinearTest::quantized_input_costs_little() {
  QFETCH(int, index);
  const Shape& shape = kShapes[static_cast<size_t>(index)].second;
  const Weight weight = random_weight(shape.format, shape.rows, shape.cols, shape.group, 1);
  const Floats in = random_floats(static_cast<size_t>(shape.tokens * shape.cols), 4, 3.0f);
  const auto backend = make_cpu_backend();
  const Floats out = run(*backend, *backend->pack(weight.view()), in, shape.tokens);
  COMPARE_WITHIN(out, naive_linear(in, shape.tokens, weight, nullptr), Tolerance::quantized_input);
}

void LinearTest::row_is_the_same_alone_and_in_a_batch_data() { add_shapes(); }
void LinearTest::row_is_the_same_alone_and_in_a_batch() {
  QFETCH(int, index);
  const Shape& shape = kShapes[static_cast<size_t>(index)].second;
  const Weight weight = random_weight(shape.format, shape.rows, shape.cols, shape.group, 1);
  const Floats in = random_floats(static_cast<size_t>(shape.tokens * shape.cols), 4);
  for_each_target([&](const char* target) {
    const auto backend = make_cpu_backend();
    const auto packed = backend->pack(weight.view());
    const Floats together = run(*backend, *packed, in, shape.tokens);
    for (int t = 0; t < shape.tokens; ++t) {
      const Floats alone = run(*backend, *packed, {in.begin() + t * shape.cols, in.begin() + (t + 1) * shape.cols}, 1);
      QVERIFY2(std::equal(alone.begin(), alone.end(), together.begin() + t * shape.rows), target);
    }
  });
}

void LinearTest::deterministic_rows_are_the_same_in_every_company_data() {
  QTest::addColumn<QString>("device");
  QTest::addColumn<int>("index");
  for (const char* device : Device::kNames) {
    for (size_t i = 0; i < kLargeShapes.size(); ++i)
      QTest::newRow(Device::row_name(device, kLargeShapes[i].first).c_str()) << device << static_cast<int>(i);
  }
}
/// Bit for bit, whatever kernel the number of rows would choose: vectors, tens, hundreds, thousands.
void LinearTest::deterministic_rows_are_the_same_in_every_company() {
  USE_DEVICE(device, true);
  QFETCH(int, index);
  const Shape& shape = kLargeShapes[static_cast<size_t>(index)].second;
  const Weight weight = random_weight(shape.format, shape.rows, shape.cols, shape.group, 1);
  Floats in = random_floats(static_cast<size_t>(shape.tokens * shape.cols), 4);
  const auto packed = device->pack(weight.view());
  const Matrix from = device.put(in, shape.tokens, shape.cols);
  const Matrix all = device.make_float32(shape.tokens, shape.rows);
  device->linear({all, from, packed.get(), nullptr});
  const Floats expected = device.get(all);
  const auto* bytes = static_cast<const std::byte*>(from.data);
  for (const int tokens : {1, 2, 8, 9, 16, 17, 33, 64, 65, 129, 257}) {
    const int first = shape.tokens - tokens;  // another place among other neighbours than in the whole
    Matrix part = from;
    part.rows = tokens;
    part.data = const_cast<std::byte*>(bytes) +
                static_cast<size_t>(first) * static_cast<size_t>(shape.cols) * bytes_of(device.activation());
    const Matrix out = device.make_float32(tokens, shape.rows);
    device->linear({out, part, packed.get(), nullptr});
    const Floats got = device.get(out);
    QVERIFY2(std::equal(got.begin(), got.end(), expected.begin() + static_cast<std::ptrdiff_t>(first) * shape.rows),
             qPrintable(QString("%1 tokens").arg(tokens)));
  }
}

void LinearTest::thread_count_changes_nothing() {
  const int cols = 512;
  const int tokens = 9;
  for (const auto format :
       {WeightFormat::f32, WeightFormat::f16, WeightFormat::int8_channel, WeightFormat::int4_group}) {
    const Weight weight = random_weight(format, 1000, cols, 128, 1);
    const Floats in = random_floats(static_cast<size_t>(tokens * cols), 4);
    Floats results[3];
    for (int threads = 1; threads <= 3; ++threads) {
      const auto backend = make_cpu_backend({threads});
      results[threads - 1] = run(*backend, *backend->pack(weight.view()), in, tokens);
    }
    QVERIFY(results[0] == results[1] && results[0] == results[2]);
  }
}

void LinearTest::not_a_number_stays_visible() {
  const Weight weight = random_weight(WeightFormat::int8_channel, 32, 64, 0, 1);
  const auto backend = make_cpu_backend();
  const auto packed = backend->pack(weight.view());
  Floats in = random_floats(64, 4);
  in[17] = NAN;
  QVERIFY(std::isnan(run(*backend, *packed, in, 1)[3]));
  in[17] = INFINITY;
  QVERIFY(!std::isfinite(run(*backend, *packed, in, 1)[3]));
  std::fill(in.begin(), in.end(), 0.0f);
  QCOMPARE(run(*backend, *packed, in, 1)[3], 0.0f);
}

}  // namespace flightdeck::test

QTEST_GUILESS_MAIN(flightdeck::test::LinearTest)
#include "linear_test.moc"
