// Benchmark, trace and perplexity against an engine whose answers are known.
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "core/base/file.h"
#include "core/bench/in_flight.h"
#include "core/bench/perplexity.h"
#include "core/bench/random_model.h"
#include "core/bench/report.h"
#include "tests/core/bench/fake_inference.h"
#include "tests/support/expect_error.h"

using namespace flightdeck;
using flightdeck::test::FakeInference;

class BenchTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void percentileIsNumpys() {
    QCOMPARE(percentile({4, 1, 3, 2}, 50), 2.5);
    QCOMPARE(percentile({10}, 99), 10.0);
    QVERIFY(std::abs(percentile({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 95) - 9.55) < 1e-12);
  }

  void countsTheRunsAsked() {
    FakeInference engine;
    const auto result = run_benchmark(engine, {3, 8, 5}, {1, 4, 60});
    VERIFY_OK(result);
    QCOMPARE(result->runs, 4);
    QVERIFY(result->latency_ms > 0);
    QVERIFY(result->percentile99_ms >= result->percentile95_ms);
    VERIFY_OK(run_benchmark(engine, {1, 8, 5}, {0, 1000000, 0.0}));  // the time was up after the first
    VERIFY_ERROR(run_benchmark(engine, {0, 8, 5}, {}), ErrorKind::invalid_input, "batch 0");
    VERIFY_ERROR(run_benchmark(engine, {1, 60, 5}, {}), ErrorKind::invalid_input, "too long");
  }

  void lineHasBenchmarkPysKeysInOrder() {
    BenchmarkSubject subject{"my model", "float16", "cpu", {}, 1.5, 2.25, "int8_wo", "float16"};
    const QString line = QString::fromStdString(benchmark_line(subject, {2, 3, 4}, {}));
    const QRegularExpression format(
        R"(^\[BENCHMARK\] model_name my_model world_size 1 num_heads \d+ num_kv_heads \d+ num_layers \d+ hidden_size \d+ vocab_size \d+ precision float16 batch_size 2 input_length 3 output_length 4 gpu_peak_mem\(gb\) 2\.250 build_time\(s\) 1\.50 tokens_per_sec \S+ percentile95\(ms\) \S+ percentile99\(ms\) \S+ latency\(ms\) \S+ compute_cap cpu generation_time\(ms\) \S+ total_generated_tokens \d+ generation_tokens_per_second \S+ quantization int8_wo lm_head float16$)");
    QVERIFY2(format.match(line).hasMatch(), qPrintable(line));
    const std::string header = benchmark_csv_header();
    QCOMPARE(std::count(header.begin(), header.end(), ','), 22);
  }

  void uniformLogitsGiveTheVocabularySize() {
    for (const bool has_bos : {true, false}) {
      FakeInference engine(has_bos);
      PerplexityOptions options;
      options.context_tokens = 16;
      const auto result = measure_perplexity(engine, std::string(100, 'a'), options);
      VERIFY_OK(result);
      QVERIFY(std::abs(result->value - 257.0) < 1e-6);
      // With bos: 15 text tokens a window, every one predicted. Without: 16, the first of each is not.
      QCOMPARE(result->tokens, uint64_t(has_bos ? 100 : 100 - 7));
      QCOMPARE(result->windows, 7);
    }
  }

  void perplexityRefusesWhatCannotBe() {
    FakeInference engine;
    VERIFY_ERROR(measure_perplexity(engine, "", {}), ErrorKind::invalid_input, "512");
    PerplexityOptions options;
    options.context_tokens = 64;
    VERIFY_ERROR(measure_perplexity(engine, "", options), ErrorKind::invalid_input, "too few tokens");
  }

  void likelihoodIsThatOfSoftmax() {
    const std::vector<float> logits = {0.0f, std::log(3.0f)};
    QVERIFY(std::abs(negative_log_likelihood(logits, 1) - std::log(4.0 / 3.0)) < 1e-6);
    const std::vector<float> large = {10000.0f, 9000.0f};
    QCOMPARE(negative_log_likelihood(large, 0), 0.0);
  }

  void aStopCancelsAndWaits() {
    FakeInference engine;
    engine.hold();
    InFlight requests(engine);
    Request request;
    request.prompt = {1};
    request.max_tokens = 4;
    bool ended = false;
    RequestSink sink;
    sink.on_done = [&ended](const Completion& completion) { ended = completion.reason == FinishReason::cancelled; };
    VERIFY_OK(requests.submit(request, sink));
    std::stop_source stop;
    stop.request_stop();
    VERIFY_ERROR(requests.wait_all(stop.get_token()), ErrorKind::cancelled, "stopped");
    QVERIFY(ended);
  }

  void replaysMoreThanTheQueueHolds() {
    FakeInference engine(true, 3);
    TraceOptions options;
    options.vocab_size = 257;
    options.max_input_tokens = 16, options.max_output_tokens = 8;
    const auto trace = read_trace("synthetic:50", options);
    VERIFY_OK(trace);
    const auto result = replay_trace(engine, *trace);
    VERIFY_OK(result);
    QCOMPARE(result->samples, 50);
    double expected = 0;
    for (const TraceRequest& request : *trace) expected += request.output_tokens;
    QCOMPARE(result->output_tokens, expected);
    QVERIFY(replay_lines(*result).find("num_samples 50\n") != std::string::npos);
  }

  void lockstepRunsEachBatchToItsLongestAnswer() {
    FakeInference engine;
    const std::vector<TraceRequest> trace = {{{1}, 2}, {{2}, 5}, {{3}, 4}, {{4}, 1}, {{5}, 3}};
    const auto result = replay_trace(engine, trace, 2);
    VERIFY_OK(result);
    QCOMPARE(engine.asked(), (std::vector<int>{5, 5, 4, 4, 3}));
    QCOMPARE(result->output_tokens, 15.0);
    QCOMPARE(result->input_tokens, 5.0);
  }

