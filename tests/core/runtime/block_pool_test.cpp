// The blocks of the paged cache: nothing lost, equal prefixes found, memory reclaimed oldest first.
#include "core/runtime/block_pool.h"

#include <QtTest>
#include <numeric>
#include <random>
#include <set>

using flightdeck::BlockPool;

class BlockPoolTest : public QObject {
  Q_OBJECT

  static std::vector<int32_t> count_up(int n, int from = 0) {
    std::vector<int32_t> tokens(n);
    std::iota(tokens.begin(), tokens.end(), from);
    return tokens;
  }

  /// Takes blocks for all full blocks of the tokens and remembers them.
  static std::vector<int> fill(BlockPool& pool, const std::vector<int32_t>& tokens) {
    std::vector<int> blocks;
    for (size_t i = 0; i < tokens.size() / pool.block_size(); ++i) {
      blocks.push_back(pool.take());
      pool.remember(blocks, static_cast<int>(i), tokens);
    }
    return blocks;
  }

 private slots:
  void take_gives_every_block_once_then_none() {
    BlockPool pool(3, 4);
    QCOMPARE(std::set<int>({pool.take(), pool.take(), pool.take()}).size(), size_t{3});
    QCOMPARE(pool.take(), -1);
  }

  void released_prefix_is_found_again() {
    BlockPool pool(8, 4);
    const auto tokens = count_up(12);
    const auto blocks = fill(pool, tokens);
    pool.release(blocks);
    QCOMPARE(pool.free_blocks(), 8);
    QCOMPARE(pool.cached_blocks(), 3);
    QCOMPARE(pool.find_prefix(tokens, 12), blocks);
    QCOMPARE(pool.find_prefix(tokens, 11), std::vector<int>(blocks.begin(), blocks.begin() + 2));
  }

  void same_tokens_behind_another_beginning_are_another_block() {
    BlockPool pool(8, 4);
    auto tokens = count_up(8);
    pool.release(fill(pool, tokens));
    tokens[0] = 99;
    QVERIFY(pool.find_prefix(tokens, 8).empty());
  }

  void shared_block_is_free_only_after_its_last_holder() {
    BlockPool pool(4, 4);
    const auto tokens = count_up(4);
    const auto blocks = fill(pool, tokens);
    pool.hold(blocks);
    pool.release(blocks);
    QCOMPARE(pool.free_blocks(), 3);
    pool.release(blocks);
    QCOMPARE(pool.free_blocks(), 4);
  }

  void memory_is_reclaimed_from_the_least_recently_used_end() {
    BlockPool pool(4, 4);
    const auto first = count_up(8), second = count_up(8, 100);
    pool.release(fill(pool, first));
    pool.release(fill(pool, second));
    pool.take();  // the last block of `first` goes: oldest release, end of its sequence
    QCOMPARE(pool.find_prefix(first, 8).size(), size_t{1});
    QCOMPARE(pool.find_prefix(second, 8).size(), size_t{2});
  }

  void counts_survive_a_random_history() {
    BlockPool pool(16, 2);
    std::mt19937 random(5);
    std::vector<std::vector<int>> held;
    for (int i = 0; i < 5000; ++i) {
      if (random() % 2 && pool.free_blocks() >= 4) {
        auto tokens = count_up(8, static_cast<int>(random() % 4) * 1000);
        auto blocks = pool.find_prefix(tokens, 8);
        pool.hold(blocks);
        while (blocks.size() < 4 && pool.free_blocks() > 0) {
          blocks.push_back(pool.take());
          pool.remember(blocks, static_cast<int>(blocks.size()) - 1, tokens);
        }
        held.push_back(blocks);
      } else if (!held.empty()) {
        pool.release(held.back());
        held.pop_back();
      }
      std::set<int> distinct;
      for (const auto& blocks : held) distinct.insert(blocks.begin(), blocks.end());
      QCOMPARE(pool.used_blocks(), static_cast<int>(distinct.size()));
    }
  }
};

QTEST_GUILESS_MAIN(BlockPoolTest)
#include "block_pool_test.moc"
