// The engine thread on whatever device there is (FLIGHTDECK_TEST_DEVICE): what must hold on a GPU as on the CPU.
#include <QtTest>
#include <random>

#include "tests/core/runtime/engine_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_checkpoint.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

constexpr int kVocab = 320;

Request request(int tokens, int seed, int max_tokens, double temperature = 0) {
  Request one;
  for (int i = 0; i < tokens; ++i) one.prompt.push_back(10 + (seed * 37 + i * 11) % 290);
  one.max_tokens = max_tokens;
  one.sampling = {.temperature = temperature, .seed = static_cast<uint64_t>(seed), .ignore_eos = true};
  return one;
}

/// As started(), with the embedding of one id made of no numbers.
std::unique_ptr<Inference> started_with_poison(const std::shared_ptr<EngineDir>& dir, const EngineOptions& options,
                                               int32_t poison) {
  EngineSource source;
  source.plan = dir->plan();
  source.manifest = dir->manifest();
  source.name = "test";
  source.vector = [dir](const WeightSpec& spec) { return dir->vector(spec); };
  source.weight = [dir, poison](const WeightSpec& spec, std::vector<std::byte>& storage) -> Result<WeightView> {
    TRY(WeightView view, dir->weight(spec));
    if (spec.role != WeightRole::embedding) return view;
    const auto* bytes = static_cast<const std::byte*>(view.data);
    const size_t row = static_cast<size_t>(view.cols) * 2;  // float16
    storage.assign(bytes, bytes + static_cast<size_t>(view.rows) * row);
    std::fill_n(storage.begin() + static_cast<std::ptrdiff_t>(poison * row), row, std::byte{0x7f});
    view.data = storage.data();
    return view;
  };
  auto engine = start_engine(std::move(source), options);
  if (!engine) qFatal("start: %s", engine.error().message.c_str());
  return std::move(*engine);
}

}  // namespace

class DeviceEngineTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;

  /// Wide enough for the kernels that large models run on, long enough for attention in several parts.
  std::shared_ptr<EngineDir> engine(QFormat qformat) {
    const std::string model = folder_.filePath("model").toStdString();
    if (!QFileInfo::exists(folder_.filePath("model"))) {
      const TinyModel shape{
          .shape = TinyShape::llama, .vocab = kVocab, .hidden = 256, .intermediate = 512, .context = 1024};
      if (!write_tiny_checkpoint(model, shape)) qFatal("no checkpoint");
    }
    BuildOptions options;
    options.model_dir = model;
    options.output_dir = folder_.filePath(name_of(qformat).data()).toStdString();
    options.qformat = qformat;
    options.max_batch_size = 12;
    options.overwrite = true;
    options.measure_error = false;
    return built(options);
  }

 private slots:
  void deterministic_text_is_the_same_in_every_company_data() {
    QTest::addColumn<int>("qformat");
    QTest::addColumn<int>("policy");
    for (int qformat = 0; qformat < 3; ++qformat)
      QTest::newRow(name_of(static_cast<QFormat>(qformat)).data()) << qformat << 0;
    QTest::newRow("static batches") << static_cast<int>(QFormat::int8_wo)
                                    << static_cast<int>(BatchPolicy::static_batch);
  }

  /// Greedy ids, and logits bit for bit, alone and among others that come, go and are longer.
  void deterministic_text_is_the_same_in_every_company() {
    QFETCH(int, qformat);
    QFETCH(int, policy);
    const EngineOptions options{.device = test_device(),
                                .max_num_tokens = 96,
                                .policy = static_cast<BatchPolicy>(policy),
                                .deterministic = true};
    const auto inference = started(engine(static_cast<QFormat>(qformat)), options);
    std::vector<Request> requests;
    for (int i = 0; i < 16; ++i) requests.push_back(request(i % 5 == 0 ? 150 + 29 * i : 3 + 8 * i, i, 24 + i));
    for (const bool logits : {false, true}) {
      Collector together;
      for (size_t i = 0; i < requests.size(); ++i) {
        requests[i].want_logits = logits && i % 3 == 1;
        together.submit(*inference, requests[i], i % 4 == 3 ? 5 : 0);  // every fourth is cut short
      }
      together.wait();
      for (size_t i = 0; i < requests.size(); i += 1 + i % 2) {
        if (i % 4 == 3) continue;
        Collector alone;
        alone.submit(*inference, requests[i]);
        alone.wait();
        QCOMPARE(together[i].completion.reason, FinishReason::length);
        QCOMPARE(together[i].ids, alone[0].ids);
        QVERIFY(together[i].logits == alone[0].logits);
      }
    }
  }

  void deterministic_refuses_the_policy_that_cannot_be() {
    EngineSource source;
    source.name = "test";
    VERIFY_ERROR(start_engine(std::move(source), {.policy = BatchPolicy::max_utilization, .deterministic = true}),
                 ErrorKind::invalid_input, "guaranteed_no_evict");
  }

  /// One request computes nothing but NaN; its neighbours, and those who get its blocks afterwards, notice nothing.
  void a_row_without_numbers_fails_only_its_request() {
    const auto dir = engine(QFormat::int8_wo);
    // 64 blocks: who comes later gets those of the failed ones. Deterministic, so that texts can be compared.
    EngineOptions options{.device = test_device(), .max_num_tokens = 48, .prefix_reuse = false, .deterministic = true};
    options.kv_cache_bytes = 64 * 16 * 2 * 2 * 256 * 2;
    std::vector<Request> good;
    for (int i = 0; i < 12; ++i) good.push_back(request(5 + 9 * i, i, 30));
    Collector expected;
    const auto clean = started(dir, options);
    for (const Request& one : good) expected.submit(*clean, one);
    expected.wait();
    std::set<int32_t> used;
    for (size_t i = 0; i < good.size(); ++i) {
      used.insert(expected[i].ids.begin(), expected[i].ids.end());
      used.insert(good[i].prompt.begin(), good[i].prompt.end());
    }
    int32_t poison = kVocab - 1;
    while (used.count(poison) > 0) --poison;
    QVERIFY(poison > 0);

    const auto inference = started_with_poison(dir, options, poison);
    for (int round = 0; round < 2; ++round) {
      Collector answers;
      std::vector<size_t> bad;
      for (size_t i = 0; i < good.size(); ++i) {
        answers.submit(*inference, good[i]);
        if (i % 3 != 1) continue;
        Request broken = request(20 + 40 * static_cast<int>(i), 50, 30, i % 2 == 0 ? 0.0 : 0.8);
        broken.prompt[i % 2 == 0 ? 0 : broken.prompt.size() - 1] = poison;
        bad.push_back(answers.submit(*inference, broken));
      }
      answers.wait();
      size_t next = 0;
      for (size_t i = 0; i < good.size() + bad.size(); ++i) {
        if (std::find(bad.begin(), bad.end(), i) != bad.end()) {
          QCOMPARE(answers[i].completion.reason, FinishReason::failed);
          QVERIFY2(answers[i].completion.error.find("Numerical fault") == 0, answers[i].completion.error.c_str());
        } else {
          QCOMPARE(answers[i].completion.reason, FinishReason::length);
          QCOMPARE(answers[i].ids, expected[next++].ids);
        }
      }
    }
    QTRY_COMPARE(inference->stats().used_kv_blocks, 0);
  }

  void a_storm_of_requests_and_cancels_leaves_every_block_free_data() {
    QTest::addColumn<int>("policy");
    for (int policy = 0; policy < 3; ++policy) QTest::addRow("policy %d", policy) << policy;
  }
  void a_storm_of_requests_and_cancels_leaves_every_block_free() {
    QFETCH(int, policy);
    EngineOptions options{.device = test_device(),
                          .max_batch_size = 6,
                          .max_num_tokens = 64,
                          .tokens_per_block = 8,
                          .policy = static_cast<BatchPolicy>(policy)};
    options.kv_cache_bytes = 130 * 8 * 2 * 2 * 256 * 2;  // 130 blocks: a little over one whole context
    const auto inference = started(engine(QFormat::int4_wo), options);
    const int blocks = inference->info().kv_blocks;
    std::mt19937 random(static_cast<unsigned>(policy) + 1);
    const auto number = [&random](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    Collector answers;
    size_t submitted = 0;
    for (int round = 0; round < 40; ++round) {
      for (int i = 0; i < 8; ++i) {
        Request one = request(1 + number(round % 8 == 0 ? 300 : 60), number(4), 1 + number(40), number(2) * 0.9);
        one.want_logits = number(12) == 0;
        submitted = answers.submit(*inference, one, number(4) == 0 ? 1 + number(6) : 0) + 1;
        if (number(3) == 0) inference->cancel(answers.id(static_cast<size_t>(number(static_cast<int>(submitted)))));
      }
      if (round % 5 == 4) answers.wait();
    }
    answers.wait();
    for (size_t i = 0; i < submitted; ++i) QCOMPARE(answers[i].completions, 1);
    QTRY_COMPARE(inference->stats().used_kv_blocks, 0);
    QCOMPARE(inference->info().kv_blocks, blocks);
    // Every block can be had again: an answer that needs the whole context.
    Collector last;
    last.submit(*inference, request(900, 1, 1024 - 900));
    last.wait();
    QCOMPARE(last[0].completion.reason, FinishReason::length);
    QCOMPARE(last[0].ids.size(), size_t{124});
  }
};

QTEST_GUILESS_MAIN(DeviceEngineTest)
#include "device_engine_test.moc"
