// Runs the built program as a user does.
#pragma once

#include <QDir>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

namespace flightdeck::test {

struct Outcome {
  int code = -1;  // -2: it crashed or did not end
  QString out, err;
};

inline Outcome runProgram(const QStringList& arguments, const QByteArray& input = {},
                          const QStringList& environment = {}) {
  QProcess process;
  QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
  for (const QString& entry : environment)
    variables.insert(entry.section(QLatin1Char('='), 0, 0), entry.section(QLatin1Char('='), 1));
  process.setProcessEnvironment(variables);
  process.start(QStringLiteral(FLIGHTDECK_PROGRAM), arguments);
  process.write(input);
  process.closeWriteChannel();
  Outcome outcome;
  const bool ended = process.waitForFinished(120'000) && process.exitStatus() == QProcess::NormalExit;
  outcome.code = ended ? process.exitCode() : -2;
  outcome.out = QString::fromUtf8(process.readAllStandardOutput());
  outcome.err = QString::fromUtf8(process.readAllStandardError());
  return outcome;
}

inline QByteArray contentOf(const QString& path) {
  QFile file(path);
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline void writeContent(const QString& path, const QByteArray& content) {
  QFile file(path);
  QVERIFY(file.open(QIODevice::WriteOnly));
  QCOMPARE(file.write(content), content.size());
}

}  // namespace flightdeck::test

/// The program must have ended with 0; what it said is shown when not.
#define VERIFY_SUCCESS(outcome)                                                 \
  QVERIFY2((outcome).code == 0, qPrintable(QStringLiteral("exit code %1\n%2%3") \
                                               .arg((outcome).code)             \
                                               .arg((outcome).out.right(2000), (outcome).err.right(2000))))
