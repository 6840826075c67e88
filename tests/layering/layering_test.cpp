// The rules of the house that a link error cannot catch: who may include whom, and how long a file may be.
#include <QtTest>

namespace {

// A folder of the tree and what its files must never include.
struct Rule {
  const char* folder;
  const char* forbidden;
};

constexpr Rule kRules[] = {
    {"kernels", "^#include\\s+[<\"](core|ui|app)/"},
    {"core", "^#include\\s+([<\"](ui|app)/|<Q[A-Z])"},
    {"ui", "^#include\\s+[<\"](app|kernels)/"},
    {"app/cli", "^#include\\s+([<\"]ui/|<Q[A-Z])"},
};
constexpr int kMostLines = 800;

/// Folders of core in the order in which data flows: a folder sees only those before it.
const QStringList kCoreOrder = {"base",     "hub",      "checkpoint", "jinja",   "tokenizer", "graph",
                                "executor", "quantize", "engine",     "runtime", "chats",     "bench"};
// Headers of plain values that an earlier folder may name.
const QStringList kPlainHeaders = {"core/runtime/request.h"};

}  // namespace

class LayeringTest : public QObject {
  Q_OBJECT

  static QStringList sources(const QString& folder) {
    QStringList files;
    QDirIterator it(FLIGHTDECK_SOURCE_DIR "/" + folder, {"*.cpp", "*.h", "*.cu", "*.cuh"}, QDir::Files,
                    QDirIterator::Subdirectories);
    while (it.hasNext()) files << it.next();
    return files;
  }

  static QStringList lines(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()).split('\n') : QStringList();
  }

 private slots:
  void nobody_includes_upwards() {
    for (const Rule& rule : kRules) {
      const QRegularExpression forbidden(rule.forbidden);
      const QStringList files = sources(rule.folder);
      QVERIFY(!files.isEmpty());
      for (const QString& path : files) {
        for (const QString& line : lines(path))
          QVERIFY2(!forbidden.match(line).hasMatch(), qPrintable(path + ": " + line));
      }
    }
  }

  void core_folders_see_only_what_stands_before_them() {
    const QRegularExpression include("^#include\\s+\"core/(\\w+)/");
    for (int i = 0; i < kCoreOrder.size(); ++i) {
      for (const QString& path : sources("core/" + kCoreOrder[i])) {
        for (const QString& line : lines(path)) {
          const auto match = include.match(line);
          if (!match.hasMatch() || kPlainHeaders.contains(line.section('"', 1, 1))) continue;
          QVERIFY2(kCoreOrder.indexOf(match.captured(1)) <= i, qPrintable(path + ": " + line));
        }
      }
    }
  }

  void files_stay_short() {
    for (const char* folder : {"app", "ui", "core", "kernels", "tests"}) {
      for (const QString& path : sources(folder)) {
        const auto count = lines(path).size();
        QVERIFY2(count <= kMostLines,
                 qPrintable(QString("%1 has %2 lines, at most %3").arg(path).arg(count).arg(kMostLines)));
      }
    }
  }
};

QTEST_GUILESS_MAIN(LayeringTest)
#include "layering_test.moc"
