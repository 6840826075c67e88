// The scheduler as a state machine: random histories under every policy, with its promises checked at every step.
#include "core/runtime/scheduler.h"

#include <QtTest>
#include <map>
#include <random>
#include <set>

using namespace flightdeck;

namespace {

/// Runs a scheduler as the engine would, sampling token numbers instead of real ones.
struct Driver {
  Driver(const SchedulerOptions& options, int blocks) : pool(blocks, 4), scheduler(options, pool) {}
  Driver(BatchPolicy policy, int blocks) : Driver({.max_sequences = 4, .max_tokens = 16, .policy = policy}, blocks) {}

  void add(int prompt_tokens, int max_tokens, int first_token = 0) {
    auto sequence = std::make_unique<Sequence>();
    sequence->id = ++last_id;
    for (int i = 0; i < prompt_tokens; ++i) sequence->tokens.push_back(first_token + i);
    sequence->prompt_tokens = prompt_tokens;
    sequence->max_tokens = max_tokens;
    scheduler.add(std::move(sequence));
  }

  std::vector<ScheduledPart> step() {
    const auto parts = scheduler.schedule();
    finish(parts);
    return parts;
  }

  void finish(const std::vector<ScheduledPart>& parts) {
    for (const ScheduledPart& part : parts) {
      scheduler.advance(part);
      scheduler.remember(part);
      if (!part.samples) continue;
      Sequence& sequence = *part.sequence;
      scheduler.append(sequence, 7000 + sequence.generated());
      if (sequence.generated() == sequence.max_tokens) {
        ++ends[sequence.id];
        scheduler.remove(sequence.id);
      }
    }
  }

  BlockPool pool;
  Scheduler scheduler;
  RequestId last_id = 0;
  std::map<RequestId, int> ends;
};

}  // namespace

class SchedulerTest : public QObject {
  Q_OBJECT

  static void every_policy() {
    QTest::addColumn<int>("policy");
    QTest::newRow("guaranteed_no_evict") << static_cast<int>(BatchPolicy::guaranteed_no_evict);
    QTest::newRow("max_utilization") << static_cast<int>(BatchPolicy::max_utilization);
    QTest::newRow("static_batch") << static_cast<int>(BatchPolicy::static_batch);
  }

  static void check_step(const Driver& d, const std::vector<ScheduledPart>& parts) {
    std::set<int> slots_taken;
    int tokens = 0;
    for (const auto& s : d.scheduler.running()) slots_taken.insert(s->slot);
    for (const ScheduledPart& part : parts) tokens += part.count;
    QVERIFY(!parts.empty());
    QVERIFY(tokens <= 16);
    QVERIFY(d.scheduler.running().size() <= 4);
    QCOMPARE(slots_taken.size(), d.scheduler.running().size());
  }

 private slots:
  void random_history_ends_every_request_once_data() { every_policy(); }
  void random_history_ends_every_request_once() {
    QFETCH(int, policy);
    std::mt19937 random(11);
    Driver d(static_cast<BatchPolicy>(policy), 16);
    std::set<RequestId> cancelled;
    for (int i = 0; i < 3000 || !d.scheduler.idle(); ++i) {
      if (i < 3000 && random() % 3 == 0) d.add(1 + random() % 30, 1 + random() % 30, random() % 3 * 100);
      if (random() % 9 == 0 && d.last_id > 0) {
        const RequestId id = 1 + random() % d.last_id;
        if (d.scheduler.remove(id)) cancelled.insert(id);
      }
      if (!d.scheduler.idle()) check_step(d, d.step());
    }
    QCOMPARE(d.ends.size() + cancelled.size(), static_cast<size_t>(d.last_id));
    for (const auto& [id, count] : d.ends) QCOMPARE(count, 1);
    QCOMPARE(d.pool.free_blocks(), 16);
  }

