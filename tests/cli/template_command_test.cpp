// `flightdeck template`: the prompt text of a conversation, byte for byte.
#include "tests/cli/program.h"

using namespace flightdeck::test;

class TemplateCommandTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  QString path(const QString& name) const { return folder_.filePath(name); }

 private Q_SLOTS:
  void initTestCase() {
    writeContent(path("tokenizer_config.json"), R"({"bos_token": "<s>", "chat_template":
        "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{{ tools|tojson if tools }}{% if add_generation_prompt %}<assistant>{% endif %}"})");
    writeContent(path("messages.json"), R"([{"role": "user", "content": "{{ 1 }}\u5c71\n"}])");
    writeContent(path("object.json"),
                 R"({"messages": [], "tools": [{"b": 1, "a": 2.0}], "add_generation_prompt": true})");
    writeContent(path("date.jinja"), "{{ strftime_now('%d %b %Y') }}{{ eos_token }}");
    writeContent(path("broken.jinja"), "\n{% if %}");
  }

  void printsExactlyTheText() {
    const Outcome plain = runProgram({"template", "--model_dir", folder_.path(), "--messages", path("messages.json")});
    VERIFY_SUCCESS(plain);
    QCOMPARE(plain.out, QStringLiteral("<s><user>{{ 1 }}山\n"));
    const Outcome asked = runProgram({"template", "--model_dir", folder_.path(), "--add-generation-prompt"});
    VERIFY_SUCCESS(asked);
    QCOMPARE(asked.out, QStringLiteral("<s><user>Hello<assistant>"));
    const Outcome tools =
        runProgram({"template", "--model_dir", folder_.path(), "--messages", path("object.json"), "--bos_token", "B"});
    VERIFY_SUCCESS(tools);
    QCOMPARE(tools.out, QStringLiteral("B[{\"b\": 1, \"a\": 2.0}]<assistant>"));
    const Outcome date = runProgram(
        {"template", "--template_file", path("date.jinja"), "--now", "2025-07-10T12:00:00", "--eos_token", "</s>"});
    VERIFY_SUCCESS(date);
    QCOMPARE(date.out, QStringLiteral("10 Jul 2025</s>"));
  }

  void saysWhatIsWrong_data() {
    QTest::addColumn<QStringList>("flags");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("part");
    const QTemporaryDir* folder = &folder_;
    QTest::newRow("nothing") << QStringList{} << 2 << "--model_dir or --template_file";
    QTest::newRow("both") << QStringList{"--model_dir", "a", "--template_file", "b"} << 2 << "excludes";
    QTest::newRow("no folder") << QStringList{"--model_dir", path("none")} << 1 << "there is no such folder";
    QTest::newRow("no template") << QStringList{"--model_dir", QDir::rootPath()} << 1 << "no chat template there";
    QTest::newRow("broken") << QStringList{"--template_file", path("broken.jinja")} << 1
                            << "broken.jinja: line 2, column ";
    QTest::newRow("messages") << QStringList{"--model_dir", folder->path(), "--messages", path("broken.jinja")} << 1
                              << "broken.jinja";
    QTest::newRow("no messages") << QStringList{"--model_dir", folder->path(), "--messages",
                                                path("tokenizer_config.json")}
                                 << 1 << "neither a list of messages";
    QTest::newRow("time") << QStringList{"--model_dir", folder->path(), "--now", "noon"} << 1 << "2025-07-10T12:00:00";
  }
  void saysWhatIsWrong() {
    QFETCH(QStringList, flags);
    QFETCH(int, code);
    QFETCH(QString, part);
    const Outcome outcome = runProgram(QStringList{"template"} + flags);
    QCOMPARE(outcome.code, code);
    QVERIFY2(outcome.err.contains(part), qPrintable(outcome.err));
    QCOMPARE(outcome.out, QString());
  }
};

QTEST_GUILESS_MAIN(TemplateCommandTest)
#include "template_command_test.moc"
