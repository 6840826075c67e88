// What one request changes in its logits before each choice, kept as a short list for samplers on a device.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "core/executor/step_input.h"
#include "core/runtime/request.h"

namespace flightdeck {

/// Engine thread only. One entry an id, kept up to date token by token, so that a step costs the length of the list.
class LogitEdits {
 public:
  LogitEdits(const SamplingParams& params, std::span<const int32_t> prompt, std::span<const int32_t> end_ids);

  /// A chosen token has become known.
  void add_generated(int32_t token);
  /// Appends the row that chooses the token after `tokens` (prompt and generated; the last may still be unknown, then
  /// `pending`). `slot` says where the device keeps the sequence's last token.
  void append_row(const SamplingParams& params, std::span<const int32_t> tokens, bool pending, int slot,
                  StepInput& input) const;
  /// True when the choice depends on which tokens came before in a way only the host can tell: bad words of several
  /// tokens.
  static bool needs_known_tokens(const SamplingParams& params);

 private:
  LogitEdit& entry(int32_t id);
  void forbid(std::vector<LogitEdit>& edits, size_t first, int32_t id) const;

  std::vector<LogitEdit> edits_;
  std::unordered_map<int32_t, size_t> index_;  // id → place in edits_
  std::vector<int32_t> until_min_tokens_;      // forbidden before min_tokens
  size_t prompt_tokens_;
  bool counts_generated_, penalizes_;
};

}  // namespace flightdeck
