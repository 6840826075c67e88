// Sober code colours: comments step back, strings stand out, keywords are bold. One simple scanner for all languages.
#pragma once

#include <QSyntaxHighlighter>

#include "ui/theme.h"

namespace flightdeck {

class CodeHighlighter : public QSyntaxHighlighter {
  Q_OBJECT
 public:
  CodeHighlighter(QTextDocument* document, const QString& language, const Colors& colors);
  void setColors(const Colors& colors);

 protected:
  void highlightBlock(const QString& text) override;

 private:
  bool startsComment(const QString& text, qsizetype at) const;
  const Colors* shown_ = nullptr;
  bool hash_comments_, dash_comments_, slash_comments_;
  QTextCharFormat comment_, string_, keyword_, number_;
};

}  // namespace flightdeck