  void readsGptManagerBenchmarksJson() {
    TraceOptions options;
    options.vocab_size = 100;
    options.max_input_tokens = 3, options.max_output_tokens = 10;
    const auto plain = parse_trace_json(
        R"([{"input_ids":[1,2],"output_len":4},{"input_ids":[3,4,5,6],"output_len":50}])", "d.json", options);
    VERIFY_OK(plain);
    QCOMPARE(plain->at(1).prompt, (std::vector<int32_t>{3, 4, 5}));
    QCOMPARE(plain->at(1).output_tokens, 10);
    VERIFY_OK(parse_trace_json(R"({"metadata":{},"samples":[{"input_ids":[9],"output_len":1}]})", "d.json", options));
    VERIFY_ERROR(parse_trace_json(R"([{"input_ids":[100],"output_len":1}])", "d.json", options),
                 ErrorKind::invalid_input, "0 to 99");
    VERIFY_ERROR(parse_trace_json(R"([{"input_ids":[],"output_len":1}])", "d.json", options), ErrorKind::corrupt,
                 "sample 0");
    VERIFY_ERROR(parse_trace_json(R"({"a":1})", "d.json", options), ErrorKind::corrupt, "samples");
  }

  void readsAzuresTrace() {
    TraceOptions options;
    options.vocab_size = 1000;
    options.max_samples = 2;
    const auto trace = parse_trace_csv(
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023,374,44\r\n2023,396,109\r\n2023,1,1\r\n", "t.csv", options);
    VERIFY_OK(trace);
    QCOMPARE(trace->size(), size_t(2));
    QCOMPARE(trace->at(1).prompt.size(), size_t(396));
    QCOMPARE(trace->at(1).output_tokens, 109);
    VERIFY_ERROR(parse_trace_csv("a,b\n1,2\n", "t.csv", options), ErrorKind::corrupt, "ContextTokens");
    VERIFY_ERROR(parse_trace_csv("ContextTokens,GeneratedTokens\n1\n", "t.csv", options), ErrorKind::corrupt, "line 2");
    VERIFY_ERROR(read_trace("synthetic:x", options), ErrorKind::invalid_input, "synthetic:64");
    VERIFY_ERROR(read_trace("/nowhere.json", options), ErrorKind::not_found, "/nowhere.json");
  }

  void syntheticTracesAreMixedAndRepeatable() {
    TraceOptions options;
    options.vocab_size = 500;
    options.max_input_tokens = 64, options.max_output_tokens = 64;
    const std::vector<TraceRequest> trace = synthetic_trace(64, options), again = synthetic_trace(64, options);
    std::set<int> lengths;
    for (size_t i = 0; i < trace.size(); ++i) {
      QCOMPARE(trace[i].prompt, again[i].prompt);
      lengths.insert(trace[i].output_tokens);
    }
    QVERIFY(lengths.size() > 16);
    QVERIFY(*lengths.begin() >= 4 && *lengths.rbegin() <= 64);
  }

  void randomWeightsAreCanonical_data() {
    QTest::addColumn<QString>("quantization");
    for (const char* name : {"none", "int8_weight_only", "int4_weight_only"}) QTest::newRow(name) << name;
  }
  void randomWeightsAreCanonical() {
    QFETCH(QString, quantization);
    auto source = random_model("tinyllama_1.1b", quantization.toStdString(), 64, 64);
    VERIFY_OK(source);
    QCOMPARE(source->plan.info.num_kv_heads, 4);
    const WeightSpec* linear = nullptr;
    for (const WeightSpec& spec : source->plan.weights)
      if (spec.role == WeightRole::linear && !linear) linear = &spec;
    QVERIFY(linear);
    std::vector<std::byte> storage;
    const auto view = source->weight(*linear, storage);
    VERIFY_OK(view);
    const bool quantized = quantization != "none";
    QCOMPARE(view->scales != nullptr, quantized);
    QCOMPARE(view->group_size, quantization == "int4_weight_only" ? 128 : 0);
    const auto* bytes = static_cast<const int8_t*>(view->data);
    if (view->format == WeightFormat::int8_channel)
      QCOMPARE(std::count(bytes, bytes + static_cast<ptrdiff_t>(view->rows) * view->cols, int8_t(-128)), 0);
    QVERIFY(decode_bytes(source->plan, source->manifest, 1, 64) > 0.4e9);
  }

  void theHeadIsQuantizedWhenAskedFor() {
    for (const bool head : {false, true}) {
      auto source = random_model("tinyllama_1.1b", "int8_weight_only", 64, 64, head);
      VERIFY_OK(source);
      QCOMPARE(lm_head_format(source->manifest), std::string(head ? "int8_wo" : "float16"));
      std::vector<std::byte> storage;
      for (const WeightSpec& spec : source->plan.weights) {
        if (spec.role != WeightRole::lm_head) continue;
        const auto view = source->weight(spec, storage);
        VERIFY_OK(view);
        QCOMPARE(view->format, head ? WeightFormat::int8_channel : WeightFormat::f16);
      }
    }
  }

  void randomModelsAreNamedWhenUnknown() {
    VERIFY_ERROR(random_model("gpt5", "none", 1, 1), ErrorKind::invalid_input, "tinyllama_1.1b");
    VERIFY_ERROR(random_model("llama2_7b", "fp3", 1, 1), ErrorKind::unsupported, "int8_weight_only");
    VERIFY_ERROR(random_model("llama2_7b", "none", 4000, 1000), ErrorKind::invalid_input, "4096 positions");
  }
};

QTEST_GUILESS_MAIN(BenchTest)
#include "bench_test.moc"
