// The operations that work row by row: embedding, norms, activations, products, sums, gather.
#include "tests/kernels/naive.h"

namespace flightdeck::test {

class RowOpsTest : public QObject {
  Q_OBJECT
 private slots:
  void embedding_takes_rows_data();
  void embedding_takes_rows();
  void rms_norm_matches_naive_data();
  void rms_norm_matches_naive();
  void residual_is_added_before_the_norm();
  void activation_matches_naive_data();
  void activation_matches_naive();
  void gated_activation_multiplies();
  void multiply_and_add();
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
  QTest::addColumn<int>("format");
  QTest::addColumn<int>("cols");
  QTest::newRow("f32") << int(WeightFormat::f32) << 64;
  QTest::newRow("f16") << int(WeightFormat::f16) << 172;
  QTest::newRow("bf16") << int(WeightFormat::bf16) << 5;
  QTest::newRow("int8") << int(WeightFormat::int8_channel) << 173;
  QTest::newRow("int4") << int(WeightFormat::int4_group) << 128;
}
void RowOpsTest::embedding_takes_rows() {
  QFETCH(int, format);
  QFETCH(int, cols);
  const Weight table = random_weight(static_cast<WeightFormat>(format), 70, cols, 32, 1);
  const auto backend = make_cpu_backend();
  const auto packed = backend->pack(table.view());
  const std::vector<int32_t> ids = {0, 69, 16, 15, 16};
  Floats out(ids.size() * static_cast<size_t>(cols));
  backend->embedding({matrix_of(out, 5, cols), packed.get(), ids.data()});
  Doubles expected;
  for (const int id : ids) {
    expected.insert(expected.end(), table.values.begin() + id * cols, table.values.begin() + (id + 1) * cols);
  }
  COMPARE_WITHIN(out, expected, 1e-7);
}

void RowOpsTest::rms_norm_matches_naive_data() {
  QTest::addColumn<int>("n");
  for (const int n : {1, 5, 64, 172, 2048}) QTest::addRow("%d", n) << n;
}
void RowOpsTest::rms_norm_matches_naive() {
  QFETCH(int, n);
  Floats in = random_floats(static_cast<size_t>(3 * n), 1, 10.0f);
  const Floats weight = random_floats(static_cast<size_t>(n), 2);
  const Doubles expected = naive_norm(in, weight, 3, 1e-5);
  for_each_target([&](const char* target) {
    Floats out(in.size());
    make_cpu_backend()->rms_norm({matrix_of(out, 3, n), matrix_of(in, 3, n), weight.data(), 1e-5f});
    QVERIFY2(difference(out, expected) <= Tolerance::float32, target);
  });
}

void RowOpsTest::residual_is_added_before_the_norm() {
  Floats residual = random_floats(2 * 172, 1);
  Floats delta = random_floats(2 * 172, 2);
  const Floats weight = random_floats(172, 3);
  Floats sum(residual.size());
  for (size_t i = 0; i < sum.size(); ++i) sum[i] = residual[i] + delta[i];
  Floats out(residual.size());
  make_cpu_backend()->residual_rms_norm(
      {matrix_of(out, 2, 172), matrix_of(residual, 2, 172), matrix_of(delta, 2, 172), weight.data(), 1e-6f});
  QCOMPARE(residual, sum);
  COMPARE_WITHIN(out, naive_norm(sum, weight, 2, 1e-6), Tolerance::float32);
}

void RowOpsTest::activation_matches_naive_data() {
  QTest::addColumn<int>("kind");
  QTest::newRow("silu") << int(Activation::silu);
  QTest::newRow("gelu") << int(Activation::gelu);
  QTest::newRow("gelu_tanh") << int(Activation::gelu_tanh);
  QTest::newRow("relu") << int(Activation::relu);
}
void RowOpsTest::activation_matches_naive() {
  QFETCH(int, kind);
  Floats in = random_floats(2 * 173, 1, 4.0f);
  in[0] = -200.0f;
  in[1] = 1e-4f;
  for_each_target([&](const char* target) {
    Floats out(in.size());
    make_cpu_backend()->activation({matrix_of(out, 2, 173), matrix_of(in, 2, 173), static_cast<Activation>(kind)});
    for (size_t i = 0; i < in.size(); ++i) {
      const double expected = naive_activation(static_cast<Activation>(kind), static_cast<double>(in[i]));
      QVERIFY2(
          std::abs(out[i] - expected) <= 2e-6 * std::max(std::abs(expected), 0.1 * std::abs(double(in[i]))) + 1e-30,
          target);
    }
  });
}

void RowOpsTest::gated_activation_multiplies() {
  Floats in = random_floats(3 * 2 * 172, 1, 2.0f);
  Floats out(3 * 172);
  make_cpu_backend()->gated_activation({matrix_of(out, 3, 172), matrix_of(in, 3, 344), Activation::silu});
  Doubles expected;
  for (size_t r = 0; r < 3; ++r) {
    for (size_t c = 0; c < 172; ++c) {
      expected.push_back(naive_activation(Activation::silu, static_cast<double>(in[r * 344 + c])) *
                         static_cast<double>(in[r * 344 + 172 + c]));
    }
  }
  COMPARE_WITHIN(out, expected, Tolerance::float32);
}

void RowOpsTest::multiply_and_add() {
  Floats a = random_floats(4 * 31, 1);
  Floats b = random_floats(4 * 31, 2);
  Floats product(a.size());
  Floats sum = a;
  const auto backend = make_cpu_backend();
  backend->multiply({matrix_of(product, 4, 31), matrix_of(a, 4, 31), matrix_of(b, 4, 31)});
  backend->add({matrix_of(sum, 4, 31), matrix_of(sum, 4, 31), matrix_of(b, 4, 31)});
  for (size_t i = 0; i < a.size(); ++i) {
    QCOMPARE(product[i], a[i] * b[i]);
    QCOMPARE(sum[i], a[i] + b[i]);
  }
}

void RowOpsTest::gather_copies_rows() {
  Floats in = random_floats(5 * 7, 1);
  Floats out(2 * 7);
  const std::vector<int32_t> rows = {4, 1};
  make_cpu_backend()->gather_rows({matrix_of(out, 2, 7), matrix_of(in, 5, 7), rows.data()});
  QVERIFY(std::equal(out.begin(), out.begin() + 7, in.begin() + 4 * 7));
  QVERIFY(std::equal(out.begin() + 7, out.end(), in.begin() + 7));
}

}  // namespace flightdeck::test

QTEST_GUILESS_MAIN(flightdeck::test::RowOpsTest)
#include "row_ops_test.moc"
