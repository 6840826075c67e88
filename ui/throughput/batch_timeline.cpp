#include "ui/throughput/batch_timeline.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "ui/format.h"
#include "ui/theme.h"

namespace flightdeck {
namespace {
constexpr double kLeft = 56;
constexpr double kColumn = 7;  // pixels of one iteration
}  // namespace

BatchTimeline::BatchTimeline(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setMinimumHeight(150);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  setAccessibleName(tr("Batch timeline"));
  setAccessibleDescription(
      tr("Rows are slots, columns are iterations. The request list beside it says the same in words."));
}

void BatchTimeline::add(const std::vector<IterationRecord>& records, int slots) {
  model_.add(records);
  model_.setSlots(slots);
  if (paused_) return;
  if (!records.empty() || shown_.slots() != model_.slots()) {
    shown_ = model_;
    update();
  }
}

void BatchTimeline::clear() {
  model_.clear();
  shown_.clear();
  update();
}

void BatchTimeline::setPaused(bool paused) {
  paused_ = paused;
  if (!paused) shown_ = model_;
  update();
}

BatchTimeline::Layout BatchTimeline::layout() const {
  Layout layout;
  layout.slots = std::max(1, shown_.slots());
  layout.plot = QRectF(kLeft, 2, width() - kLeft - 2, height() - 4);
  layout.row = std::min(42.0, layout.plot.height() / layout.slots);
  layout.bar = layout.row > 14 ? std::min(30.0, layout.row * 0.84) : std::max(1.0, layout.row - 1);
  layout.column = layout.row > 14 ? kColumn : 4;
  layout.columns = std::max(1, static_cast<int>(layout.plot.width() / layout.column));
  layout.last = shown_.lastIteration();
  return layout;
}

QRectF BatchTimeline::rectIn(const Layout& layout, const TimelineRun& run) const {
  // The newest iteration ends at the right edge once the plot is full; before that time runs from the left.
  const auto columns = static_cast<uint64_t>(layout.columns);
  const uint64_t first_column = layout.last >= columns ? layout.last - columns + 1 : 1;
  const uint64_t from = std::max(run.first, first_column);
  const double left = layout.plot.left() + static_cast<double>(from - first_column) * layout.column;
  const double width = static_cast<double>(run.last - from + 1) * layout.column;
  const double top = layout.plot.top() + run.slot * layout.row + (layout.row - layout.bar) / 2;
  return QRectF(left, top, width - (layout.column > 5 ? 1 : 0.5), layout.bar);
}

QRectF BatchTimeline::rectOf(const TimelineRun& run) const { return rectIn(layout(), run); }

void BatchTimeline::paintRun(QPainter& painter, const Layout& layout, const TimelineRun& run,
                             const Colors& colors) const {
  QRectF box = rectIn(layout, run);
  const bool large = layout.bar > 12;
  if (run.prefill) {
    if (large) box.adjust(0, 3, 0, -3);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colors.prefill);
    painter.drawRoundedRect(box, large ? 3 : 0, large ? 3 : 0);
    QColor hatch = colors.background;
    hatch.setAlphaF(0.45f);
    if (large) painter.fillRect(box, QBrush(hatch, Qt::BDiagPattern));
    return;
  }
  QColor color = sequenceColor(run.id, colors);
  if (hovered_ && hovered_ != run.id) color.setAlphaF(0.35f);
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  painter.drawRoundedRect(box, large ? 3 : 0, large ? 3 : 0);
  if (!large) return;
  painter.setPen(QPen(colors.panel, 1));
  for (double x = box.left() + layout.column - 0.5; x < box.right() - 2; x += layout.column)
    painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()));
  const QString text = tr("#%1  %2 tok").arg(run.id).arg(run.generated);
  const QFontMetricsF metrics(painter.font());
  const double width = metrics.horizontalAdvance(text);
  if (width + 14 > box.width()) return;
  const double tall = std::min(18.0, box.height());
  const QRectF label(box.left() + 5, box.center().y() - tall / 2, width + 8, tall);
  painter.setPen(Qt::NoPen);
  painter.drawRoundedRect(label, 3, 3);  // in the run's colour: the words stand on no lines
  painter.setPen(QColor(0x10, 0x18, 0x1f));
  painter.drawText(label, Qt::AlignCenter, text);
}

void BatchTimeline::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  const Layout layout = this->layout();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing, layout.bar > 12);
  painter.setFont(fontOf(FontKind::ui, type::tiny));
  const int step = layout.row >= 16 ? 1 : static_cast<int>(std::ceil(16 / layout.row / 4)) * 4;
  for (int slot = 0; slot < layout.slots; ++slot) {
    const QRectF row(layout.plot.left(), layout.plot.top() + slot * layout.row + (layout.row - layout.bar) / 2,
                     layout.plot.width(), layout.bar);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colors.dark ? colors.raised : colors.background);
    if (layout.bar > 3) painter.drawRoundedRect(row, layout.bar > 12 ? 3 : 0, layout.bar > 12 ? 3 : 0);
    if (slot % step != 0) continue;
    painter.setPen(colors.faint);
    painter.drawText(QRectF(0, row.center().y() - 9, kLeft - 10, 18), Qt::AlignLeft | Qt::AlignVCenter,
                     tr("slot %1").arg(slot));
  }
  painter.setFont(fontOf(FontKind::semibold, type::tiny));
  for (const TimelineRun& run : shown_.runs(layout.columns)) paintRun(painter, layout, run, colors);
}

const TimelineRun* BatchTimeline::runAt(const QPointF& point) const {
  const Layout layout = this->layout();
  if (!layout.plot.contains(point)) return nullptr;
  const int slot = static_cast<int>((point.y() - layout.plot.top()) / layout.row);
  const auto columns = static_cast<uint64_t>(layout.columns);
  const uint64_t first_column = layout.last >= columns ? layout.last - columns + 1 : 1;
  return shown_.at(slot, first_column + static_cast<uint64_t>((point.x() - layout.plot.left()) / layout.column));
}

QString BatchTimeline::describe(const TimelineRun& run) const {
  const QString label = labels_.value(run.id);
  const QString name =
      label.isEmpty() ? QStringLiteral("#%1").arg(run.id) : QStringLiteral("#%1 %2").arg(run.id).arg(label);
  return run.prefill ? tr("%1\nprefill of %2 tokens, iterations %3 to %4")
                           .arg(name)
                           .arg(run.tokens)
                           .arg(run.first)
                           .arg(run.last)
                     : tr("%1\ndecode, %2 tokens so far, iterations %3 to %4")
                           .arg(name)
                           .arg(run.generated)
                           .arg(run.first)
                           .arg(run.last);
}

bool BatchTimeline::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  auto* help = static_cast<QHelpEvent*>(event);
  if (const TimelineRun* run = runAt(help->pos()))
    QToolTip::showText(help->globalPos(), describe(*run), this);
  else
    QToolTip::hideText();
  return true;
}

void BatchTimeline::mouseMoveEvent(QMouseEvent* event) {
  const TimelineRun* run = runAt(event->position());
  const quint64 id = run ? run->id : 0;
  setCursor(run ? Qt::PointingHandCursor : Qt::ArrowCursor);
  if (id == hovered_) return;
  hovered_ = id;
  update();
}

void BatchTimeline::mousePressEvent(QMouseEvent* event) {
  if (const TimelineRun* run = runAt(event->position()); run && event->button() == Qt::LeftButton)
    Q_EMIT sequenceChosen(run->id);
}

void BatchTimeline::leaveEvent(QEvent*) {
  hovered_ = 0;
  update();
}

}  // namespace flightdeck
