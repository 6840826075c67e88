// A real trained model through build and run: tokens and logits of llama2.c's run.c.
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <cmath>
#include <cstring>

#include "tests/cli/program.h"
#include "tests/support/shared_data.h"

using namespace flightdeck::test;

namespace {

const std::string kModel = shared_data("models/stories260K-hf");
const std::string kGoldens = shared_data("models/stories260K");

QJsonObject golden(const char* name) {
  return QJsonDocument::fromJson(contentOf(QString::fromStdString(kGoldens) + "/" + name)).object();
}

/// The ids run.c was fed, then the one it would have been fed next.
QByteArray expectedRow(const QJsonObject& json) {
  QJsonArray ids = json["input_ids_fed"].toArray();
  ids.append(json["next"]);
  QStringList words;
  for (const QJsonValue& id : ids) words << QString::number(id.toInt());
  return words.join(',').toUtf8() + "\n";
}

}  // namespace

class CliGoldenTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  QString path(const char* name) const { return folder_.filePath(name); }

 private Q_SLOTS:
  void initTestCase() {
    SKIP_WITHOUT(kModel);
    SKIP_WITHOUT(kGoldens);
    VERIFY_SUCCESS(runProgram({"build", "--model_dir", QString::fromStdString(kModel), "--output_dir", path("engine"),
                               "--qformat", "full_prec", "--dtype", "float32"}));
  }

  void greedyFromNothingMatchesTokensAndLogits() {
    const QJsonObject json = golden("golden_greedy_empty.json");
    writeContent(path("bos.csv"), "1\n");
    VERIFY_SUCCESS(runProgram({"run", "--engine_dir", path("engine"), "--input_file", path("bos.csv"), "--ignore_eos",
                               "--max_output_len", "200", "--output_csv", path("out.csv"), "--output_logits_npy",
                               path("logits.npy")}));
    QCOMPARE(contentOf(path("out.csv")), expectedRow(json));
    const QByteArray wanted = contentOf(QString::fromStdString(kGoldens) + "/golden_logits_200x512.f32");
    const QByteArray file = contentOf(path("logits.npy"));
    QCOMPARE(wanted.size(), 200 * 512 * 4);
    const QByteArray got = file.right(wanted.size());
    double largest = 0;
    for (qsizetype at = 0; at < wanted.size(); at += 4) {
      float a, b;
      std::memcpy(&a, wanted.constData() + at, 4);
      std::memcpy(&b, got.constData() + at, 4);
      largest = std::max(largest, std::abs(double(a) - double(b)));
    }
    qInfo("largest difference of logits: %g", largest);
    QVERIFY(largest < 1e-3);
  }

  void greedyFromAPromptMatches() {
    const QJsonObject json = golden("golden_greedy_prompt.json");
    const auto more = json["input_ids_fed"].toArray().size() - json["prompt_ids"].toArray().size() + 1;
    const Outcome outcome =
        runProgram({"run", "--engine_dir", path("engine"), "--input_text", "One day, Lily met a Shoggoth",
                    "--ignore_eos", "--max_output_len", QString::number(more), "--output_csv", path("prompt.csv")});
    VERIFY_SUCCESS(outcome);
    QCOMPARE(contentOf(path("prompt.csv")), expectedRow(json));
    QVERIFY2(outcome.out.startsWith("Input [Text 0]: \"One day, Lily met a Shoggoth\"\n"), qPrintable(outcome.out));
  }
};

QTEST_GUILESS_MAIN(CliGoldenTest)
#include "cli_golden_test.moc"
