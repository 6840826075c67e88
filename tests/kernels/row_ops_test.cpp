// The operations that work row by row: embedding, norms, activations, products, sums, gather.
#include "tests/kernels/device.h"

namespace flightdeck::test {

class RowOpsTest : public QObject {
  Q_OBJECT
 private slots:
  void embedding_takes_rows_data();
  void embedding_takes_rows();
  void rms_norm_matches_naive_data();
  void rms_norm_matches_naive();
  void residual_is_added_before_the_norm_data() { Device::add_rows(); }
  void residual_is_added_before_the_norm();
  void activation_matches_naive_data();
  void activation_matches_naive();
  void gated_activation_multiplies_data() { Device::add_rows(); }
  void gated_activation_multiplies();
  void multiply_and_add_data() { Device::add_rows(); }
  void multiply_and_add();
  void gather_copies_rows_data() { Device::add_rows(); }
  void gather_copies_rows();
};

namespace {

double naive_activation(Activation kind, double x) {
  switch (kind) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return std::max(x, 0.0);
  }
  return 0;
}

Doubles naive_norm(const Floats& in, const Floats& weight, int rows, double eps) {
  const size_t n = weight.size();
  Doubles out;
  for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
    double squares = 0;
    for (size_t c = 0; c < n; ++c) squares += static_cast<double>(in[r * n + c]) * static_cast<double>(in[r * n + c]);
    const double factor = 1 / std::sqrt(squares / static_cast<double>(n) + eps);
    for (size_t c = 0; c < n; ++c) out.push_back(in[r * n + c] * factor * weight[c]);
  }
  return out;
}

}  // namespace

void RowOpsTest::embedding_takes_rows_data() {
  QTest::addColumn<QString>("device");
  QTest::addColumn<int>("format");
  QTest::addColumn<int>("cols");
  const std::vector<std::tuple<const char*, WeightFormat, int>> tables = {{"f32", WeightFormat::f32, 64},
                                                                          {"f16", WeightFormat::f16, 172},
                                                                          {"bf16", WeightFormat::bf16, 5},
                                                                          {"int8", WeightFormat::int8_channel, 173},
                                                                          {"int4", WeightFormat::int4_group, 128}};
  for (const char* device : Device::kNames) {
    for (const auto& [name, format, cols] : tables)
      QTest::newRow(Device::row_name(device, name).c_str()) << device << int(format) << cols;
  }
}
void RowOpsTest::embedding_takes_rows() {
  USE_DEVICE(device);
  QFETCH(int, format);
  QFETCH(int, cols);
  const Weight table = random_weight(static_cast<WeightFormat>(format), 70, cols, 32, 1);
  const auto packed = device->pack(table.view());
  const std::vector<int32_t> ids = {0, 69, 16, 15, 16};
  const Matrix out = device.make(5, cols);
  device->embedding({out, packed.get(), device.put(ids)});
  Doubles expected;
  for (const int id : ids) {
    expected.insert(expected.end(), table.values.begin() + id * cols, table.values.begin() + (id + 1) * cols);
  }
  COMPARE_WITHIN(device.get(out), expected, device.activation() == DType::f32 ? 1e-7 : device.tolerance());
}

void RowOpsTest::rms_norm_matches_naive_data() {
  QTest::addColumn<QString>("device");
  QTest::addColumn<int>("n");
  for (const char* device : Device::kNames) {
    for (const int n : {1, 5, 64, 172, 2048})
      QTest::newRow(Device::row_name(device, std::to_string(n)).c_str()) << device << n;
  }
}
void RowOpsTest::rms_norm_matches_naive() {
  USE_DEVICE(device);
  QFETCH(int, n);
  Floats in = random_floats(static_cast<size_t>(3 * n), 1, 10.0f);
  const Floats weight = random_floats(static_cast<size_t>(n), 2);
  const Matrix from = device.put(in, 3, n);
  const float* weights = device.put(weight);
  const Doubles expected = naive_norm(in, weight, 3, 1e-5);
  for_each_target([&](const char* target) {
    const Matrix out = device.make(3, n);
    device->rms_norm({out, from, weights, 1e-5f});
    QVERIFY2(difference(device.get(out), expected) <= device.tolerance(), target);
  });
}

