// One download: progress, phase, what went wrong, and its buttons. Updated in place, so that nothing moves under the
// mouse. GUI thread only.
#pragma once

#include <QFrame>

#include "core/hub/job.h"

class QLabel;
class QPushButton;

namespace flightdeck {

class ElidedLabel;
class LinkedText;
class MeterBar;

class DownloadRow : public QFrame {
  Q_OBJECT
 public:
  explicit DownloadRow(quint64 id, QWidget* parent = nullptr);
  quint64 id() const { return id_; }
  void setJob(const JobSnapshot& job);
  /// Verifying the files again: [0, 1] while it runs, negative when it does not; `result` stays until the next.
  void showCheck(double fraction, const QString& result, bool is_good);
  QString state() const;
  QString message() const;
  /// pause, resume, cancel, build, verify, folder, remove: hidden where it makes no sense.
  QPushButton* button(const QString& name) const { return findChild<QPushButton*>(name, Qt::FindDirectChildrenOnly); }

 Q_SIGNALS:
  void pressed(const QString& button);

 private:
  QPushButton* add(const char* name, QPushButton* button);
  void showButtons(const JobSnapshot& job);
  const quint64 id_;
  ElidedLabel *title_, *progress_, *files_;
  QLabel *state_, *hub_;
  MeterBar* bar_;
  LinkedText* message_;
  bool checking_ = false;
};

}  // namespace flightdeck
