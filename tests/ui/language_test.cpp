// The Chinese window: every text is translated, every page shows it, nothing is cut. The English window is measured
// too.
#include <QComboBox>
#include <QLabel>
#include <QProcess>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/build/build_page.h"
#include "ui/build/report_view.h"
#include "ui/chat/chat_page.h"
#include "ui/models/discover_view.h"
#include "ui/models/downloads_view.h"
#include "ui/models/model_row.h"
#include "ui/models/models_page.h"
#include "ui/settings/settings_page.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

const char* const kTranslation = FLIGHTDECK_SOURCE_DIR "/resources/translations/flightdeck_zh_CN.ts";

struct Entry {
  QString source, translation;
  bool finished = false;
};

std::vector<Entry> entriesOf(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) return {};
  QXmlStreamReader xml(&file);
  std::vector<Entry> entries;
  while (!xml.atEnd()) {
    if (xml.readNext() != QXmlStreamReader::StartElement) continue;
    if (xml.name() == QLatin1String("source")) entries.push_back({xml.readElementText(), {}, false});
    if (xml.name() != QLatin1String("translation")) continue;
    entries.back().finished = !xml.attributes().hasAttribute("type");
    entries.back().translation = xml.readElementText(QXmlStreamReader::IncludeChildElements);
  }
  return entries;
}

QStringList placesOf(const QString& text) {
  QStringList places;
  for (qsizetype at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1))
    if (at + 1 < text.size() && text[at + 1].isDigit()) places << text.mid(at, 2);
  places.sort();
  return places;
}

bool hasChinese(const QString& text) {
  return std::any_of(text.begin(), text.end(), [](QChar c) { return c.unicode() >= 0x4e00 && c.unicode() < 0xa000; });
}

/// What a label or button shows, and the room its words need beyond what they have; 0 where they may shorten.
struct Words {
  QString text;
  int missing = 0;
};

Words wordsOf(QWidget* widget) {
  if (auto* elided = qobject_cast<ElidedLabel*>(widget)) return {elided->fullText(), 0};
  if (auto* label = qobject_cast<QLabel*>(widget)) {
    if (label->wordWrap()) return {label->text(), label->heightForWidth(label->width()) - label->height()};
    return {label->text(), label->sizeHint().width() - label->width()};
  }
  if (auto* button = qobject_cast<QAbstractButton*>(widget))
    return {button->text(), qobject_cast<QPushButton*>(button) ? button->sizeHint().width() - button->width() : 0};
  if (auto* box = qobject_cast<QComboBox*>(widget)) return {box->currentText(), 0};
  return {};
}

}  // namespace

class LanguageTest : public QObject {
  Q_OBJECT
  QTemporaryDir home_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Application> app_;
  std::function<void(World&)> prepare_;  // what a test adds to the world

  void start(const std::string& language, bool engine = true) {
    world_ = std::make_unique<World>();
    world_->engines = {fakeEngine("starter-int8", QFormat::int8_wo, 20'100'000)};
    EngineListing damaged = fakeEngine("old", QFormat::int4_wo, 0);
    damaged.error = "/engines/old/plan.json: damaged";
    world_->engines.push_back(damaged);
    if (prepare_) prepare_(*world_);
    Settings settings;
    settings.language = language;
    if (engine) settings.last_engine = "/engines/starter-int8";
    app_ = std::make_unique<Application>(*qApp, fakeServices(*world_), settings);
    app_->show();
    if (engine) QTRY_COMPARE(app_->context().session.state(), EngineSession::State::ready);
    QTRY_VERIFY(app_->context().library.measured());
  }
  std::vector<std::pair<QWidget*, Words>> shown() {
    std::vector<std::pair<QWidget*, Words>> all;
    for (QWidget* widget : app_->window().findChildren<QWidget*>())
      if (widget->isVisible())
        if (const Words words = wordsOf(widget); !words.text.isEmpty()) all.emplace_back(widget, words);
    return all;
  }
  void pages_data() {
    QTest::addColumn<QString>("language");
    QTest::addColumn<int>("page");
    QTest::addColumn<bool>("engine");
    const char* const names[] = {"chat", "models", "build", "throughput", "settings"};
    for (const char* language : {"zh", "en"})
      for (int page = 0; page < 5; ++page)
        for (bool engine : {true, false})
          QTest::addRow("%s %s%s", language, names[page], engine ? "" : " without an engine")
              << QString(language) << page << engine;
  }