void RowOpsTest::residual_is_added_before_the_norm() {
  USE_DEVICE(device);
  Floats residual = random_floats(2 * 172, 1), delta = random_floats(2 * 172, 2);
  const Floats weight = random_floats(172, 3);
  const Matrix to = device.put(residual, 2, 172), more = device.put(delta, 2, 172), out = device.make(2, 172);
  Floats sum(residual.size());
  for (size_t i = 0; i < sum.size(); ++i) sum[i] = rounded(residual[i] + delta[i], device.activation());
  device->residual_rms_norm({out, to, more, device.put(weight), 1e-6f});
  QCOMPARE(device.get(to), sum);
  COMPARE_WITHIN(device.get(out), naive_norm(sum, weight, 2, 1e-6), device.tolerance());
}

void RowOpsTest::activation_matches_naive_data() {
  QTest::addColumn<QString>("device");
  QTest::addColumn<int>("kind");
  const std::vector<std::pair<const char*, Activation>> kinds = {{"silu", Activation::silu},
                                                                 {"gelu", Activation::gelu},
                                                                 {"gelu_tanh", Activation::gelu_tanh},
                                                                 {"relu", Activation::relu}};
  for (const char* device : Device::kNames) {
    for (const auto& [name, kind] : kinds) QTest::newRow(Device::row_name(device, name).c_str()) << device << int(kind);
  }
}
void RowOpsTest::activation_matches_naive() {
  USE_DEVICE(device);
  QFETCH(int, kind);
  Floats in = random_floats(2 * 173, 1, 4.0f);
  in[0] = -200.0f;
  in[1] = 1e-4f;
  const Matrix from = device.put(in, 2, 173);
  // Relative to each value: a small result near a large one must be right too.
  const double allowed = device.activation() == DType::f32 ? 2e-6 : device.tolerance();
  const double floor = device.activation() == DType::f32 ? 1e-30 : 1e-7;  // float16 has no smaller numbers
  for_each_target([&](const char* target) {
    const Matrix to = device.make(2, 173);
    device->activation({to, from, static_cast<Activation>(kind)});
    const Floats out = device.get(to);
    for (size_t i = 0; i < in.size(); ++i) {
      const double expected = naive_activation(static_cast<Activation>(kind), static_cast<double>(in[i]));
      QVERIFY2(
          std::abs(out[i] - expected) <= allowed * std::max(std::abs(expected), 0.1 * std::abs(double(in[i]))) + floor,
          target);
    }
  });
}

void RowOpsTest::gated_activation_multiplies() {
  USE_DEVICE(device);
  Floats in = random_floats(3 * 2 * 172, 1, 2.0f);
  const Matrix from = device.put(in, 3, 344), out = device.make(3, 172);
  device->gated_activation({out, from, Activation::silu});
  Doubles expected;
  for (size_t r = 0; r < 3; ++r) {
    for (size_t c = 0; c < 172; ++c) {
      expected.push_back(naive_activation(Activation::silu, static_cast<double>(in[r * 344 + c])) *
                         static_cast<double>(in[r * 344 + 172 + c]));
    }
  }
  COMPARE_WITHIN(device.get(out), expected, device.tolerance());
}

void RowOpsTest::multiply_and_add() {
  USE_DEVICE(device);
  Floats a = random_floats(4 * 31, 1), b = random_floats(4 * 31, 2);
  const Matrix left = device.put(a, 4, 31), right = device.put(b, 4, 31), product = device.make(4, 31);
  device->multiply({product, left, right});
  device->add({left, left, right});
  const Floats products = device.get(product), sums = device.get(left);
  for (size_t i = 0; i < a.size(); ++i) {
    QCOMPARE(products[i], rounded(a[i] * b[i], device.activation()));
    QCOMPARE(sums[i], rounded(a[i] + b[i], device.activation()));
  }
}

void RowOpsTest::gather_copies_rows() {
  USE_DEVICE(device);
  Floats in = random_floats(5 * 7, 1);
  const Matrix from = device.put(in, 5, 7), to = device.make(2, 7);
  device->gather_rows({to, from, device.put(std::vector<int32_t>{4, 1})});
  const Floats out = device.get(to);
  QVERIFY(std::equal(out.begin(), out.begin() + 7, in.begin() + 4 * 7));
  QVERIFY(std::equal(out.begin() + 7, out.end(), in.begin() + 7));
}

}  // namespace flightdeck::test

QTEST_GUILESS_MAIN(flightdeck::test::RowOpsTest)
#include "row_ops_test.moc"
