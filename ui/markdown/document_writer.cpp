#include "ui/markdown/document_writer.h"

#include <QFontMetricsF>
#include <QTextCursor>
#include <QTextTable>
#include <algorithm>

#include "ui/markdown/inline_spans.h"

namespace flightdeck {
namespace {

constexpr int kMaxColumns = 32;
constexpr double kLineHeight = 1.6;  // of the font's size
constexpr int kItemIndent = 22;

struct Writer {
  QTextCursor cursor;
  const Colors& colors;
  QFont font;

  QTextCharFormat formatOf(const Span& span) const {
    QTextCharFormat format;
    QFont used = span.code ? fontOf(FontKind::mono, font.pixelSize() - 1) : font;
    if (span.bold) used.setWeight(QFont::Bold);
    used.setItalic(span.italic);
    used.setStrikeOut(span.strike);
    format.setFont(used);
    if (span.code) format.setBackground(colors.raised);
    if (!span.link.isEmpty()) {
      format.setAnchor(true);
      format.setAnchorHref(span.link);
      format.setForeground(colors.accent);
      format.setFontUnderline(true);
    }
    return format;
  }

  void insertInline(const QString& text) {
    for (const Span& span : parseInline(breakLongRuns(text))) {
      QString shown = span.text;
      shown.replace(QLatin1Char('\n'), QChar::LineSeparator);
      cursor.insertText(shown, formatOf(span));
    }
  }

  void format(double left, double hanging, double above) {
    QTextBlockFormat block;
    // Fonts with Chinese are tall by themselves: the height is counted from the size, not from the font's own spacing.
    const double wanted = font.pixelSize() * kLineHeight / QFontMetricsF(font).lineSpacing();
    block.setLineHeight(std::max(100.0, 100 * wanted), QTextBlockFormat::ProportionalHeight);
    block.setLeftMargin(left);
    block.setTextIndent(-hanging);
    block.setTopMargin(above);
    if (hanging > 0) block.setTabPositions({QTextOption::Tab(hanging, QTextOption::LeftTab)});
    cursor.setBlockFormat(block);
  }

  void list(const QString& text) {
    bool first = true;
    for (const QString& line : text.split(QLatin1Char('\n'))) {
      qsizetype indent = 0;
      while (indent < line.size() && line[indent].isSpace()) ++indent;
      const QString body = line.mid(indent);
      qsizetype marker = body.indexOf(QLatin1Char(' '));
      const bool bullet = marker == 1 && QStringLiteral("-*+").contains(body[0]);
      const bool number =
          marker > 1 && marker < 12 && body[0].isDigit() && QStringLiteral(".)").contains(body[marker - 1]);
      const bool item = bullet || number;
      if (!first) cursor.insertBlock();
      const double depth = static_cast<double>(std::min<qsizetype>(indent / 2, 6));
      const double left = kItemIndent * (depth + 1);
      format(item || depth == 0 ? left : std::max<double>(kItemIndent, left - kItemIndent), item ? kItemIndent - 2 : 0,
             first || !item ? 0 : 4);
      if (item)
        cursor.insertText((bullet ? QString(QChar(0x2022)) : body.left(marker)) + QLatin1Char('\t'), formatOf({}));
      insertInline(item ? body.mid(marker + 1).trimmed() : body);
      first = false;
    }
  }

  void table(const QString& text) {
    const QStringList rows = text.split(QLatin1Char('\n'));
    const auto columns = static_cast<int>(tableCells(rows.value(0)).size());
    if (columns > kMaxColumns || rows.size() < 2) return insertInline(text);
    QTextTableFormat look;
    look.setBorder(1);
    look.setBorderBrush(colors.line);
    look.setBorderStyle(QTextFrameFormat::BorderStyle_Solid);
    look.setBorderCollapse(true);
    look.setCellPadding(6);
    look.setCellSpacing(0);
    const auto height = static_cast<int>(rows.size()) - 1;  // without the rule under the head
    QTextTable* table = cursor.insertTable(height, columns, look);
    for (int r = 0; r < height; ++r) {
      const QStringList cells = tableCells(rows[r == 0 ? 0 : r + 1]);
      for (int c = 0; c < columns && c < cells.size(); ++c) {
        cursor = table->cellAt(r, c).firstCursorPosition();
        if (r == 0) font.setWeight(QFont::DemiBold);
        insertInline(cells[c]);
        font.setWeight(QFont::Normal);
      }
    }
  }
};

QFont fontFor(const Block& block, bool plain) {
  if (plain || block.kind != BlockKind::heading) return fontOf(FontKind::ui, type::reading);
  return fontOf(FontKind::semibold, block.level <= 2 ? type::title : type::reading);
}

}  // namespace

QStringList tableCells(const QString& row) {
  QString text = row.trimmed();
  if (text.startsWith(QLatin1Char('|'))) text.remove(0, 1);
  if (text.endsWith(QLatin1Char('|'))) text.chop(1);
  QStringList cells(QString{});
  bool code = false;
  for (qsizetype i = 0; i < text.size(); ++i) {
    if (text[i] == QLatin1Char('`')) code = !code;
    if (text[i] == QLatin1Char('\\') && i + 1 < text.size() && text[i + 1] == QLatin1Char('|'))
      cells.last() += text[++i];
    else if (text[i] == QLatin1Char('|') && !code)
      cells << QString();
    else
      cells.last() += text[i];
  }
  for (QString& cell : cells) cell = cell.trimmed();
  return cells;
}

void writeBlock(QTextDocument& document, const Block& block, bool plain, const Colors& colors) {
  document.clear();
  Writer writer{QTextCursor(&document), colors, fontFor(block, plain)};
  writer.cursor.beginEditBlock();
  writer.format(0, 0, 0);
  if (plain) {
    QString text = breakLongRuns(block.text);
    text.replace(QLatin1Char('\n'), QChar::ParagraphSeparator);
    writer.cursor.insertText(text, writer.formatOf({}));
  } else if (block.kind == BlockKind::list) {
    writer.list(block.text);
  } else if (block.kind == BlockKind::table) {
    writer.table(block.text);
  } else {
    writer.insertInline(block.text);
  }
  writer.cursor.endEditBlock();
}

}  // namespace flightdeck
