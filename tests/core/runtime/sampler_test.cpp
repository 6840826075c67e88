// Sampling on the host: each parameter on a small row of logits, and frequencies against probabilities.
#include "core/runtime/sampler.h"

#include <QtTest>
#include <cmath>
#include <limits>
#include <map>

using namespace flightdeck;

class SamplerTest : public QObject {
  Q_OBJECT

  const std::vector<float> logits_ = {1.0f, 3.0f, 2.0f, 2.9f, -1.0f};
  const std::vector<int32_t> ends_ = {1};

  int32_t sample(const SamplingParams& params, std::vector<int32_t> tokens = {0}, int prompt_tokens = 1) {
    std::vector<float> row = logits_;
    return Sampler().sample(row, params, {tokens, prompt_tokens, ends_});
  }

  /// How often each token comes over many seeds.
  std::map<int32_t, double> frequencies(SamplingParams params) {
    std::map<int32_t, double> counts;
    for (params.seed = 0; params.seed < 20000; ++params.seed) counts[sample(params)] += 1.0 / 20000;
    return counts;
  }

 private slots:
  void temperature_zero_and_top_k_one_take_the_best() {
    QCOMPARE(sample({.temperature = 0}), 1);
    QCOMPARE(sample({.temperature = 5, .top_k = 1}), 1);
  }

  void frequencies_follow_the_softmax() {
    const auto seen = frequencies({.temperature = 2.0});
    double total = 0;
    for (float l : logits_) total += std::exp(l / 2.0);
    for (size_t i = 0; i < logits_.size(); ++i) {
      const double expected = std::exp(logits_[i] / 2.0) / total;
      QVERIFY(std::abs(seen.at(static_cast<int>(i)) - expected) < 0.012);
    }
  }

  void top_k_top_p_and_min_p_cut_the_tail() {
    QCOMPARE(frequencies({.top_k = 2}).size(), size_t{2});
    QCOMPARE(frequencies({.top_p = 0.5}).size(), size_t{2});  // 0.41 alone is not enough, 0.37 joins
    QCOMPARE(frequencies({.top_p = 0.35}).size(), size_t{1});
    QCOMPARE(frequencies({.min_p = 0.3}).size(), size_t{3});  // e^-1 = 0.37 stays, e^-2 goes
  }

  void same_seed_and_position_give_the_same_token() {
    for (uint64_t seed = 0; seed < 50; ++seed)
      QCOMPARE(sample({.temperature = 3, .seed = seed}), sample({.temperature = 3, .seed = seed}));
    QVERIFY(uniform_at(1, 5) != uniform_at(1, 6) && uniform_at(1, 5) != uniform_at(2, 5));
  }

  void penalties_and_bias_move_the_best() {
    QCOMPARE(sample({.temperature = 0, .repetition_penalty = 1.5}, {1}), 3);
    QCOMPARE(sample({.temperature = 0, .presence_penalty = 0.5}, {0, 1}, 1), 3);
    QCOMPARE(sample({.temperature = 0, .presence_penalty = 0.5}, {1}, 1), 1);  // prompt tokens do not count
    QCOMPARE(sample({.temperature = 0, .frequency_penalty = 0.06}, {0, 1, 1}, 1), 3);
    QCOMPARE(sample({.temperature = 0, .logit_bias = {{4, 10.0}}}), 4);
  }

  void end_and_bad_words_are_impossible_when_forbidden() {
    QCOMPARE(sample({.temperature = 0, .min_tokens = 1}), 3);
    QCOMPARE(sample({.temperature = 0, .ignore_eos = true}), 3);
    QCOMPARE(sample({.temperature = 0, .bad_words = {{1}}}), 3);
    QCOMPARE(sample({.temperature = 0, .bad_words = {{0, 1}}}, {0}), 3);
    QCOMPARE(sample({.temperature = 0, .bad_words = {{2, 1}}}, {0}), 1);
  }

  void a_row_without_a_finite_best_gives_none() {
    std::vector<float> nan = {1.0f, std::nanf(""), 2.0f};
    std::vector<float> nothing(3, -std::numeric_limits<float>::infinity());
    const std::vector<int32_t> tokens = {0};
    QCOMPARE(Sampler().sample(nan, {}, {tokens, 1, {}}), -1);
    QCOMPARE(Sampler().sample(nothing, {}, {tokens, 1, {}}), -1);
  }
};

QTEST_GUILESS_MAIN(SamplerTest)
#include "sampler_test.moc"
