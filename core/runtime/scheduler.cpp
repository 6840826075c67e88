#include "core/runtime/scheduler.h"

#include <algorithm>
#include <cassert>

namespace flightdeck {

void Scheduler::add(std::unique_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }

std::unique_ptr<Sequence> Scheduler::remove(RequestId id) {
  const auto is_it = [id](const std::unique_ptr<Sequence>& s) { return s->id == id; };
  if (const auto it = std::find_if(waiting_.begin(), waiting_.end(), is_it); it != waiting_.end()) {
    auto sequence = std::move(*it);
    waiting_.erase(it);
    return sequence;
  }
  const auto it = std::find_if(running_.begin(), running_.end(), is_it);
  if (it == running_.end()) return nullptr;
  auto sequence = std::move(*it);
  running_.erase(it);
  pool_.release(sequence->blocks);
  sequence->blocks.clear();
  sequence->slot = -1;
  if (running_.empty()) batch_closed_ = false;
  return sequence;
}

std::vector<ScheduledPart> Scheduler::schedule() {
  std::vector<ScheduledPart> step;
  int budget = options_.max_tokens, logit_budget = options_.max_logit_rows;
  const uint64_t preemptions_before = preemptions_;
  plan_running(step, /*decoding=*/true, budget, logit_budget);
  plan_running(step, /*decoding=*/false, budget, logit_budget);
  const bool made_room = preemptions_ != preemptions_before;  // whoever just left must not come back in the same step
  while (!made_room && !waiting_.empty() && budget > 0 && logit_budget > 0 && may_admit_now() &&
         admit(*waiting_.front())) {
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    if (auto part = plan_part(*running_.back(), budget, logit_budget)) step.push_back(*part);
  }
  if (options_.policy == BatchPolicy::static_batch && !running_.empty()) batch_closed_ = true;
  return step;
}

void Scheduler::plan_running(std::vector<ScheduledPart>& step, bool decoding, int& budget, int& logit_budget) {
  // By index: making room for one sequence may preempt the ones behind it.
  for (size_t i = 0; i < running_.size() && budget > 0 && logit_budget > 0; ++i) {
    Sequence& sequence = *running_[i];
    if ((sequence.remaining() == 1 && sequence.generated() > 0) != decoding) continue;
    if (sequence.max_tokens > 0 && sequence.generated() >= sequence.max_tokens) continue;  // its last step runs
    const auto part = plan_part(sequence, budget, logit_budget);
    if (part) step.push_back(*part);
  }
  // A sequence preempted after its part was planned is gone from this step.
  std::erase_if(step, [](const ScheduledPart& part) { return part.sequence->slot < 0; });
}

/// Tokens of its next part; 0: it has to wait for a step with more room.
int Scheduler::count_of(const Sequence& sequence, int budget, int logit_budget) const {
  const int room = sequence.want_logits ? std::min(budget, logit_budget) : budget;
  if (options_.fixed_chunk == 0) return std::min(sequence.remaining(), room);
  const int chunk =
      sequence.want_logits ? std::min(options_.fixed_chunk, options_.fixed_logit_rows) : options_.fixed_chunk;
  const int count = std::min(sequence.remaining(), chunk - sequence.computed % chunk);
  return count <= room ? count : 0;
}

std::optional<ScheduledPart> Scheduler::plan_part(Sequence& sequence, int& budget, int& logit_budget) {
  const int count = count_of(sequence, budget, logit_budget);
  if (count == 0) return std::nullopt;
  if (!ensure_blocks(sequence, sequence.computed + count)) return std::nullopt;
  ScheduledPart part;
  part.sequence = &sequence;
  part.first = sequence.computed;
  part.count = count;
  part.slot = sequence.slot;
  part.samples = sequence.computed + count == static_cast<int>(sequence.tokens.size());
  part.prefill = !(sequence.generated() > 0 && sequence.remaining() == 1);
  budget -= count;
  logit_budget -= sequence.want_logits ? count : (part.samples ? 1 : 0);
  return part;
}

void Scheduler::advance(const ScheduledPart& part) { part.sequence->computed = part.first + part.count; }

void Scheduler::remember(const ScheduledPart& part) {
  const Sequence& sequence = *part.sequence;
  if (!options_.prefix_reuse || sequence.blocks.empty()) return;
  for (int i = part.first / pool_.block_size(); i < (part.first + part.count) / pool_.block_size(); ++i)
    pool_.remember(sequence.blocks, i, sequence.tokens);
}

bool Scheduler::may_admit_now() const {
  if (static_cast<int>(running_.size()) >= options_.max_sequences) return false;
  return !(options_.policy == BatchPolicy::static_batch && batch_closed_);
}

bool Scheduler::admit(Sequence& sequence) {
  std::vector<int> reused;
  if (options_.prefix_reuse && !sequence.want_logits) {
    // The last token is always computed: its logits are needed.
    reused = pool_.find_prefix(sequence.tokens, static_cast<int>(sequence.tokens.size()) - 1);
  }
  if (!fits(sequence, reused)) return false;
  pool_.hold(reused);
  sequence.computed = static_cast<int>(reused.size()) * pool_.block_size();
  if (!sequence.started) sequence.reused = sequence.computed;
  sequence.blocks = std::move(reused);
  sequence.slot = free_slot();
  sequence.started = true;
  return true;
}

/// guaranteed_no_evict and static_batch: the worst case of everybody running and of this one fits, so nobody ever waits
/// for a block. max_utilization: what it has to compute now fits.
bool Scheduler::fits(const Sequence& sequence, const std::vector<int>& reused) const {
  const int free = pool_.free_blocks() - pool_.unheld(reused);
  const int have = static_cast<int>(reused.size());
  if (options_.policy == BatchPolicy::max_utilization) {
    return pool_.blocks_for(static_cast<int>(sequence.tokens.size())) - have <= free;
  }
  return worst_case_blocks(sequence.prompt_tokens, sequence.max_tokens) - have <= free - outstanding_blocks();
}

/// Blocks promised to running sequences and not taken yet.
int Scheduler::outstanding_blocks() const {
  int sum = 0;
  for (const auto& s : running_)
    sum += worst_case_blocks(s->prompt_tokens, s->max_tokens) - static_cast<int>(s->blocks.size());
  return sum;
}

bool Scheduler::ensure_blocks(Sequence& sequence, int tokens) {
  while (static_cast<int>(sequence.blocks.size()) < pool_.blocks_for(tokens)) {
    const int block = pool_.take();
    if (block >= 0) {
      sequence.blocks.push_back(block);
      continue;
    }
    assert(options_.policy == BatchPolicy::max_utilization);
    if (running_.back().get() == &sequence) return false;  // the youngest waits; the older ones will end
    preempt_youngest();
  }
  return true;
}

/// Puts the youngest back to the head of the queue; what it generated becomes part of what is computed again.
void Scheduler::preempt_youngest() {
  auto sequence = std::move(running_.back());
  running_.pop_back();
  pool_.release(sequence->blocks);
  sequence->blocks.clear();
  sequence->computed = 0;
  sequence->slot = -1;
  ++preemptions_;
  waiting_.push_front(std::move(sequence));
}

int Scheduler::free_slot() const {
  for (int slot = 0;; ++slot) {
    const bool taken = std::any_of(running_.begin(), running_.end(), [slot](const auto& s) { return s->slot == slot; });
    if (!taken) return slot;
  }
}

}  // namespace flightdeck
