// The window's language: translators of Flightdeck and of Qt, in force while this lives. Made before any widget.
// GUI thread only.
#pragma once

#include <QTranslator>
#include <string>

namespace flightdeck {

class Language {
 public:
  /// "en", "zh" or "system": Chinese where the system asks for Chinese before English.
  explicit Language(const std::string& setting);
  ~Language();
  bool chinese() const { return chinese_; }

 private:
  bool chinese_;
  QTranslator own_, qt_;
};

}  // namespace flightdeck
