// A step's integers on their way to the device: written into host memory that copies need not wait for, uploaded as
// one.
#pragma once

#include <vector>

#include "core/executor/step_input.h"
#include "kernels/backend.h"

namespace flightdeck {

/// Where the parts of a step lie, in bytes from the buffer's start. Depends on the sizes only, so that equal steps have
/// equal addresses and a recorded one can be replayed.
struct StepLayout {
  size_t token_ids = 0, positions = 0, sequence_of = 0, query_offsets = 0, kv_lengths = 0, logit_rows = 0;
  size_t block_tables = 0, samples = 0, total = 0;

  StepLayout(int tokens, int sequences, int rows, int max_blocks);
};

/// Two steps may be under way: a step's host memory is used again two steps later. Same thread as the backend.
class StepBuffer {
 public:
  /// For at most so many of each.
  StepBuffer(Backend& backend, int max_tokens, int max_sequences, int max_rows, int max_blocks);

  /// Uploads the step and says where everything is. Block tables are widened to a power of two of at least 8 blocks, so
  /// that few widths occur.
  void put(const StepInput& input);

  const BatchView& batch() const { return batch_; }  // device pointers
  const int32_t* logit_rows() const { return logit_rows_; }
  int32_t* token_ids() const { return token_ids_; }
  const SampleRow* samples() const { return samples_; }  // null when the step does not sample
  size_t bytes() const { return device_.bytes(); }

 private:
  int width_of(int max_blocks) const;
  LogitEdit* put_edits(const std::vector<LogitEdit>& edits, size_t& end);

  Backend& backend_;
  const int most_blocks_;
  Buffer device_, device_edits_;
  Buffer host_[2], host_edits_[2];
  int turn_ = 0;
  BatchView batch_;
  int32_t* token_ids_ = nullptr;
  const int32_t* logit_rows_ = nullptr;
  const SampleRow* samples_ = nullptr;
};

}  // namespace flightdeck
