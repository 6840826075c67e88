#include "ui/markdown/splitter.h"

#include <algorithm>
#include <utility>

namespace flightdeck {
namespace {

constexpr qsizetype kLongLine = 4000;    // a line is cut here: text layout is quadratic in a line's length
constexpr qsizetype kLongBlock = 12000;  // a block is closed here, so that re-rendering the open one stays cheap

qsizetype indentOf(const QString& line) {
  qsizetype n = 0;
  while (n < line.size() && (line[n] == QLatin1Char(' ') || line[n] == QLatin1Char('\t'))) ++n;
  return n;
}

/// Length of the run of fence characters at `at`, 0 when shorter than three.
int fenceLength(const QString& line, qsizetype at) {
  if (at >= line.size()) return 0;
  const QChar c = line[at];
  if (c != QLatin1Char('`') && c != QLatin1Char('~')) return 0;
  qsizetype end = at;
  while (end < line.size() && line[end] == c) ++end;
  const auto length = static_cast<int>(end - at);
  if (length < 3) return 0;
  // ```code``` in one line is inline code.
  return c == QLatin1Char('`') && line.indexOf(QLatin1Char('`'), end) >= 0 ? 0 : length;
}

int headingLevel(const QString& line) {
  int level = 0;
  while (level < line.size() && level < 7 && line[level] == QLatin1Char('#')) ++level;
  return level >= 1 && level <= 6 && level < line.size() && line[level] == QLatin1Char(' ') ? level : 0;
}

bool isRule(const QString& line) {
  const QString text = line.trimmed();
  if (text.size() < 3 || !QStringLiteral("-*_").contains(text[0])) return false;
  int marks = 0;
  for (QChar c : text) {
    if (c == text[0])
      ++marks;
    else if (c != QLatin1Char(' '))
      return false;
  }
  return marks >= 3;
}

bool isListItem(const QString& line) {
  qsizetype at = indentOf(line);
  if (at >= line.size()) return false;
  const auto blankAt = [&](qsizetype i) { return i < line.size() && line[i] == QLatin1Char(' '); };
  if (QStringLiteral("-*+").contains(line[at])) return blankAt(at + 1);
  const qsizetype digits = at;
  while (at < line.size() && line[at].isDigit() && at - digits < 9) ++at;
  return at > digits && at < line.size() && (line[at] == QLatin1Char('.') || line[at] == QLatin1Char(')')) &&
         blankAt(at + 1);
}

bool isTableRule(const QString& line) {
  bool dash = false, bar = false;
  for (QChar c : line) {
    if (c == QLatin1Char('-'))
      dash = true;
    else if (c == QLatin1Char('|'))
      bar = true;
    else if (c != QLatin1Char(':') && c != QLatin1Char(' '))
      return false;
  }
  return dash && bar;
}

}  // namespace

Block* MarkdownSplitter::open() { return blocks_.empty() || blocks_.back().closed ? nullptr : &blocks_.back(); }

void MarkdownSplitter::closeLast() {
  if (!blocks_.empty()) blocks_.back().closed = true;
}

void MarkdownSplitter::push(Block block) {
  closeLast();
  blocks_.push_back(std::move(block));
}

void MarkdownSplitter::rollBack() {
  blocks_.resize(committed_blocks_);
  if (!blocks_.empty()) {
    blocks_.back().text.truncate(committed_length_);
    blocks_.back().kind = committed_kind_;
    blocks_.back().closed = committed_closed_;
  }
  blank_ = committed_blank_;
  soft_ = committed_soft_;
  fence_ = committed_fence_;
}

void MarkdownSplitter::applyPartial() {
  committed_blocks_ = blocks_.size();
  committed_length_ = blocks_.empty() ? 0 : blocks_.back().text.size();
  committed_kind_ = blocks_.empty() ? BlockKind::paragraph : blocks_.back().kind;
  committed_closed_ = !blocks_.empty() && blocks_.back().closed;
  committed_blank_ = blank_;
  committed_soft_ = soft_;
  committed_fence_ = fence_;
  if (partial_.isEmpty()) return;
  // A lone marker may still become anything ("-", "#", "|", "`"): show it as what it is once more is known.
  static const QString markers = QStringLiteral("#-*+>|`~ \t");
  if (fence_.isEmpty() && partial_.size() < 3 &&
      std::all_of(partial_.begin(), partial_.end(), [](QChar c) { return markers.contains(c); }))
    return;
  addLine(partial_, false);
}

bool MarkdownSplitter::cutLongLine() {
  if (partial_.size() <= kLongLine) return false;
  qsizetype cut = partial_.lastIndexOf(QLatin1Char(' '), kLongLine) + 1;
  if (cut <= kLongLine / 2 || !fence_.isEmpty()) cut = kLongLine;
  if (partial_[cut - 1].isHighSurrogate()) --cut;
  addLine(partial_.left(cut), true);
  partial_.remove(0, cut);
  return true;
}

void MarkdownSplitter::append(const QString& text) {
  rollBack();
  qsizetype from = 0;
  while (from < text.size()) {
    const qsizetype end = text.indexOf(QLatin1Char('\n'), from);
    // In pieces, so that a line of a million characters is cut from its front at a bounded cost.
    const qsizetype take = std::min((end < 0 ? text.size() : end) - from, 2 * kLongLine);
    partial_ += QStringView(text).mid(from, take);
    from += take;
    while (cutLongLine()) {
    }
    if (end < 0 || from < end) continue;
    addLine(partial_, false);
    partial_.clear();
    from = end + 1;
  }
  applyPartial();
}

void MarkdownSplitter::finish() {
  rollBack();
  if (!partial_.isEmpty()) addLine(partial_, false);
  partial_.clear();
  closeLast();
  fence_.clear();
  applyPartial();
}

bool MarkdownSplitter::openFence(const QString& line) {
  const qsizetype indent = indentOf(line);
  const int length = fenceLength(line, indent);
  if (length == 0) return false;
  Block block;
  block.kind = BlockKind::code;
  block.language = line.mid(indent + length).trimmed().section(QLatin1Char(' '), 0, 0).left(24);
  push(block);
  fence_ = line.mid(indent, length);
  fence_indent_ = static_cast<int>(indent);
  return true;
}

void MarkdownSplitter::addCodeLine(const QString& line) {
  const QString text = line.trimmed();
  if (text.startsWith(fence_) && text.count(fence_[0]) == text.size() && !soft_) {
    if (blocks_.back().text.endsWith(QLatin1Char('\n'))) blocks_.back().text.chop(1);
    closeLast();
    fence_.clear();
    return;
  }
  blocks_.back().text += line.mid(std::min<qsizetype>(indentOf(line), fence_indent_)) + QLatin1Char('\n');
}

void MarkdownSplitter::addText(BlockKind kind, const QString& line, bool soft) {
  Block* last = open();
  const bool joins = last && last->kind == kind;
  if (joins && last->text.size() < kLongBlock) {
    if (!soft_) last->text += QLatin1Char('\n');
    last->text += line;
  } else {
    Block block;
    block.kind = kind;
    block.text = line;
    block.continued = joins;
    push(block);
  }
  soft_ = soft;
}

void MarkdownSplitter::addLine(const QString& raw, bool soft) {
  const QString line = raw.endsWith(QLatin1Char('\r')) ? raw.chopped(1) : raw;
  if (!fence_.isEmpty()) {
    addCodeLine(line);
    soft_ = soft;
    return;
  }
  const bool after_blank = std::exchange(blank_, false);
  Block* last = open();
  if (soft_ && last) return addText(last->kind, line, soft);  // the rest of a cut line is no new line
  if (line.trimmed().isEmpty()) {
    blank_ = true;
    if (last && last->kind != BlockKind::list) closeLast();
    return;
  }
  const qsizetype indent = indentOf(line);
  if (openFence(line)) return;
  if (isRule(line)) {
    Block block;
    block.kind = BlockKind::rule;
    push(block);
    return closeLast();
  }
  if (const int level = indent < 4 ? headingLevel(line.mid(indent)) : 0) {
    Block block;
    block.kind = BlockKind::heading;
    block.level = level;
    block.text = line.mid(indent + level).trimmed();
    push(block);
    return closeLast();
  }
  if (isListItem(line)) return addText(BlockKind::list, line, soft);
  if (line[indent] == QLatin1Char('>') && indent < 4) {
    const QString inner = line.mid(indent + 1);
    return addText(BlockKind::quote, inner.startsWith(QLatin1Char(' ')) ? inner.mid(1) : inner, soft);
  }
  if (last && last->kind == BlockKind::list && (indent >= 2 || !after_blank))
    return addText(BlockKind::list, line, soft);
  if (last && last->kind == BlockKind::table && line.contains(QLatin1Char('|')))
    return addText(BlockKind::table, line, soft);
  if (last && last->kind == BlockKind::paragraph && isTableRule(line) && last->text.contains(QLatin1Char('|')) &&
      !last->text.contains(QLatin1Char('\n'))) {
    last->kind = BlockKind::table;
    return addText(BlockKind::table, line, soft);
  }
  addText(BlockKind::paragraph, indent < 4 ? line.mid(indent) : line, soft);
}

std::vector<Block> MarkdownSplitter::split(const QString& text) {
  MarkdownSplitter splitter;
  splitter.append(text);
  splitter.finish();
  return splitter.blocks();
}

QString breakLongRuns(const QString& text, int limit) {
  QString broken;
  qsizetype run = 0;
  for (qsizetype i = 0; i < text.size(); ++i) {
    if (text[i] == QLatin1Char('\n'))
      run = 0;
    else if (++run > limit && !text[i].isLowSurrogate()) {
      if (broken.isEmpty()) broken = text.left(i);
      broken += QLatin1Char('\n');
      run = 1;
    }
    if (!broken.isEmpty()) broken += text[i];
  }
  return broken.isEmpty() ? text : broken;
}

}  // namespace flightdeck
