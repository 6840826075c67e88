#include "ui/language.h"

#include <QCoreApplication>
#include <QLibraryInfo>
#include <QLocale>

// Of a static library: nobody else would pull them in. Not inside a namespace, as Qt asks.
static void initTranslations() { Q_INIT_RESOURCE(translations); }

namespace flightdeck {
namespace {

/// The first language of the system's list that there is a translation for.
bool systemWantsChinese() {
  for (const QString& language : QLocale::system().uiLanguages()) {
    if (language.startsWith(QLatin1String("zh"))) return true;
    if (language.startsWith(QLatin1String("en"))) return false;
  }
  return false;
}

}  // namespace

Language::Language(const std::string& setting)
    : chinese_(setting == "zh" || (setting != "en" && systemWantsChinese())) {
  const bool chosen = setting == "zh" || setting == "en";
  // Names of months follow the language that was chosen; a system's own customs stay.
  QLocale::setDefault(!chosen    ? QLocale::system()
                      : chinese_ ? QLocale(QLocale::Chinese, QLocale::China)
                                 : QLocale(QLocale::English, QLocale::UnitedStates));
  if (!chinese_) return;
  initTranslations();
  // Qt's own words (dialogs, menus of text fields): there when the distribution's package is.
  if (qt_.load(QStringLiteral("qtbase_zh_CN"), QLibraryInfo::path(QLibraryInfo::TranslationsPath)))
    QCoreApplication::installTranslator(&qt_);
  if (own_.load(QStringLiteral(":/i18n/flightdeck_zh_CN.qm"))) QCoreApplication::installTranslator(&own_);
}

Language::~Language() { QLocale::setDefault(QLocale::system()); }

}  // namespace flightdeck
