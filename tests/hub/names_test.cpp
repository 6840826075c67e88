// Names from a hub or a person: what is let through, and what never becomes a path or a URL.
#include "core/hub/names.h"

#include "core/hub/credentials.h"
#include "core/hub/url.h"
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class NamesTest : public QObject {
  Q_OBJECT
 private slots:
  void row14_hostile_file_names_data() {
    QTest::addColumn<QByteArray>("name");
    const QByteArray names[] = {"",
                                "../x",
                                "/abs",
                                "a/../../b",
                                "a//b",
                                "a/./b",
                                "C:x",
                                "\\\\host\\s",
                                "a\\b",
                                "CON",
                                "a/nul.txt",
                                "com1",
                                "x.",
                                "x ",
                                "a/",
                                "line\nbreak",
                                "tab\t",
                                "del\x7f",
                                "a:b",
                                "q?",
                                "s*",
                                "\xff\xfe",
                                "\xe2\x80\xae"
                                "cod.exe",
                                "\xe2\x80\x8b",
                                QByteArray(241, 'x'),
                                QByteArray("a/").repeated(600) + "b",
                                QByteArray("nul\0byte", 8),
                                ".."};
    for (const QByteArray& name : names) QTest::newRow(name.left(40).toPercentEncoding()) << name;
  }
  void row14_hostile_file_names() {
    QFETCH(QByteArray, name);
    QVERIFY(!RepoPath::parse(std::string_view(name.constData(), static_cast<size_t>(name.size()))));
  }
  void row14_a_listing_is_refused_as_a_whole() {
    HubFixture hub;
    hub.add_weights(100);
    hub.server.add("../../evil", {.content = "x", .is_lfs = false});
    VERIFY_ERROR(hub.pull(), ErrorKind::corrupt, "'../../evil'");
    QVERIFY(!std::filesystem::exists(hub.repo_dir()));
  }

  void usual_file_names() {
    for (const char* name :
         {"config.json", "a/b/c.safetensors", "模型.gguf", "résumé.txt", ".gitattributes", "-x", "console"})
      VERIFY_OK(RepoPath::parse(name));
  }

  void row15_names_that_collide_data() {
    QTest::addColumn<QByteArrayList>("names");
    QTest::newRow("case") << QByteArrayList{"README.md", "readme.md"};
    QTest::newRow("normal forms") << QByteArrayList{"caf\xc3\xa9", "cafe\xcc\x81"};
    QTest::newRow("file and folder") << QByteArrayList{"a", "a/b"};
    QTest::newRow("file and folder, case") << QByteArrayList{"A", "a/b"};
    QTest::newRow("folders") << QByteArrayList{"A/x", "a/y"};
    QTest::newRow("twice") << QByteArrayList{"x", "x"};
  }
  void row15_names_that_collide() {
    QFETCH(QByteArrayList, names);
    std::vector<RepoPath> paths;
    for (const QByteArray& name : names) paths.push_back(*RepoPath::parse(name.toStdString()));
    QVERIFY(!check_distinct(paths));
    VERIFY_OK(check_distinct({paths[0], *RepoPath::parse("other/b"), *RepoPath::parse("other/c")}));
  }

  void repositories_and_revisions() {
    VERIFY_OK(RepoId::parse("baichuan-inc/Baichuan2-7B-Chat"));
    VERIFY_OK(RepoId::parse("Qwen/Qwen2.5-0.5B"));
    for (const char* text : {"", "name", "a/b/c", "../x", "a/..", "a/b?c", "a b/c", "a/b--c", "-a/b", "a/b."})
      VERIFY_ERROR(RepoId::parse(text), ErrorKind::invalid_input, "OWNER/NAME");
    for (const char* text : {"main", "refs/pr/1", "v1.0"}) VERIFY_OK(Revision::parse(text));
    for (const char* text : {"", "..", "a/../b", "/a", "a/", "-x", "a b", "a?b", ".x"}) QVERIFY(!Revision::parse(text));
  }

  void addresses() {
    QCOMPARE(Url::parse("HTTPS://Hub.example/a?b=c#d")->origin(), std::string("https://hub.example:443"));
    const Url url = *Url::parse("https://hub.example/a/b?secret=1");
    QCOMPARE(url.shown(), std::string("https://hub.example/a/b"));
    QCOMPARE(url.redirected("/c")->text(), std::string("https://hub.example/c"));
    for (const char* target :
         {"http://hub.example/a", "file:///x", "gopher://x", "https://u:p@hub.example/", "http://["})
      QVERIFY2(!url.redirected(target), target);
    QVERIFY(!Url::parse("no address"));
  }

  void tokens_stay_where_they_belong() {
    const Credential credential(*Token::parse(" hf_abc\n"), *Url::parse("https://hub.example"));
    QCOMPARE(credential.token().secret(), std::string("hf_abc"));
    QVERIFY(credential.belongs_to(*Url::parse("https://hub.example/x")));
    for (const char* other :
         {"http://hub.example", "https://hub.example:444", "https://hub.example.evil", "https://x.hub.example"})
      QVERIFY2(!credential.belongs_to(*Url::parse(other)), other);
    VERIFY_ERROR(Token::parse("a\r\nCookie: x"), ErrorKind::invalid_input, "copy it again");
    QVERIFY(Token::parse("secret word").error().message.find("secret") == std::string::npos);
  }
};

QTEST_GUILESS_MAIN(NamesTest)
#include "names_test.moc"
