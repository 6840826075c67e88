#include "ui/markdown/code_highlighter.h"

#include <QSet>

namespace flightdeck {
namespace {

enum State { plain = 0, in_comment = 1 };

const QSet<QString>& keywords() {
  static const QSet<QString> words = [] {
    QSet<QString> set;
    const char* const list =
        "and as assert async await auto bool break case catch char class const constexpr continue def default del "
        "delete do "
        "double elif else end enum except explicit export extends extern false finally float fn for foreach from func "
        "function if impl import in inline int interface is lambda let long loop match mod module move mut namespace "
        "new nil "
        "None not null nullptr operator or override package pass private protected pub public raise ref return select "
        "self "
        "short signed sizeof static string struct super switch template then this throw trait true True False try type "
        "typedef typename union unsigned use using val var virtual void where while with yield SELECT FROM WHERE "
        "INSERT "
        "UPDATE DELETE CREATE TABLE JOIN GROUP ORDER BY AND OR NOT INTO VALUES echo fi done esac";
    for (const QString& word : QString::fromLatin1(list).split(QLatin1Char(' '))) set.insert(word);
    return set;
  }();
  return words;
}

}  // namespace

CodeHighlighter::CodeHighlighter(QTextDocument* document, const QString& language, const Colors& colors)
    : QSyntaxHighlighter(document) {
  const QString name = language.toLower();
  const auto isOneOf = [&](const char* names) {
    return QString::fromLatin1(names).split(QLatin1Char(' ')).contains(name);
  };
  hash_comments_ =
      isOneOf("python py sh bash zsh shell yaml yml toml ruby rb perl r make makefile cmake dockerfile ini conf");
  dash_comments_ = isOneOf("sql lua haskell hs");
  slash_comments_ = !hash_comments_ && !dash_comments_;
  setColors(colors);
}

void CodeHighlighter::setColors(const Colors& colors) {
  if (shown_ == &colors) return;
  shown_ = &colors;
  comment_.setForeground(colors.muted);
  comment_.setFontItalic(true);
  string_.setForeground(colors.accent);
  number_.setForeground(colors.text);
  keyword_.setForeground(colors.text);
  keyword_.setFontWeight(QFont::Bold);
  rehighlight();
}

bool CodeHighlighter::startsComment(const QString& text, qsizetype at) const {
  const QStringView rest = QStringView(text).mid(at, 2);
  return (hash_comments_ && rest.startsWith(QLatin1Char('#'))) || (dash_comments_ && rest == QLatin1String("--")) ||
         (slash_comments_ && rest == QLatin1String("//"));
}

void CodeHighlighter::highlightBlock(const QString& text) {
  setCurrentBlockState(plain);
  const auto paint = [this](qsizetype from, qsizetype to, const QTextCharFormat& format) {
    setFormat(static_cast<int>(from), static_cast<int>(to - from), format);
  };
  qsizetype i = 0;
  const auto skipBlockComment = [&](qsizetype from) {
    const qsizetype end = text.indexOf(QLatin1String("*/"), from);
    if (end < 0) setCurrentBlockState(in_comment);
    return end < 0 ? text.size() : end + 2;
  };
  if (previousBlockState() == in_comment) paint(0, i = skipBlockComment(0), comment_);
  while (i < text.size()) {
    const qsizetype from = i;
    const QChar c = text[i];
    if (startsComment(text, i)) return paint(i, text.size(), comment_);
    if (slash_comments_ && QStringView(text).mid(i, 2) == QLatin1String("/*")) {
      i = skipBlockComment(i + 2);
      paint(from, i, comment_);
    } else if (c == QLatin1Char('"') || c == QLatin1Char('\'')) {
      for (++i; i < text.size() && text[i] != c; ++i)
        if (text[i] == QLatin1Char('\\')) ++i;
      i = std::min(i + 1, text.size());
      paint(from, i, string_);
    } else if (c.isLetter() || c == QLatin1Char('_')) {
      while (i < text.size() && (text[i].isLetterOrNumber() || text[i] == QLatin1Char('_'))) ++i;
      if (keywords().contains(text.mid(from, i - from))) paint(from, i, keyword_);
    } else {
      ++i;
    }
  }
}

}  // namespace flightdeck
