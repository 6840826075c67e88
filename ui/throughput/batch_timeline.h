// The batch timeline: rows are slots, columns iterations, a colour is a sequence; prefill is amber, low and hatched, so
// that it is told by shape as well. Readable from one to hundreds of slots. GUI thread only.
#pragma once

#include <QHash>
#include <QWidget>

#include "ui/throughput/timeline_model.h"

namespace flightdeck {

class BatchTimeline : public QWidget {
  Q_OBJECT
 public:
  explicit BatchTimeline(QWidget* parent = nullptr);
  void add(const std::vector<IterationRecord>& records, int slots);
  void clear();
  uint64_t lastIteration() const { return model_.lastIteration(); }
  /// Labels of running requests, for the tool tip.
  void setLabels(const QHash<quint64, QString>& labels) { labels_ = labels; }
  void setPaused(bool paused);
  /// What is painted at a point, null when nothing is; for tests and the mouse.
  const TimelineRun* runAt(const QPointF& point) const;
  QRectF rectOf(const TimelineRun& run) const;

 Q_SIGNALS:
  void sequenceChosen(quint64 id);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  struct Layout {
    QRectF plot;
    double row = 0, bar = 0, column = 0;
    int columns = 0, slots = 0;
    uint64_t last = 0;
  };
  Layout layout() const;
  QRectF rectIn(const Layout& layout, const TimelineRun& run) const;
  void paintRun(QPainter& painter, const Layout& layout, const TimelineRun& run, const struct Colors& colors) const;
  QString describe(const TimelineRun& run) const;
  TimelineModel model_, shown_;  // shown_ stands still while paused
  QHash<quint64, QString> labels_;
  quint64 hovered_ = 0;
  bool paused_ = false;
};

}  // namespace flightdeck
