// Discover against a hub of this machine: rows, sizes, fit, gated and failed ones, and a hub that takes its time.
#include <QElapsedTimer>
#include <QLineEdit>
#include <atomic>
#include <condition_variable>

#include "tests/ui/models_fixture.h"
#include "ui/models/fit_chip.h"
#include "ui/models/model_row.h"
#include "ui/models/repo_details.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/linked_text.h"

using namespace flightdeck;
using namespace flightdeck::test;

class DiscoverTest : public QObject {
  Q_OBJECT
  std::unique_ptr<ModelsFixture> models_;
  DiscoverView& discover() { return models_->discover(); }
  void find(const QString& text = "tiny") {
    models_->start();
    models_->search(text);
  }
  size_t asked(const std::string& part) const {
    size_t count = 0;
    for (const ServedRequest& request : models_->hub.server.requests())
      count += request.target.find(part) != std::string::npos;
    return count;
  }

 private Q_SLOTS:
  void init() { models_ = std::make_unique<ModelsFixture>(); }
  void cleanup() { models_.reset(); }

  void nothingIsAskedBeforeASearch() {
    models_->start();
    models_->page().showView(ModelsPage::discover);
    QVERIFY2(discover().stateText().contains("Find a model"), qPrintable(discover().stateText()));
    models_->app->context().background.wait();
    QVERIFY(models_->hub.server.requests().empty());
    discover().stateView()->button()->click();
    QTRY_COMPARE(discover().rows().size(), size_t{1});
  }