 private Q_SLOTS:
  void initTestCase() { qputenv("FLIGHTDECK_HOME", home_.path().toUtf8()); }
  void cleanup() {
    app_.reset();
    prepare_ = {};
  }

  void everyTextIsTranslated() {
    const auto entries = entriesOf(kTranslation);
    QVERIFY(entries.size() > 300);
    for (const Entry& entry : entries) {
      QVERIFY2(entry.finished && !entry.translation.isEmpty(), qPrintable("unfinished: " + entry.source));
      QCOMPARE(placesOf(entry.translation), placesOf(entry.source));
    }
  }

  void noTextIsMissing() {
    // What lupdate finds in the sources today must be in the file already.
    const QString copy = home_.filePath("now.ts");
    QVERIFY(QFile::copy(kTranslation, copy));
    QProcess lupdate;
    lupdate.start(FLIGHTDECK_LUPDATE, {"-no-obsolete", "-locations", "none", "-I", FLIGHTDECK_SOURCE_DIR,
                                       FLIGHTDECK_SOURCE_DIR "/ui", "-ts", copy});
    QVERIFY2(lupdate.waitForFinished(60000) && lupdate.exitCode() == 0, qPrintable(lupdate.errorString()));
    const auto now = entriesOf(copy);
    for (const Entry& entry : now)
      QVERIFY2(entry.finished, qPrintable("not translated; build the target update_translations: " + entry.source));
    QCOMPARE(now.size(), entriesOf(kTranslation).size());  // nothing that is gone
  }

  void everyPage_data() { pages_data(); }
  void everyPage() {
    QFETCH(QString, language);
    QFETCH(int, page);
    QFETCH(bool, engine);
    start(language.toStdString(), engine);
    QSet<QString> english;  // texts that must not be seen in the Chinese window
    for (const Entry& entry : entriesOf(kTranslation))
      if (entry.source != entry.translation && entry.source != "auto")  // also the value of a flag
        english.insert(entry.source);
    app_->window().showPage(static_cast<PageId>(page));
    if (page == 2) QTRY_VERIFY(app_->window().buildPage()->buildButton()->isEnabled());
    for (const QSize size : {QSize(1440, 900), QSize(1024, 640)}) {
      app_->window().resize(size);
      QCoreApplication::processEvents();
      QTRY_COMPARE(app_->window().size(), size);
      int chinese = 0;
      for (const auto& [widget, words] : shown()) {
        chinese += hasChinese(words.text);
        QVERIFY2(words.missing <= 1,
                 qPrintable(QString("cut by %1 at width %2: %3").arg(words.missing).arg(size.width()).arg(words.text)));
        if (language == "zh") QVERIFY2(!english.contains(words.text), qPrintable("English: " + words.text));
      }
      if (language == "zh")
        QVERIFY2(chinese > 12, qPrintable(QString::number(chinese)));
      else
        QVERIFY(chinese <= 3);  // the other language's name and the note beside it
    }
  }

