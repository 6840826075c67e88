#include "ui/markdown/inline_spans.h"

#include <QUrl>
#include <map>

namespace flightdeck {
namespace {

class InlineParser {
 public:
  explicit InlineParser(const QString& text) : text_(text) {}

  std::vector<Span> run() {
    while (at_ < text_.size()) {
      const QChar c = text_[at_];
      const bool taken = c == QLatin1Char('\\')                                                    ? escape()
                         : c == QLatin1Char('`')                                                   ? code()
                         : c == QLatin1Char('*') || c == QLatin1Char('_') || c == QLatin1Char('~') ? emphasis(c)
                         : c == QLatin1Char('[') || c == QLatin1Char('!')                          ? link()
                         : c == QLatin1Char('h')                                                   ? address()
                                                                                                   : false;
      if (!taken) plain_ += text_[at_++];
    }
    flush();
    return std::move(spans_);
  }

 private:
  void flush() {
    if (plain_.isEmpty()) return;
    Span span = style_;
    span.text = std::exchange(plain_, {});
    spans_.push_back(span);
  }

  bool escape() {
    if (at_ + 1 >= text_.size() || !QStringLiteral("\\`*_{}[]()#+-.!|~>").contains(text_[at_ + 1])) return false;
    plain_ += text_[at_ + 1];
    at_ += 2;
    return true;
  }

  qsizetype runLength(qsizetype from, QChar c) const {
    qsizetype end = from;
    while (end < text_.size() && text_[end] == c) ++end;
    return end - from;
  }

  bool code() {
    const qsizetype length = runLength(at_, QLatin1Char('`'));
    if (no_closer_.count(length)) return literal(length);
    for (qsizetype i = at_ + length; i < text_.size();) {
      const qsizetype next = text_.indexOf(QLatin1Char('`'), i);
      if (next < 0) break;
      const qsizetype run = runLength(next, QLatin1Char('`'));
      if (run == length) {
        flush();
        Span span = style_;
        span.code = true;
        span.text = text_.mid(at_ + length, next - at_ - length);
        if (length > 1) span.text = span.text.trimmed();
        spans_.push_back(span);
        at_ = next + run;
        return true;
      }
      i = next + run;
    }
    no_closer_[length] = true;  // none later either
    return literal(length);
  }

  bool literal(qsizetype length) {
    plain_ += QStringView(text_).mid(at_, length);
    at_ += length;
    return true;
  }

  bool wordAt(qsizetype i) const { return i >= 0 && i < text_.size() && text_[i].isLetterOrNumber(); }
  bool blankAt(qsizetype i) const { return i < 0 || i >= text_.size() || text_[i].isSpace(); }

  bool emphasis(QChar c) {
    const qsizetype length = std::min<qsizetype>(runLength(at_, c), 3);
    for (qsizetype n = length; n >= 1; --n)
      if (toggle(c, n)) return true;
    return literal(runLength(at_, c));
  }

  bool toggle(QChar c, qsizetype n) {
    if (c == QLatin1Char('~') && n != 2) return false;
    bool& first = c == QLatin1Char('~') ? style_.strike : n == 1 ? style_.italic : style_.bold;
    if (n == 3) {  // ***both***: one after the other
      if (style_.bold || style_.italic) return false;
    }
    const QString mark(n, c);
    if (n < 3 && first && opened_by_[n] == c && !blankAt(at_ - 1) && !(c == QLatin1Char('_') && wordAt(at_ + n))) {
      flush();
      first = false;
      at_ += n;
      return true;
    }
    if (first || blankAt(at_ + n) || (c == QLatin1Char('_') && wordAt(at_ - 1)) || dead_.count(mark)) return false;
    if (!hasCloser(mark)) {
      dead_[mark] = true;
      return false;
    }
    flush();
    if (n == 3) {
      style_.bold = style_.italic = true;
      opened_by_[1] = opened_by_[2] = c;
    } else {
      first = true;
      opened_by_[n] = c;
    }
    at_ += n;
    return true;
  }

  bool hasCloser(const QString& mark) const {
    for (qsizetype i = text_.indexOf(mark, at_ + mark.size() + 1); i >= 0; i = text_.indexOf(mark, i + 1)) {
      const bool exact =
          mark.size() > 1 || ((i + 1 >= text_.size() || text_[i + 1] != mark[0]) && text_[i - 1] != mark[0]);
      if (!blankAt(i - 1) && exact) return true;
    }
    return false;
  }

  bool link() {
    const bool image = text_[at_] == QLatin1Char('!');
    const qsizetype open = at_ + (image ? 1 : 0);
    if (open >= text_.size() || text_[open] != QLatin1Char('[')) return false;
    // Bounded look-ahead: a label or address longer than this is text.
    const QStringView ahead = QStringView(text_).mid(open, 600);
    const qsizetype close = ahead.indexOf(QStringLiteral("]("));
    if (close < 0 || ahead.mid(1, close - 1).contains(QLatin1Char('['))) return false;
    const qsizetype end = ahead.indexOf(QLatin1Char(')'), close);
    if (end < 0) return false;
    const QString label = ahead.mid(1, close - 1).toString();
    const QString url = ahead.mid(close + 2, end - close - 2).trimmed().toString().section(QLatin1Char(' '), 0, 0);
    flush();
    Span span = style_;
    span.text = label.isEmpty() ? url : label;
    if (!image && isSafeLink(url))
      span.link = url;
    else if (image)
      span.text = QStringLiteral("[%1]").arg(label.isEmpty() ? url : label);
    else
      span.text = QStringLiteral("%1 (%2)").arg(label, url);
    spans_.push_back(span);
    at_ = open + end + 1;
    return true;
  }

  bool address() {
    const QStringView rest = QStringView(text_).mid(at_, 600);
    if (!(rest.startsWith(QLatin1String("http://")) || rest.startsWith(QLatin1String("https://"))) || wordAt(at_ - 1))
      return false;
    qsizetype end = 0;
    while (end < rest.size() && !rest[end].isSpace() && rest[end].unicode() < 0x80 &&
           !QStringLiteral("<>\"`|*").contains(rest[end]))
      ++end;
    while (end > 0 && QStringLiteral(".,;:!?)'").contains(rest[end - 1])) --end;
    const QString url = rest.left(end).toString();
    if (!isSafeLink(url)) return false;
    flush();
    Span span = style_;
    span.text = span.link = url;
    spans_.push_back(span);
    at_ += end;
    return true;
  }

  const QString& text_;
  qsizetype at_ = 0;
  QString plain_;
  Span style_;
  std::vector<Span> spans_;
  std::map<qsizetype, bool> no_closer_;
  std::map<QString, bool> dead_;
  std::map<qsizetype, QChar> opened_by_;
};

}  // namespace

bool isSafeLink(const QString& url) {
  const QUrl parsed(url, QUrl::StrictMode);
  const QString scheme = parsed.scheme();
  if (scheme == QLatin1String("mailto")) return !parsed.path().isEmpty();
  return (scheme == QLatin1String("http") || scheme == QLatin1String("https")) && !parsed.host().isEmpty() &&
         parsed.userInfo().isEmpty();
}

std::vector<Span> parseInline(const QString& text) { return InlineParser(text).run(); }

}  // namespace flightdeck
