#include "ui/status_strip.h"

#include <QHBoxLayout>
#include <QPainter>

#include "ui/format.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/meter_bar.h"
#include "ui/widgets/sparkline.h"

namespace flightdeck {
namespace {

QLabel* figure(Tone tone, const QString& widest, FontKind kind = FontKind::semibold) {
  QLabel* label = makeLabel({}, type::small, tone, kind);
  label->setFixedWidth(QFontMetrics(label->font()).horizontalAdvance(widest) +
                       2);  // numbers never push their neighbours
  return label;
}

}  // namespace

StatusStrip::StatusStrip(Context& context, QWidget* parent) : QFrame(parent), context_(context) {
  setProperty("look", "strip");
  setFixedHeight(37);
  auto* row = makeBox<QHBoxLayout>(this, 0, space::s);
  row->setContentsMargins(34, 0, space::l, 0);
  engine_ = new ElidedLabel;
  engine_->setFont(fontOf(FontKind::ui, type::small));
  load_bar_ = new MeterBar(Tone::accent, 6);
  load_bar_->setFixedWidth(120);
  cancel_ = makeButton(tr("Cancel"), "quiet");
  spark_ = new Sparkline;
  decode_ = figure(Tone::accent, tr("%1 tok/s").arg(QStringLiteral("88 888")));
  decode_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  decode_->setToolTip(tr("Tokens written each second, all chats together"));
  decode_word_ = makeLabel(tr("decode"), type::tiny, Tone::muted);
  prefill_ = figure(Tone::prefill, tr("%1 tok/s").arg(QStringLiteral("88 888")));
  prefill_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  prefill_->setToolTip(tr("Prompt tokens read each second"));
  prefill_word_ = makeLabel(tr("prefill"), type::tiny, Tone::muted);
  requests_ = figure(Tone::text, tr("active %1 · queued %2").arg(88).arg(888), FontKind::ui);
  kv_bar_ = new MeterBar(Tone::accent);
  kv_bar_->setAccessibleName(tr("KV cache in use"));
  kv_ = figure(Tone::muted, QStringLiteral("100 %"), FontKind::ui);
  memory_bar_ = new MeterBar(Tone::queue);
  memory_bar_->setAccessibleName(tr("Memory in use"));
  memory_ = figure(Tone::muted, QStringLiteral("888 MB / 888.8 GB"), FontKind::ui);
  row->addWidget(engine_);
  row->addWidget(load_bar_);
  row->addWidget(cancel_);
  row->addStretch(1);
  for (QWidget* widget : std::initializer_list<QWidget*>{spark_, decode_, decode_word_, prefill_, prefill_word_})
    row->addWidget(widget);
  row->addStretch(2);
  row->addWidget(requests_);
  row->addStretch(1);
  row->addWidget(makeLabel(tr("KV"), type::tiny, Tone::muted));
  row->addWidget(kv_bar_);
  row->addWidget(kv_);
  row->addSpacing(space::m);
  row->addWidget(makeLabel(tr("Memory"), type::tiny, Tone::muted));
  row->addWidget(memory_bar_);
  row->addWidget(memory_);
  connect(cancel_, &QPushButton::clicked, this, [this] { context_.session.cancelLoad(); });
  connect(&context_.session, &EngineSession::stateChanged, this, &StatusStrip::refreshState);
  connect(&context_.session, &EngineSession::loadProgress, this, &StatusStrip::refreshState);
  connect(&context_.session, &EngineSession::statsChanged, this, &StatusStrip::refreshStats);
  connect(&context_.library, &Library::changed, this, &StatusStrip::refreshStats);
  refreshState();
}

void StatusStrip::refreshState() {
  const EngineSession& session = context_.session;
  const bool loading = session.state() == EngineSession::State::loading;
  load_bar_->setVisible(loading);
  cancel_->setVisible(loading);
  if (loading) {
    load_bar_->setFraction(session.loadFraction());
    engine_->setText(tr("Loading %1 · %2").arg(session.loadingName(), session.loadPhase()));
  } else if (session.engine()) {
    const EngineInfo& info = session.engine()->info();
    engine_->setText(QStringLiteral("%1 · %2 · %3").arg(qs(info.name), qs(info.device), qs(info.device_name)));
  } else {
    engine_->setText(tr("No engine loaded"));
  }
  refreshStats();
  update();
}

void StatusStrip::refreshStats() {
  const EngineStats& stats = context_.session.stats();
  if (context_.session.engine()) spark_->push(stats.decode_tokens_per_s);
  decode_->setText(tr("%1 tok/s").arg(formatRate(stats.decode_tokens_per_s)));
  prefill_->setText(tr("%1 tok/s").arg(formatRate(stats.prefill_tokens_per_s)));
  requests_->setText(tr("active %1 · queued %2").arg(stats.active_requests).arg(stats.queued_requests));
  const double kv = stats.max_kv_blocks > 0 ? static_cast<double>(stats.used_kv_blocks) / stats.max_kv_blocks : 0;
  kv_bar_->setFraction(kv);
  kv_->setText(QStringLiteral("%1 %").arg(kv * 100, 0, 'f', 0));
  uint64_t total = 0;
  for (const DeviceFacts& device : context_.library.devices())
    if (total == 0 || (context_.session.engine() && device.id == context_.session.engine()->info().device))
      total = device.total_bytes;
  // An engine on a GPU lies in the GPU's memory.
  const uint64_t used = stats.device.known ? stats.device.used_bytes : stats.host_rss_bytes;
  memory_bar_->setFraction(total ? static_cast<double>(used) / static_cast<double>(total) : 0);
  if (used == 0)
    memory_->setText(QStringLiteral("–"));  // the engine's memory: there is none
  else
    memory_->setText(total ? QStringLiteral("%1 / %2").arg(formatBytes(used), formatBytes(total)) : formatBytes(used));
}

void StatusStrip::resizeEvent(QResizeEvent* event) {
  const bool wide = width() >= 1180;
  spark_->setVisible(wide);
  for (QWidget* widget : {decode_word_, prefill_word_}) widget->setVisible(width() >= 1080);
  for (MeterBar* bar : {kv_bar_, memory_bar_}) bar->setFixedWidth(wide ? 90 : 48);
  QFrame::resizeEvent(event);
}

void StatusStrip::paintEvent(QPaintEvent* event) {
  QFrame::paintEvent(event);
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const bool ready = context_.session.state() == EngineSession::State::ready;
  const bool loading = context_.session.state() == EngineSession::State::loading;
  const QColor color = ready ? colors.accent : loading ? colors.prefill : colors.faint;
  painter.setPen(QPen(color, 1.5));
  painter.setBrush(ready ? QBrush(color)
                         : QBrush(Qt::NoBrush));  // a ring while there is no engine: shape, not colour alone
  painter.drawEllipse(QPointF(20, height() / 2.0 + 0.5), 4, 4);
}

}  // namespace flightdeck
