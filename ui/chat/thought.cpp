#include "ui/chat/thought.h"

#include <algorithm>

namespace flightdeck {
namespace {

const QString kOpen = QStringLiteral("<think>");
const QString kClose = QStringLiteral("</think>");

/// Length of the longest end of `text` that is a beginning of `tag`.
qsizetype heldBack(const QString& text, const QString& tag) {
  for (qsizetype n = std::min(text.size(), tag.size() - 1); n > 0; --n)
    if (tag.startsWith(QStringView(text).right(n))) return n;
  return 0;
}

QString taken(QString& from, qsizetype length) {
  const QString front = from.left(length);
  from.remove(0, length);
  return front;
}

}  // namespace

void ThoughtSplitter::skipBlank() {
  qsizetype n = 0;
  while (n < pending_.size() && pending_[n].isSpace()) ++n;
  pending_.remove(0, n);
  if (!pending_.isEmpty()) at_start_ = false;
}

ThoughtSplitter::Parts ThoughtSplitter::take(bool last) {
  Parts parts;
  if (pending_.isEmpty()) return parts;
  if (state_ == State::begin) {
    const QString start = pending_.trimmed();
    if (start.startsWith(kOpen)) {
      pending_.remove(0, pending_.indexOf(kOpen) + kOpen.size());
      state_ = State::thought;
    } else if (last || !kOpen.startsWith(start)) {
      state_ = State::answer;
      at_start_ = false;
    } else {
      return parts;
    }
  }
  if (state_ == State::thought) {
    if (at_start_) skipBlank();
    const qsizetype end = pending_.indexOf(kClose);
    parts.thought = taken(pending_, end >= 0 ? end : pending_.size() - (last ? 0 : heldBack(pending_, kClose)));
    has_thought_ = has_thought_ || !parts.thought.isEmpty();
    if (end < 0) return parts;
    pending_.remove(0, kClose.size());
    state_ = State::answer;
    at_start_ = true;
  }
  if (at_start_) skipBlank();
  parts.answer = taken(pending_, pending_.size());
  return parts;
}

ThoughtSplitter::Parts ThoughtSplitter::append(const QString& text) {
  pending_ += text;
  return take(false);
}

ThoughtSplitter::Parts ThoughtSplitter::finish() { return take(true); }

ThoughtSplitter::Parts ThoughtSplitter::split(const QString& text) {
  ThoughtSplitter splitter;
  Parts parts = splitter.append(text);
  const Parts rest = splitter.finish();
  return {parts.thought + rest.thought, parts.answer + rest.answer};
}

}  // namespace flightdeck