  void theViewsOfTheModelsPage_data() {
    QTest::addColumn<QString>("language");
    QTest::addColumn<int>("view");
    for (const char* language : {"zh", "en"})
      for (const int view : {ModelsPage::discover, ModelsPage::downloads})
        QTest::addRow("%s %d", language, view) << QString(language) << view;
  }
  void theViewsOfTheModelsPage() {
    QFETCH(QString, language);
    QFETCH(int, view);
    prepare_ = [](World& world) {
      SearchPage page;
      page.models.push_back(
          {*RepoId::parse("acme/tiny"), "mit", true, false, 12'345, 678, 7'000'000'000, "2026-01-02T10:00:00Z"});
      world.found = page;
      world.offer = [](const RepoId&) {
        RepoOffer offer;
        offer.page = "https://hub.example/acme/tiny";
        offer.files = {{*RepoPath::parse("config.json"), 600, {}}};
        offer.bytes = 600;
        Preflight flight;
        flight.run_bytes = flight.weight_bytes = 7'600'000'000;
        flight.device_free_bytes = 5'000'000'000;
        offer.fits.assign(3, flight);
        return offer;
      };
      for (const JobState state : {JobState::queued, JobState::listing, JobState::downloading, JobState::verifying,
                                   JobState::paused, JobState::completed, JobState::failed, JobState::cancelled}) {
        JobSnapshot job;
        job.id = world.downloads.size() + 1;
        job.spec.repo = *RepoId::parse("acme/tiny");
        job.state = state;
        job.done_bytes = 1'000'000;
        job.total_bytes = 2'000'000;
        job.bytes_per_second = 1e6;
        job.eta_s = 1;
        world.downloads.push_back(job);
      }
    };
    start(language.toStdString());
    app_->window().resize(900, 600);
    app_->window().showPage(PageId::models);
    ModelsPage* page = app_->window().modelsPage();
    page->showView(static_cast<ModelsPage::View>(view));
    if (view == ModelsPage::discover) {
      page->discoverView()->stateView()->button()->click();
      QTRY_COMPARE(page->discoverView()->rows().size(), size_t{1});
      page->discoverView()->rows()[0]->click();
      QTRY_COMPARE(page->discoverView()->rows()[0]->sizeText(), QString("600 B"));
    } else {
      QTRY_VERIFY(page->downloadsView()->row(8));
    }
    const auto cut = [this] {
      QStringList texts;
      for (const auto& [widget, words] : shown())
        if (words.missing > 1) texts << words.text;
      return texts.join('\n');
    };
    QTRY_COMPARE(cut(), QString());  // layouts follow new words in their own time
    int chinese = 0;
    for (const auto& [widget, words] : shown()) chinese += hasChinese(words.text);
    QVERIFY2(language == "zh" ? chinese > 20 : chinese == 0, qPrintable(QString::number(chinese)));
  }

  void theReportOfABuild() {
    start("zh");
    app_->window().showPage(PageId::build);
    BuildPage& page = *app_->window().buildPage();
    QTRY_VERIFY(page.buildButton()->isEnabled());
    page.buildButton()->click();
    QTRY_VERIFY(page.report()->isVisible());
    QCOMPARE(page.report()->chatButton()->text(), QString("开始对话"));
    for (const auto& [widget, words] : shown()) QVERIFY2(words.missing <= 1, qPrintable(words.text));
  }

  void isChosenInSettings() {
    start("en");
    app_->window().showPage(PageId::settings);
    QComboBox* box = app_->window().settingsPage()->languageBox();
    QCOMPARE(box->currentData().toString(), QString("en"));
    box->setCurrentIndex(box->findData("zh"));
    QTRY_COMPARE(QString::fromStdString(world_->saved.language), QString("zh"));
    app_.reset();
    start("zh");
    app_->window().showPage(PageId::settings);
    QCOMPARE(app_->window().settingsPage()->languageBox()->currentText(), QString("中文"));
    QCOMPARE(QCoreApplication::translate("flightdeck::Rail", "Settings"), QString("设置"));
    app_.reset();
    QCOMPARE(QCoreApplication::translate("flightdeck::Rail", "Settings"), QString("Settings"));
  }
};

QTEST_MAIN(LanguageTest)
#include "language_test.moc"