  void decode_is_not_held_up_by_a_long_prefill() {
    Driver d(BatchPolicy::guaranteed_no_evict, 64);
    d.add(4, 20);
    d.step();
    d.add(60, 2);
    for (int i = 0; i < 3; ++i) {
      const auto parts = d.step();
      QCOMPARE(parts.size(), size_t{2});
      QVERIFY(!parts[0].prefill && parts[0].count == 1);
      QCOMPARE(parts[1].count, 15);  // the chunk takes what decoding left of the budget
    }
  }

  void fixed_chunks_are_cut_alike_alone_and_in_company() {
    const SchedulerOptions fixed{.max_sequences = 4, .max_tokens = 12, .prefix_reuse = false, .fixed_chunk = 8};
    using Cuts = std::map<RequestId, std::vector<std::pair<int, int>>>;  // places and lengths of the parts
    const auto run = [&](const std::vector<std::pair<int, int>>& requests) {
      Driver d(fixed, 64);
      Cuts cuts;
      for (const auto& [prompt, answer] : requests) d.add(prompt, answer);
      while (!d.scheduler.idle()) {
        const auto parts = d.scheduler.schedule();
        if (parts.empty()) return Cuts();  // nobody may wait for ever
        int tokens = 0;
        for (const ScheduledPart& part : parts) {
          tokens += part.count;
          cuts[part.sequence->id].emplace_back(part.first, part.count);
        }
        if (tokens > fixed.max_tokens) return Cuts();
        d.finish(parts);
      }
      return cuts;
    };
    std::mt19937 random(5);
    std::vector<std::pair<int, int>> requests;
    for (int i = 0; i < 60; ++i) requests.emplace_back(1 + random() % 40, 1 + random() % 20);
    Cuts together = run(requests);
    QCOMPARE(together.size(), requests.size());
    for (size_t i = 0; i < requests.size(); ++i) QCOMPARE(together[i + 1], run({requests[i]})[1]);
  }

  void equal_prompts_share_their_blocks() {
    Driver d(BatchPolicy::guaranteed_no_evict, 64);
    d.add(13, 2);
    while (!d.scheduler.idle()) d.step();
    d.add(13, 2);
    const auto parts = d.step();
    QCOMPARE(parts[0].first, 12);  // three full blocks are there, the rest is computed
    QCOMPARE(parts[0].sequence->reused, 12);
  }

  void whole_blocks_of_prompt_leave_one_token_to_compute() {
    Driver d(BatchPolicy::guaranteed_no_evict, 64);
    d.add(12, 2);
    while (!d.scheduler.idle()) d.step();
    d.add(12, 2);
    QCOMPARE(d.step()[0].first, 8);
  }

  void guaranteed_never_preempts() {
    Driver d(BatchPolicy::guaranteed_no_evict, 12);
    for (int i = 0; i < 10; ++i) d.add(8, 16, i * 100);
    while (!d.scheduler.idle()) d.step();
    QCOMPARE(d.scheduler.preemptions(), uint64_t{0});
    QCOMPARE(d.ends.size(), size_t{10});
  }

  void max_utilization_preempts_the_youngest_and_ends_all() {
    Driver d(BatchPolicy::max_utilization, 12);
    for (int i = 0; i < 10; ++i) d.add(8, 16, i * 100);
    while (!d.scheduler.idle()) d.step();
    QVERIFY(d.scheduler.preemptions() > 0);
    QCOMPARE(d.ends.size(), size_t{10});
  }

  void static_batch_admits_nobody_until_all_have_ended() {
    Driver d(BatchPolicy::static_batch, 64);
    d.add(2, 2);
    d.add(2, 10);
    d.step();
    d.add(2, 2);
    while (d.ends.size() < 2) {
      d.step();
      QVERIFY(d.scheduler.running().size() <= 2);
      if (d.ends.size() < 2) QCOMPARE(d.scheduler.waiting().size(), size_t{1});
    }
  }
};

QTEST_GUILESS_MAIN(SchedulerTest)
#include "scheduler_test.moc"
