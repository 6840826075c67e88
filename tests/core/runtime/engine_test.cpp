// The engine thread on tiny random models: the same text alone and in company, cancel, policies, errors, prefix reuse.
#include <QtTest>

#include "tests/core/runtime/engine_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_checkpoint.h"

using namespace flightdeck;
using namespace flightdeck::test;

class EngineTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::shared_ptr<EngineDir> int8_;

  static std::vector<int32_t> prompt(int tokens, int seed) {
    std::vector<int32_t> ids;
    for (int i = 0; i < tokens; ++i) ids.push_back(10 + (seed * 37 + i * 11) % 290);
    return ids;
  }

  static Request request(int tokens, int seed, int max_tokens = 12, double temperature = 0) {
    return {.prompt = prompt(tokens, seed),
            .max_tokens = max_tokens,
            .sampling = {.temperature = temperature, .seed = static_cast<uint64_t>(seed), .ignore_eos = true}};
  }

  std::vector<int32_t> alone(const Request& one) {
    const auto engine = started(int8_);
    Collector answers;
    answers.submit(*engine, one);
    answers.wait();
    return answers[0].ids;
  }

 private slots:
  void initTestCase() {
    VERIFY_OK(write_tiny_checkpoint(folder_.filePath("model").toStdString(), {.shape = TinyShape::llama_gqa_tied}));
    BuildOptions options;
    options.model_dir = folder_.filePath("model").toStdString();
    options.output_dir = folder_.filePath("engine").toStdString();
    options.max_batch_size = 4;
    int8_ = built(options);
  }

  void same_text_alone_and_in_any_company_data() {
    QTest::addColumn<int>("policy");
    QTest::addColumn<double>("temperature");
    for (int policy = 0; policy < 3; ++policy) {
      QTest::addRow("policy %d greedy", policy) << policy << 0.0;
      QTest::addRow("policy %d sampled", policy) << policy << 1.5;
    }
  }

  void same_text_alone_and_in_any_company() {
    QFETCH(int, policy);
    QFETCH(double, temperature);
    EngineOptions options{
        .device = "cpu", .max_num_tokens = 24, .tokens_per_block = 4, .policy = static_cast<BatchPolicy>(policy)};
    options.kv_cache_bytes = 40 * 4 * 2 * 2 * 2 * 16 * 2;  // 40 blocks: max_utilization has to preempt
    const auto engine = started(int8_, options);
    Collector answers;
    for (int i = 0; i < 10; ++i) answers.submit(*engine, request(3 + 7 * i, i, 40, temperature));
    answers.wait();
    for (int i = 0; i < 10; ++i) {
      QCOMPARE(answers[i].completions, 1);
      QCOMPARE(answers[i].ids, alone(request(3 + 7 * i, i, 40, temperature)));
    }
    QCOMPARE(engine->stats().used_kv_blocks, 0);
  }

  void reused_prefix_changes_nothing_but_the_work() {
    const auto engine = started(int8_, {.device = "cpu", .tokens_per_block = 4});
    Collector answers;
    answers.submit(*engine, request(30, 1));
    answers.wait();
    answers.submit(*engine, request(30, 1));
    answers.wait();
    QCOMPARE(answers[1].ids, answers[0].ids);
    QCOMPARE(answers[0].completion.stats.reused_tokens, 0);
    QCOMPARE(answers[1].completion.stats.reused_tokens, 28);
  }

  void row71_cancel_from_the_sink_and_by_id_leaves_neighbours_alone() {
    const auto engine = started(int8_);
    Collector answers;
    const size_t neighbour = answers.submit(*engine, request(9, 1, 60));
    const size_t cut = answers.submit(*engine, request(9, 2, 90), 5);
    const size_t cancelled = answers.submit(*engine, request(9, 3, 90));
    engine->cancel(answers.id(cancelled));
    engine->cancel(answers.id(cancelled));
    engine->cancel(4711);
    answers.wait();
    engine->cancel(answers.id(neighbour));
    QCOMPARE(answers[cut].completion.reason, FinishReason::cancelled);
    QCOMPARE(answers[cut].ids.size(), size_t{5});
    QCOMPARE(answers[cancelled].completions, 1);
    QCOMPARE(answers[neighbour].ids, alone(request(9, 1, 60)));
  }

  void row68_69_bad_requests_are_refused_by_name_data() {
    QTest::addColumn<QString>("part");
    QTest::newRow("empty") << "prompt is empty";
    QTest::newRow("too long") << "context";
    QTest::newRow("id") << "vocabulary";
    QTest::newRow("temperature") << "temperature";
    QTest::newRow("top_p") << "top_p";
  }

  void row68_69_bad_requests_are_refused_by_name() {
    QFETCH(QString, part);
    const auto engine = started(int8_);
    const std::string name = QTest::currentDataTag();
    Request bad = request(5, 1);
    if (name == "empty") bad.prompt.clear();
    if (name == "too long") bad.max_tokens = 1000;
    if (name == "id") bad.prompt[2] = 320;
    if (name == "temperature") bad.sampling.temperature = std::nan("");
    if (name == "top_p") bad.sampling.top_p = 0;
    VERIFY_ERROR(engine->submit(bad, {}), ErrorKind::invalid_input, part.toStdString());
  }

  void row70_a_full_queue_refuses_and_the_rest_ends() {
    const auto engine = started(int8_, {.device = "cpu", .max_queue = 16});
    Collector answers;
    int refused = 0;
    for (int i = 0; i < 400; ++i) {
      const auto probe = engine->submit(request(60, i, 60), {});
      refused += !probe && probe.error().kind == ErrorKind::busy;
    }
    QVERIFY(refused > 0);
    engine->cancel(1);
  }

  void row84_unloading_during_generation_ends_every_request() {
    Collector answers;
    {
      const auto engine = started(int8_);
      for (int i = 0; i < 6; ++i) answers.submit(*engine, request(20, i, 100));
    }
    answers.wait();
    for (int i = 0; i < 6; ++i) QCOMPARE(answers[i].completions, 1);
  }

  void a_shorter_context_takes_a_smaller_cache() {
    const auto whole = started(int8_), part = started(int8_, {.device = "cpu", .context_tokens = 30});
    QCOMPARE(part->info().context_tokens, 30);
    QCOMPARE(part->info().kv_blocks, 4 * 2);  // four sequences of two blocks of 16
    QCOMPARE(whole->info().kv_blocks, 4 * 8);
    VERIFY_ERROR(part->submit(request(20, 1, 12), {}), ErrorKind::invalid_input, "context");
    QCOMPARE(started(int8_, {.device = "cpu", .context_tokens = 5000})->info().kv_blocks, 4 * 8);
  }

  void statistics_and_timeline_tell_what_ran() {
    const auto engine = started(int8_, {.device = "cpu", .max_num_tokens = 16});
    Collector answers;
    answers.submit(*engine, request(40, 1, 10));
    answers.wait();
    const auto records = engine->iterations_after(0);
    int prefill = 0, decode = 0;
    for (const auto& record : records) prefill += record.prefill_tokens, decode += record.decode_tokens;
    QCOMPARE(prefill, 40);
    QCOMPARE(decode, 9);  // the first of ten tokens comes with the prefill
    QCOMPARE(records.size(), size_t{12});
    QCOMPARE(answers[0].completion.stats.generated_tokens, 10);
  }
};

QTEST_GUILESS_MAIN(EngineTest)
#include "engine_test.moc"
