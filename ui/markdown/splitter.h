// Markdown text → blocks, as the text comes in. Pure and incremental: only the last block may still change, and the
// cost of an append is the new text and the open line. Nothing is ever loaded or executed; what is not understood stays
// text.
#pragma once

#include <QString>
#include <vector>

namespace flightdeck {

enum class BlockKind : uint8_t { paragraph, heading, list, code, table, quote, rule };

struct Block {
  BlockKind kind = BlockKind::paragraph;
  QString text;      // paragraph, heading, quote: without markers; list, table: its lines; code: its content
  QString language;  // code
  int level = 0;     // heading
  bool closed = false;
  bool continued = false;  // goes on where the block before was cut for its size
};

class MarkdownSplitter {
 public:
  void append(const QString& text);
  /// No more text: the open block is closed.
  void finish();
  const std::vector<Block>& blocks() const { return blocks_; }

  static std::vector<Block> split(const QString& text);

 private:
  void addLine(const QString& line, bool soft);
  void addCodeLine(const QString& line);
  void addText(BlockKind kind, const QString& line, bool soft);
  bool openFence(const QString& line);
  void push(Block block);
  void closeLast();
  Block* open();
  bool cutLongLine();
  void rollBack();
  void applyPartial();

  std::vector<Block> blocks_;
  QString partial_;  // the line that has no end yet
  // State of the committed text, without the partial line.
  size_t committed_blocks_ = 0;
  qsizetype committed_length_ = 0;
  BlockKind committed_kind_ = BlockKind::paragraph;
  bool committed_closed_ = false, committed_blank_ = false, committed_soft_ = false;
  QString committed_fence_;
  QString fence_;  // "```" while a code block is open
  int fence_indent_ = 0;
  bool blank_ = false;  // the line before was blank
  bool soft_ = false;   // the line before was cut for its length
};

/// `text` with a break in every run of more than `limit` characters without one; for display, never for copying.
QString breakLongRuns(const QString& text, int limit = 4000);

}  // namespace flightdeck
