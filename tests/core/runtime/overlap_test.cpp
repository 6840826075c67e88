// Steps that overlap: the next one begun before the last one's ids are known must change no text.
#include <QtTest>
#include <random>

#undef emit  // Qt's word for nothing; RequestState has a method of that name
#include "core/runtime/local_engine.h"
#include "core/runtime/logit_edits.h"
#include "core/runtime/sampler.h"
#include "tests/core/runtime/engine_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/sampling_backend.h"
#include "tests/support/tiny_checkpoint.h"

using namespace flightdeck;
using namespace flightdeck::test;

class OverlapTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::shared_ptr<EngineDir> engine_dir_;

  std::unique_ptr<Inference> overlapping(const EngineOptions& options) {
    EngineSource source;
    source.plan = engine_dir_->plan();
    source.manifest = engine_dir_->manifest();
    source.name = "test";
    source.weight = [dir = engine_dir_](const WeightSpec& spec, std::vector<std::byte>&) { return dir->weight(spec); };
    source.vector = [dir = engine_dir_](const WeightSpec& spec) { return dir->vector(spec); };
    auto backend = std::make_unique<SamplingBackend>();
    SamplingBackend* device = backend.get();
    auto model = load_model(std::move(source), options, {}, {}, std::move(backend));
    if (!model) qFatal("load: %s", model.error().message.c_str());
    device->loaded();
    return std::make_unique<LocalEngine>(std::move(*model));
  }

  static Request request(int seed, int max_tokens) {
    Request request;
    for (int i = 0; i < 3 + 7 * seed; ++i) request.prompt.push_back(10 + (seed * 37 + i * 11) % 290);
    request.max_tokens = max_tokens;
    request.sampling.temperature = seed % 3 == 0 ? 0 : 1.3;
    request.sampling.seed = static_cast<uint64_t>(seed);
    request.sampling.ignore_eos = seed % 2 == 0;
    return request;
  }

  /// Every rule of sampling in one request or another.
  static Request varied(int seed) {
    Request one = request(seed, 30 + seed);
    SamplingParams& params = one.sampling;
    if (seed % 4 == 1) params.repetition_penalty = 1.3;
    if (seed % 4 == 2) params.presence_penalty = 0.7, params.frequency_penalty = 0.2;
    if (seed % 5 == 3) params.top_k = 7;
    if (seed % 5 == 4) params.top_p = 0.8;
    if (seed % 3 == 2) params.min_p = 0.05;
    if (seed % 7 == 5) params.logit_bias = {{20, 3.0}, {21, -5.0}};
    if (seed % 7 == 6) params.min_tokens = 12, params.stop_ids = {17, 33, 50, 61, 90, 120};
    if (seed == 8) params.bad_words = {{25}};
    return one;
  }

  static void compare(Inference& overlapping, Inference& plain, const std::vector<Request>& requests) {
    Collector got, expected;
    for (const Request& one : requests) got.submit(overlapping, one);
    for (const Request& one : requests) expected.submit(plain, one);
    got.wait();
    expected.wait();
    for (size_t i = 0; i < requests.size(); ++i) {
      QCOMPARE(got[i].completions, 1);
      QCOMPARE(got[i].ids, expected[i].ids);
      QCOMPARE(got[i].logits, expected[i].logits);
      QCOMPARE(got[i].completion.reason, expected[i].completion.reason);
    }
    QTRY_COMPARE(overlapping.stats().used_kv_blocks, 0);  // told to the statistics a moment after the last answer
  }

 private slots:
  void initTestCase() {
    VERIFY_OK(write_tiny_checkpoint(folder_.filePath("model").toStdString(), {.shape = TinyShape::llama_gqa_tied}));
    BuildOptions options;
    options.model_dir = folder_.filePath("model").toStdString();
    options.output_dir = folder_.filePath("engine").toStdString();
    options.max_batch_size = 4;
    engine_dir_ = built(options);
  }

  void same_text_with_and_without_overlap_data() {
    QTest::addColumn<int>("policy");
    for (int policy = 0; policy < 3; ++policy) QTest::addRow("policy %d", policy) << policy;
  }
  void same_text_with_and_without_overlap() {
    QFETCH(int, policy);
    EngineOptions options{
        .device = "cpu", .max_num_tokens = 24, .tokens_per_block = 4, .policy = static_cast<BatchPolicy>(policy)};
    options.kv_cache_bytes = 40 * 4 * 2 * 2 * 2 * 16 * 2;  // 40 blocks: max_utilization has to preempt
    std::vector<Request> requests;
    for (int seed = 0; seed < 10; ++seed) requests.push_back(varied(seed));
    compare(*overlapping(options), *started(engine_dir_, options), requests);
  }

  void requests_that_need_the_host_join_and_leave() {
    EngineOptions options{.device = "cpu", .tokens_per_block = 4};
    std::vector<Request> requests;
    for (int seed = 0; seed < 8; ++seed) requests.push_back(varied(seed));
    requests[2].want_logits = true;
    requests[3].sampling.bad_words = {{30, 40}, {50}, {60, 61, 62}};
    requests[6].want_logits = true;
    compare(*overlapping(options), *started(engine_dir_, options), requests);
  }

  void a_reused_prefix_changes_nothing() {
    EngineOptions options{.device = "cpu", .tokens_per_block = 4};
    const auto engine = overlapping(options);
    Collector answers;
    for (int i = 0; i < 3; ++i) {
      answers.submit(*engine, request(6, 20));
      answers.wait();
    }
    QCOMPARE(answers[1].ids, answers[0].ids);
    QCOMPARE(answers[2].ids, answers[0].ids);
    QVERIFY(answers[1].completion.stats.reused_tokens >= 40);
  }

  void cancelling_leaves_neighbours_alone() {
    const auto engine = overlapping({.device = "cpu"});
    Collector answers;
    answers.submit(*engine, request(2, 60));
    answers.submit(*engine, request(4, 60), 5);
    const size_t cancelled = answers.submit(*engine, request(6, 60));
    engine->cancel(answers.id(cancelled));
    answers.wait();
    QCOMPARE(answers[1].completion.reason, FinishReason::cancelled);
    QCOMPARE(answers[1].ids.size(), size_t{5});
    const auto plain = started(engine_dir_);
    Collector alone;
    alone.submit(*plain, request(2, 60));
    alone.wait();
    QCOMPARE(answers[0].ids, alone[0].ids);
  }

  void unloading_during_generation_ends_every_request() {
    Collector answers;
    {
      const auto engine = overlapping({.device = "cpu"});
      for (int i = 0; i < 6; ++i) answers.submit(*engine, request(i, 80));
    }
    answers.wait();
    for (int i = 0; i < 6; ++i) QCOMPARE(answers[i].completions, 1);
  }

  /// The list a device gets says the same as the host's sampler does.
  void edits_say_what_the_sampler_does() {
    std::mt19937 random(3);
    std::normal_distribution<float> normal(0, 3);
    for (int round = 0; round < 400; ++round) {
      SamplingParams params = varied(round % 9).sampling;
      params.temperature = round % 4 == 0 ? 0 : 0.9;
      params.seed = static_cast<uint64_t>(round);
      params.min_tokens = round % 3 == 0 ? 6 : 0;
      const std::vector<int32_t> ends = {2};
      std::vector<int32_t> tokens;
      for (int i = 0; i < 5 + round % 9; ++i) tokens.push_back(static_cast<int32_t>(random() % 40));
      const int prompt = 5;
      LogitEdits edits(params, {tokens.data(), prompt}, ends);
      // The last token is known to the list, or only to the device.
      const bool pending = round % 2 == 1 && tokens.size() > prompt;
      for (size_t i = prompt; i < tokens.size() - (pending ? 1 : 0); ++i) edits.add_generated(tokens[i]);
      StepInput input;
      edits.append_row(params, tokens, pending, 0, input);
      constexpr int kVocab = 128;  // holds every id of varied()
      std::vector<float> logits(kVocab);
      for (float& logit : logits) logit = normal(random);
      std::vector<float> copy = logits;
      const int32_t expected = Sampler().sample(copy, params, {tokens, prompt, ends});
      const SampleRow& row = input.samples[0].row;
      QCOMPARE(naive_sample(logits.data(), kVocab, row, input.edits.data(), row.pending ? tokens.back() : -1), expected);
    }
  }
};

QTEST_GUILESS_MAIN(OverlapTest)
#include "overlap_test.moc"
