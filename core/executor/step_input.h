// One step's batch in host memory.
#pragma once

#include <vector>

#include "kernels/ops.h"

namespace flightdeck {

/// How the id after one row of logits is chosen on the device; `row.edits` is filled in from first_edit.
struct SampleInput {
  SampleRow row;
  int first_edit = 0;  // into StepInput::edits
};

/// See BatchView for the fields.
struct StepInput {
  std::vector<int32_t> token_ids, positions, sequence_of, query_offsets, kv_lengths;
  std::vector<int32_t> block_tables;  // [sequences, max_blocks], unused entries 0
  int max_blocks = 0;
  std::vector<int32_t> logit_rows;  // packed token indices whose logits are wanted, ascending
  // For Executor::start only:
  bool pending = false;              // some token_ids are negative: -1 - slot of the step that chooses them
  std::vector<SampleInput> samples;  // one for each of logit_rows
  std::vector<LogitEdit> edits;
};

}  // namespace flightdeck
