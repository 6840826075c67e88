// What a finished build says of itself: sizes, operations, times, error; and "Chat now". GUI thread only.
#pragma once

#include <QFrame>

#include "core/engine/engine_dir.h"

class QLabel;
class QGridLayout;
class QPushButton;

namespace flightdeck {

class ReportView : public QFrame {
  Q_OBJECT
 public:
  explicit ReportView(QWidget* parent = nullptr);
  void setReport(const EngineManifest& manifest);
  QPushButton* chatButton() const { return chat_; }

 Q_SIGNALS:
  void chatRequested();
  void dismissed();

 private:
  QLabel *title_, *passes_;
  QGridLayout* facts_;
  QPushButton* chat_;
};

}  // namespace flightdeck
