// The Throughput page: what the engine does right now. Reads only while it is shown. GUI thread only.
#pragma once

#include <QWidget>

#include "ui/context.h"

class QLabel;
class QPushButton;
class QStackedWidget;

namespace flightdeck {

class BatchTimeline;
class MetricCard;
class RateChart;
class RequestList;

class ThroughputPage : public QWidget {
  Q_OBJECT
 public:
  explicit ThroughputPage(Context& context, QWidget* parent = nullptr);
  BatchTimeline* timeline() const { return timeline_; }

 Q_SIGNALS:
  void requestChosen(quint64 id);
  void enginesRequested();
  void failed(const QString& message);

 protected:
  void showEvent(QShowEvent* event) override;

  MetricCard* gpuCard() const { return gpu_; }
  QLabel* deviceNote() const { return device_note_; }

 private:
  QWidget* makeHeader();
  QWidget* makeTimelineCard();
  void refreshState();
  void refresh();
  void exportCsv();
  Context& context_;
  MetricCard *decode_, *prefill_, *step_, *flight_, *kv_, *memory_, *gpu_;
  QLabel* device_note_;
  RateChart* chart_;
  BatchTimeline* timeline_;
  RequestList* requests_;
  QLabel* iteration_;
  QPushButton* pause_;
  QStackedWidget* pages_;
  const Inference* seen_ = nullptr;  // engine whose records are shown; compared, never used
};

}  // namespace flightdeck
