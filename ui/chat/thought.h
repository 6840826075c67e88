// What a reasoning model thinks before it answers: <think>…</think> at the beginning of its text. Pure, incremental:
// the cost of an append is the new text.
#pragma once

#include <QString>

namespace flightdeck {

class ThoughtSplitter {
 public:
  struct Parts {
    QString thought, answer;
  };
  /// The new text, parted. What may still become a tag is held back.
  Parts append(const QString& text);
  /// No more text: what was held back.
  Parts finish();
  bool thinking() const { return state_ == State::thought; }
  /// Something was thought: an empty <think></think> is none.
  bool hasThought() const { return has_thought_; }

  static Parts split(const QString& text);

 private:
  enum class State : uint8_t { begin, thought, answer };
  Parts take(bool last);
  void skipBlank();
  State state_ = State::begin;
  QString pending_;
  bool has_thought_ = false, at_start_ = true;  // of the thought or of the answer: blank lines there are dropped
};

}  // namespace flightdeck
