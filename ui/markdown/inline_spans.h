// The inline part of Markdown: bold, italic, code, strike-through and links, as plain spans. Pure, linear in the text's
// length.
#pragma once

#include <QString>
#include <vector>

namespace flightdeck {

struct Span {
  QString text;
  bool bold = false, italic = false, code = false, strike = false;
  QString link;  // http, https or mailto only
  bool operator==(const Span&) const = default;
};

/// HTML stays text; images become their description and are never loaded.
std::vector<Span> parseInline(const QString& text);
/// Whether a link may be offered at all.
bool isSafeLink(const QString& url);

}  // namespace flightdeck