  void rowsTellSizeAndFit() {
    models_->hub.add_weights(300'000);
    models_->answer_search(search_answer({"acme/tiny", "acme/other"}));
    find();
    QTRY_COMPARE(discover().rows().size(), size_t{2});
    ModelRow* row = discover().rows()[0];
    QTRY_COMPARE(row->sizeText(), QString("300 KB"));
    const QString spoken = row->accessibleName();
    for (const char* word : {"tiny, acme", "apache-2.0", "12 k downloads", "340 likes", "6.7 B parameters"})
      QVERIFY2(spoken.contains(word), qPrintable(spoken));
    // 13.5 GB, 7.3 GB and 4.3 GB with a cache of 2.1 GB, on a CPU with 11.1 GB free.
    QCOMPARE(row->chips()[0]->text(), QString("✗ FP16"));
    QCOMPARE(row->chips()[1]->text(), QString("✓ INT8"));
    QCOMPARE(row->chips()[2]->text(), QString("✓ INT4"));
    QVERIFY(row->chips()[1]->toolTip().contains("cache of one sequence of 4"));
  }

  void typingAsksOnce() {
    find("a tiny model");
    QTRY_COMPARE(discover().rows().size(), size_t{1});
    QCOMPARE(asked("/api/models?"), size_t{1});
    QVERIFY(models_->hub.server.requests()[0].target.find("search=a%20tiny%20model&") != std::string::npos);
  }

  void anAddressIsAName() {
    QCOMPARE(searchText("https://huggingface.co/acme/tiny/tree/main"), QString("acme/tiny"));
    QCOMPARE(searchText("https://modelscope.cn/models/acme/tiny"), QString("acme/tiny"));
    QCOMPARE(searchText("  two   words "), QString("two words"));
  }

  void anOldAnswerIsDropped() {
    std::atomic<bool> held{true};
    models_->hub.server.set_api([&](const ServedRequest& request) -> std::optional<HubServer::Reply> {
      if (request.target.find("/api/models?") == std::string::npos) return {};
      const bool is_old = request.target.find("search=old") != std::string::npos;
      while (is_old && held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return HubServer::Reply{200, {}, search_answer({is_old ? "acme/old" : "acme/new"})};
    });
    models_->start();
    models_->page().showView(ModelsPage::discover);
    HubSearch& search = discover().search();
    search.askNow({HubKind::hugging_face, "old", SearchOrder::likes});
    QVERIFY(models_->hub.server.wait_for_request("search=old"));
    search.askNow({HubKind::hugging_face, "new", SearchOrder::likes});
    QTRY_COMPARE(search.models().size(), size_t{1});
    held = false;
    models_->app->context().background.wait();
    QCoreApplication::processEvents();
    QCOMPARE(search.models()[0].repo.text(), std::string("acme/new"));
    QCOMPARE(asked("sort=likes"), size_t{2});
  }

  void modelScopeIsAskedItsOwnWay() {
    models_->hub.server.set_api([](const ServedRequest& request) -> std::optional<HubServer::Reply> {
      if (request.target.find("/openapi/v1/models?") == std::string::npos) return {};
      return HubServer::Reply{200, {}, R"({"data":{"models":[{"id":"acme/tiny","downloads":7,"license":"mit"}]}})"};
    });
    models_->hub.add_weights(1000);
    models_->start();
    models_->page().showView(ModelsPage::discover);
    discover().hubBox()->setCurrentIndex(1);
    QTest::keyClicks(discover().field(), "tiny\r");
    QTRY_COMPARE(discover().rows().size(), size_t{1});
    discover().rows()[0]->click();
    QTRY_VERIFY(discover().details()->button()->isEnabled());
    discover().details()->button()->click();
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Done");
    QVERIFY(QFile::exists(models_->hub.home.path() + "/ms/models/acme--tiny/snapshots/master/model.safetensors"));
  }

  void failuresAreToldApart_data() {
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("title");
    QTest::addColumn<QString>("text");
    QTest::newRow("rate limited") << 429 << "Too many requests for now"
                                  << "try later";
    QTest::newRow("down") << 503 << "The hub cannot be reached"
                          << "HTTP 503";
    QTest::newRow("refused") << 403 << "The hub refuses"
                             << "token";
  }
  void failuresAreToldApart() {
    QFETCH(int, status);
    QFETCH(QString, title);
    QFETCH(QString, text);
    models_->answer_search("{}", status);
    find();
    QTRY_VERIFY2(discover().stateText().contains(title), qPrintable(discover().stateText()));
    QVERIFY2(discover().stateText().contains(text), qPrintable(discover().stateText()));
    models_->answer_search(search_answer({"acme/tiny"}));
    discover().stateView()->button()->click();
    QTRY_COMPARE(discover().rows().size(), size_t{1});
    QCOMPARE(discover().stateText(), QString());
  }

  void offlineIsTold() {
    qputenv("HF_HUB_OFFLINE", "1");
    find();
    QTRY_VERIFY2(discover().stateText().contains("HF_HUB_OFFLINE is set"), qPrintable(discover().stateText()));
    QVERIFY(models_->hub.server.requests().empty());
  }

  void nothingFoundIsTold() {
    models_->answer_search("[]");
    find("no such thing");
    QTRY_VERIFY2(discover().stateText().contains("“no such thing”"), qPrintable(discover().stateText()));
  }

  void aNameInFullIsFoundWithoutASearchsHelp() {
    models_->hub.add_weights(1000);
    models_->answer_search("[]");
    find("acme/tiny");
    QTRY_COMPARE(discover().rows().size(), size_t{1});
    QCOMPARE(discover().search().models()[0].repo.text(), std::string("acme/tiny"));
  }

  void aNameThatIsNotThereIsTold() {
    models_->answer_search("[]");
    models_->hub.server.add_fault(
        {.matches = "/revision/", .times = -1, .status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}});
    find("acme/gone");
    QTRY_VERIFY2(discover().stateText().contains("Not found"), qPrintable(discover().stateText()));
    QVERIFY(discover().stateText().contains("acme/gone is not on"));
  }

  void messagesOfAHubAreNoMarkup() {
    const QString rich = withLinks("<img src=x> see http://a.b/c?d=1&e, then \"go\".", Qt::red);
    QVERIFY2(rich.startsWith("&lt;img src=x&gt; see <a href=\"http://a.b/c?d=1&amp;e\""), qPrintable(rich));
    QVERIFY2(rich.endsWith("</a>, then &quot;go&quot;."), qPrintable(rich));
  }

  void fitIsSaidInWordsAndSigns_data() {
    QTest::addColumn<quint64>("free");
    QTest::addColumn<QString>("chip");
    QTest::addColumn<QString>("words");
    QTest::newRow("plenty") << quint64{20'000'000'000} << "✓ INT8"
                            << "INT8: fits with";
    QTest::newRow("just") << quint64{10'500'000'000} << "≈ INT8"
                          << "INT8: tight";
    QTest::newRow("the cache shrinks") << quint64{9'000'000'000} << "≈ INT8"
                                       << "fewer sequences or tokens";
    QTest::newRow("too large") << quint64{5'000'000'000} << "✗ INT8"
                               << "INT8: needs";
    QTest::newRow("not known") << quint64{0} << "INT8"
                               << "not known";
  }
  void fitIsSaidInWordsAndSigns() {
    QFETCH(quint64, free);
    Preflight flight;
    flight.config.max_positions = 4096;
    flight.weight_bytes = 7'600'000'000;
    flight.kv_cache_bytes = 2'100'000'000;
    flight.workspace_bytes = 300'000'000;
    flight.run_bytes = 10'000'000'000;
    flight.device_free_bytes = free;
    const FitWords said = fitWords(QFormat::int8_wo, flight);
    QTEST(said.chip, "chip");
    QFETCH(QString, words);
    QVERIFY2(said.spoken.contains(words), qPrintable(said.spoken));
    QVERIFY(said.sum.contains("weights 7.6 GB + cache of one sequence of 4") && said.sum.endsWith("= 10.0 GB"));
  }

  void aGatedModelShowsItsLicencePage() {
    models_->hub.add_weights(1000);
    models_->answer_search(search_answer({"acme/tiny"}, true));
    models_->hub.server.add_fault(
        {.matches = "config.json", .times = -1, .status = 403, .headers = {{"X-Error-Code", "GatedRepo"}}});
    find();
    QTRY_COMPARE(discover().rows().size(), size_t{1});
    QVERIFY(discover().rows()[0]->accessibleName().contains("gated"));
    discover().rows()[0]->click();
    LinkedText* note = discover().details()->note();
    const QString page = QString::fromStdString(models_->hub.server.endpoint()) + "/acme/tiny";
    QTRY_VERIFY2(note->text().contains("<a href=\"" + page + "\""), qPrintable(note->text()));
    QVERIFY(!discover().details()->button()->isEnabled());
    models_->hub.server.clear_faults();  // the licence is accepted
    discover().details()->againButton()->click();
    QTRY_VERIFY(discover().details()->button()->isEnabled());
  }

  void whatCannotBeBuiltSaysSo_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("text");
    QTest::newRow("architecture") << "config.json" << QByteArray("{\"architectures\":[\"OddForCausalLM\"]}")
                                  << "'OddForCausalLM' is not supported yet";
    QTest::newRow("config") << "config.json" << QByteArray("<html>") << "config.json";
    QTest::newRow("weights") << "model.safetensors" << QByteArray() << "not safetensors";
  }
  void whatCannotBeBuiltSaysSo() {
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QString, text);
    if (!content.isEmpty()) models_->hub.add_weights(1000);
    if (content.isEmpty()) models_->hub.server.add("pytorch_model.bin", {.content = "weights"});
    if (!content.isEmpty())
      models_->hub.server.add(file.toStdString(), {.content = content.toStdString(), .is_lfs = false});
    find();
    QTRY_COMPARE(discover().rows().size(), size_t{1});
    QTRY_VERIFY2(discover().rows()[0]->accessibleName().contains("No engine can be built from it yet"),
                 qPrintable(discover().rows()[0]->accessibleName()));
    discover().rows()[0]->click();
    QTRY_VERIFY2(discover().details()->note()->message().contains(text),
                 qPrintable(discover().details()->note()->message()));
    QVERIFY(discover().details()->button()->text().startsWith("Download anyway"));
  }

  void aSlowHubNeverHoldsTheWindow() {
    // The hub answers only after the window has turned 50 times: a window that waits for it would wait for ever.
    std::atomic<int> turns{0};
    std::atomic<bool> given_up{false};
    models_->hub.add_weights(1000);
    models_->hub.server.set_api([&](const ServedRequest& request) -> std::optional<HubServer::Reply> {
      const int wanted = turns + 50;
      for (int i = 0; i < 10'000 && turns < wanted; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (turns < wanted) given_up = true;
      if (request.target.find("/api/models?") == std::string::npos) return {};
      return HubServer::Reply{200, {}, search_answer({"acme/tiny"})};
    });
    QTimer heart;
    connect(&heart, &QTimer::timeout, this, [&] { ++turns; });
    heart.start(1);
    find();
    QTRY_COMPARE(discover().rows().size(), size_t{1});
    discover().rows()[0]->click();
    QTRY_VERIFY(discover().details()->button()->isEnabled());
    discover().details()->button()->click();
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Done");
    QVERIFY(!given_up);
    models_->hub.server.set_api({});
  }

  void leavingThePageCancels() {
    std::atomic<bool> held{true};
    models_->hub.server.set_api([&](const ServedRequest& request) -> std::optional<HubServer::Reply> {
      if (request.target.find("/api/models?") == std::string::npos) return {};
      while (held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return HubServer::Reply{200, {}, search_answer({"acme/tiny"})};
    });
    find();
    QTRY_COMPARE(asked("/api/models?"), size_t{1});
    models_->app->window().showPage(PageId::settings);
    models_->app->context().background.wait();  // returns although the hub still holds its answer
    QVERIFY(discover().search().state() == HubSearch::State::idle);
    held = false;
    models_->app->window().showPage(PageId::models);  // goes on where it was
    QTRY_COMPARE(discover().rows().size(), size_t{1});
  }

  void rowsAreReachedByKeyboard() {
    models_->answer_search(search_answer({"acme/tiny", "acme/other"}));
    find();
    QTRY_COMPARE(discover().rows().size(), size_t{2});
    discover().field()->setFocus();
    QTest::keyClick(discover().field(), Qt::Key_Down);
    QVERIFY(discover().rows()[0]->isChecked());
    QTest::keyClick(discover().rows()[0], Qt::Key_Down);
    QVERIFY(discover().rows()[1]->isChecked());
  }
};

QTEST_MAIN(DiscoverTest)
#include "discover_test.moc"
