// Search and listing: what the two hubs answer, and answers that are too much.
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class HubApiTest : public QObject {
  Q_OBJECT

  std::unique_ptr<HubClient> client(HubKind kind) { return std::move(*make_hub_client(kind, hub_->options.hub)); }
  Result<RepoListing> list(HubKind kind) {
    const auto hub = client(kind);
    return hub->list(hub_->spec.repo, hub->default_revision());
  }
  void answer(const std::string& part, std::string body, std::map<std::string, std::string> headers = {}) {
    hub_->server.set_api([=](const ServedRequest& request) -> std::optional<HubServer::Reply> {
      if (request.target.find(part) == std::string::npos) return {};
      return HubServer::Reply{200, headers, body};
    });
  }

 private slots:
  void init() { hub_ = std::make_unique<HubFixture>(); }

  void hugging_face_search() {
    answer("/api/models?",
           R"([{"id":"acme/tiny","downloads":7,"likes":3,"gated":"auto","private":false,"lastModified":"2026-01-02",
                "tags":["license:mit"],"safetensors":{"total":1100000000}},{"id":"nobody"},{"id":"a/plain","gated":false}])",
           {{"Link", "<" + hub_->server.endpoint() + "/api/models?cursor=x>; rel=\"next\""}});
    const auto page = client(HubKind::hugging_face)->search({.text = "tiny & co", .limit = 5});
    VERIFY_OK(page);
    QCOMPARE(page->models.size(), size_t{2});
    QCOMPARE(page->models[0].licence, std::string("mit"));
    QVERIFY(page->models[0].is_gated && !page->models[1].is_gated);
    QCOMPARE(page->models[0].parameters, uint64_t{1'100'000'000});
    QVERIFY(hub_->server.requests().back().target.find("search=tiny%20%26%20co") != std::string::npos);
    VERIFY_OK(client(HubKind::hugging_face)->search({.page = page->next}));
    QVERIFY(hub_->server.requests().back().target.ends_with("cursor=x"));
  }

  void model_scope_search() {
    answer("/openapi/v1/models?",
           R"({"success":true,"data":{"models":[{"id":"acme/tiny","downloads":7,"license":"mit"}]}})");
    const auto page = client(HubKind::model_scope)->search({.text = "tiny", .limit = 1});
    VERIFY_OK(page);
    QCOMPARE(page->models.at(0).repo.text(), std::string("acme/tiny"));
    QCOMPARE(page->next, std::string("2"));
  }

  void model_scope_says_no_with_200() {
    answer("/repo/files", R"({"Code":10010205001,"Message":"record not found","Success":false})");
    VERIFY_ERROR(list(HubKind::model_scope), ErrorKind::not_found, "record not found");
  }

  void renamed_repositories() {
    hub_->add_weights(10);
    hub_->server.set_api([](const ServedRequest& request) -> std::optional<HubServer::Reply> {
      if (request.path() != "/api/models/acme/tiny/revision/main") return {};
      return HubServer::Reply{307, {{"Location", "/api/models/acme/new-name/revision/main"}}, ""};
    });
    QCOMPARE(list(HubKind::hugging_face)->repo.text(), std::string("acme/new-name"));
  }

  void row18_ten_thousand_files_and_one_more() {
    std::string body = "[";
    for (int i = 0; i < 10'000; ++i)
      body +=
          fmt::format("{}{{\"type\":\"file\",\"path\":\"f{}\",\"size\":1,\"oid\":\"{:040x}\"}}", i ? "," : "", i, i);
    answer("/tree/", body + "]");
    QCOMPARE(list(HubKind::hugging_face)->files.size(), size_t{10'000});
    answer("/tree/", body + ",{\"type\":\"file\",\"path\":\"x\",\"size\":1}]");
    VERIFY_ERROR(list(HubKind::hugging_face), ErrorKind::corrupt, "more than 10000 files");
  }

  void row18_pages_without_an_end() {
    answer("/tree/", "[]", {{"Link", "</api/models/acme/tiny/tree/x?again>; rel=\"next\""}});
    VERIFY_ERROR(list(HubKind::hugging_face), ErrorKind::corrupt, "more than 100 pages");
  }

  void row18_huge_answers() {
    answer("/tree/", "[\"" + std::string(65u << 20, 'x') + "\"]");
    VERIFY_ERROR(list(HubKind::hugging_face), ErrorKind::corrupt, "longer than 67108864 bytes");
  }

  void answers_that_make_no_sense_data() {
    QTest::addColumn<QByteArray>("body");
    for (const char* body :
         {"", "[1]", "{}", "[{\"type\":\"file\"}]", "[{\"type\":\"file\",\"path\":\"a\",\"size\":-1}]",
          "[{\"type\":\"file\",\"path\":\"a\",\"size\":1e3}]", "[{\"path\":\"a\",\"size\":1}]",
          "[{\"type\":\"file\",\"path\":7,\"size\":1}]", "[[[[",
          "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"oid\":\"0000000000000000000000000000000000000000\","
          "\"lfs\":{\"oid\":\"x\"}}]"})
      QTest::newRow(body) << QByteArray(body);
  }
  void answers_that_make_no_sense() {
    QFETCH(QByteArray, body);
    answer("/tree/", body.toStdString());
    QVERIFY(!list(HubKind::hugging_face));
    answer("/repo/files", body.toStdString());
    QVERIFY(!list(HubKind::model_scope));
  }

  void proxies_and_certificates_are_taken_from_the_environment() {
    hub_->add_weights(10);
    hub_->options.hub.endpoint = "http://hub.invalid";
    hub_->options.hub.http.proxy = hub_->server.endpoint();
    VERIFY_OK(list(HubKind::hugging_face));
    QVERIFY(hub_->server.requests().front().target.starts_with("http://hub.invalid/api/"));
    hub_->options.hub.http.proxy.clear();
    qputenv("http_proxy", QByteArray::fromStdString(hub_->server.endpoint()));
    VERIFY_OK(list(HubKind::hugging_face));
  }

  void row20_certificates_are_checked() {
    const std::string folder = hub_->home.path().toStdString();
    QProcess make;
    make.start("openssl",
               {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                QString::fromStdString(folder + "/key.pem"), "-out", QString::fromStdString(folder + "/cert.pem")});
    if (!make.waitForFinished() || make.exitCode() != 0)
      QSKIP("the openssl command is not there to make a certificate");
    QProcess tls;
    tls.setWorkingDirectory(QString::fromStdString(folder));
    tls.start("openssl", {"s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", "-WWW"});
    QString said;
    while (!said.contains("ACCEPT") && tls.waitForReadyRead(10'000))
      said += QString::fromUtf8(tls.readAllStandardOutput());
    const QRegularExpression pattern("ACCEPT 127.0.0.1:(\\d+)");
    const QString port = pattern.match(said).captured(1);
    if (port.isEmpty()) QSKIP("openssl s_server does not say its port");
    hub_->options.hub.endpoint = "https://127.0.0.1:" + port.toStdString();
    VERIFY_ERROR(list(HubKind::hugging_face), ErrorKind::not_allowed, "cannot be trusted");
    hub_->options.hub.http.ca_file = folder + "/cert.pem";
    // The server has no such page: what counts is that the conversation took place.
    const auto trusted = list(HubKind::hugging_face);
    QVERIFY(!trusted && trusted.error().kind != ErrorKind::not_allowed);
    tls.kill();
    tls.waitForFinished();
  }

 private:
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(HubApiTest)
#include "hub_api_test.moc"
