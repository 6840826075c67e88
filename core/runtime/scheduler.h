// Iteration-level batching (Orca, OSDI 2022) with chunked prefill over a paged cache, as a pure state machine: requests
// in, steps out, no device calls, no clocks. Engine thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/runtime/block_pool.h"
#include "core/runtime/engine.h"

namespace flightdeck {

struct SchedulerOptions {
  int max_sequences = 8;    // slots
  int max_tokens = 512;     // of one step
  int max_logit_rows = 64;  // of one step
  BatchPolicy policy = BatchPolicy::guaranteed_no_evict;
  bool prefix_reuse = true;
  /// Above 0: a prompt is cut at multiples of this, never by what others leave of the budget, and a piece waits until
  /// it fits whole. max_tokens has room for one and a token of each of the others; max_logit_rows for fixed_logit_rows.
  int fixed_chunk = 0;
  int fixed_logit_rows = 64;  // the same of a sequence that wants logits
};

/// One request on its way. `tokens` is the prompt and what was generated; the first `computed` are in the cache.
struct Sequence {
  RequestId id = 0;
  std::vector<int32_t> tokens;
  int prompt_tokens = 0;
  int max_tokens = 0;        // to generate
  bool want_logits = false;  // of every position: no reuse, small chunks
  int computed = 0;
  int reused = 0;  // tokens found in the cache when it first started
  int slot = -1;
  std::vector<int> blocks;
  bool started = false;  // ever scheduled

  int generated() const { return static_cast<int>(tokens.size()) - prompt_tokens; }
  int remaining() const { return static_cast<int>(tokens.size()) - computed; }
};

/// A part of a step: `count` tokens of a sequence from position `first` on.
struct ScheduledPart {
  Sequence* sequence = nullptr;
  int first = 0;
  int count = 0;
  int slot = -1;         // of the sequence when it was scheduled
  bool samples = false;  // its last token's logits choose the next token
  bool prefill = false;
};

class Scheduler {
 public:
  Scheduler(const SchedulerOptions& options, BlockPool& pool) : options_(options), pool_(pool) {}

  /// Blocks the request needs at worst; more than the pool has can never run.
  int worst_case_blocks(int prompt_tokens, int max_tokens) const {
    return pool_.blocks_for(prompt_tokens + max_tokens);
  }

  void add(std::unique_ptr<Sequence> sequence);
  /// Takes the sequence out, wherever it is; null when it is not here. Its blocks are free again.
  std::unique_ptr<Sequence> remove(RequestId id);

  /// The next step, decoding sequences first, then prefill in order of arrival. Empty when nothing can run.
  std::vector<ScheduledPart> schedule();
  /// The part runs or has run: later steps find its tokens in the cache.
  void advance(const ScheduledPart& part);
  /// The part has run and all its tokens are known: blocks it filled can be found by their content. After advance; a
  /// sequence preempted meanwhile has nothing to remember.
  void remember(const ScheduledPart& part);
  /// Appends the sampled token of a part that `samples`; it may be a stand-in until the token is known. A sequence that
  /// has its max_tokens, stand-ins counted, is scheduled no more.
  void append(Sequence& sequence, int32_t token) { sequence.tokens.push_back(token); }

  bool idle() const { return running_.empty() && waiting_.empty(); }
  const std::vector<std::unique_ptr<Sequence>>& running() const { return running_; }
  const std::deque<std::unique_ptr<Sequence>>& waiting() const { return waiting_; }
  uint64_t preemptions() const { return preemptions_; }

 private:
  bool admit(Sequence& sequence);
  bool may_admit_now() const;
  bool fits(const Sequence& sequence, const std::vector<int>& reused) const;
  int outstanding_blocks() const;
  bool ensure_blocks(Sequence& sequence, int tokens);
  void preempt_youngest();
  int free_slot() const;
  int count_of(const Sequence& sequence, int budget, int logit_budget) const;
  void plan_running(std::vector<ScheduledPart>& step, bool decoding, int& budget, int& logit_budget);
  std::optional<ScheduledPart> plan_part(Sequence& sequence, int& budget, int& logit_budget);

  SchedulerOptions options_;
  BlockPool& pool_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<std::unique_ptr<Sequence>> running_;  // in order of admission, the youngest last
  bool batch_closed_ = false;                       // static_batch: the batch has begun, nobody joins
  uint64_t preemptions_ = 0;
};

}  // namespace flightdeck
