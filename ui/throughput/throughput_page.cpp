#include "ui/throughput/throughput_page.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>

#include "core/base/file.h"
#include "ui/format.h"
#include "ui/throughput/batch_timeline.h"
#include "ui/throughput/metric_card.h"
#include "ui/throughput/rate_chart.h"
#include "ui/throughput/request_list.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"

namespace flightdeck {

ThroughputPage::ThroughputPage(Context& context, QWidget* parent) : QWidget(parent), context_(context) {
  auto* outer = makeBox<QVBoxLayout>(this, 0, 0);
  pages_ = new QStackedWidget;
  auto* empty =
      new EmptyState(QStringLiteral("throughput"), tr("Nothing to measure yet"),
                     tr("This page shows what an engine does at every step: tokens per second, who shares the "
                        "batch, how full the cache is. Open an engine and send a message."),
                     tr("Choose an engine"));
  connect(empty, &EmptyState::pressed, this, &ThroughputPage::enginesRequested);
  pages_->addWidget(empty);
  auto* scroll = new QScrollArea;  // a low window scrolls instead of drawing one card over another
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* body = new QWidget;
  setLook(body, "page");
  scroll->setWidget(body);
  auto* column = makeBox<QVBoxLayout>(body, 0, space::m);
  column->setContentsMargins(space::xxl, space::xl, space::xl, space::l);
  column->addWidget(makeHeader());
  device_note_ = makeLabel({}, type::small, Tone::error);
  device_note_->setWordWrap(true);
  device_note_->hide();
  column->addWidget(device_note_);
  auto* cards = makeBox<QHBoxLayout>(nullptr, 0, space::m);
  decode_ = new MetricCard(tr("Decode"), Tone::accent);
  prefill_ = new MetricCard(tr("Prefill"), Tone::prefill);
  step_ = new MetricCard(tr("Step"));
  flight_ = new MetricCard(tr("In flight"), Tone::queue);
  kv_ = new MetricCard(tr("KV cache"));
  memory_ = new MetricCard(tr("Memory"));
  gpu_ = new MetricCard(tr("GPU"));
  gpu_->hide();
  for (MetricCard* card : {decode_, prefill_, step_, flight_, kv_, memory_, gpu_}) cards->addWidget(card, 1);
  column->addLayout(cards);

  auto* chart_card = makeFrame("card");
  auto* chart_column = makeBox<QVBoxLayout>(chart_card, space::l, space::s);
  auto* chart_head = makeBox<QHBoxLayout>(nullptr, 0, space::l);
  chart_head->addWidget(makeLabel(tr("Tokens per second"), type::reading, Tone::text, FontKind::semibold));
  chart_head->addStretch();
  chart_head->addWidget(makeLabel(tr("━ decode, left scale"), type::tiny, Tone::accent));
  chart_head->addWidget(makeLabel(tr("╍ prefill, right scale"), type::tiny, Tone::prefill));
  chart_ = new RateChart;
  chart_column->addLayout(chart_head);
  chart_column->addWidget(chart_);
  column->addWidget(chart_card, 2);

  auto* below = makeBox<QHBoxLayout>(nullptr, 0, space::m);
  below->addWidget(makeTimelineCard(), 3);
  auto* requests_card = makeFrame("card");
  auto* requests_column = makeBox<QVBoxLayout>(requests_card, space::l, space::s);
  requests_column->addWidget(makeLabel(tr("Requests"), type::reading, Tone::text, FontKind::semibold));
  requests_ = new RequestList;
  requests_column->addWidget(requests_, 1);
  below->addWidget(requests_card, 1);
  column->addLayout(below, 4);
  pages_->addWidget(scroll);
  outer->addWidget(pages_);

  connect(&context_.session, &EngineSession::statsChanged, this, [this] {
    if (isVisible()) refresh();
  });
  connect(&context_.session, &EngineSession::stateChanged, this, &ThroughputPage::refreshState);
  connect(timeline_, &BatchTimeline::sequenceChosen, this, &ThroughputPage::requestChosen);
  connect(requests_, &RequestList::cancelRequested, this, [this](quint64 id) {
    if (const auto engine = context_.session.engine()) engine->cancel(id);
  });
  refreshState();
}

QWidget* ThroughputPage::makeHeader() {
  auto* header = new QWidget;
  auto* row = makeBox<QHBoxLayout>(header, 0, space::s);
  row->addWidget(makeLabel(tr("Throughput"), type::headline, Tone::text, FontKind::semibold));
  row->addSpacing(space::m);
  row->addWidget(makeLabel(tr("last 60 s"), type::small, Tone::muted));
  pause_ = makeButton(tr("Pause"), "quiet");
  pause_->setCheckable(true);
  auto* csv = makeButton(tr("Export CSV"), "quiet");
  row->addWidget(pause_);
  row->addWidget(csv);
  row->addStretch();
  connect(pause_, &QPushButton::toggled, this, [this](bool on) {
    timeline_->setPaused(on);
    pause_->setText(on ? tr("Go on") : tr("Pause"));
    refresh();
  });
  connect(csv, &QPushButton::clicked, this, &ThroughputPage::exportCsv);
  return header;
}

QWidget* ThroughputPage::makeTimelineCard() {
  auto* card = makeFrame("card");
  auto* column = makeBox<QVBoxLayout>(card, space::l, space::s);
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::l);
  head->addWidget(makeLabel(tr("Batch timeline"), type::reading, Tone::text, FontKind::semibold));
  auto* what = new ElidedLabel(tr("rows are slots, columns are iterations; a finished sequence makes room at once"));
  what->setFont(fontOf(FontKind::ui, type::small));
  what->setProperty("tone", "muted");
  head->addWidget(what, 1);
  timeline_ = new BatchTimeline;
  auto* foot = makeBox<QHBoxLayout>(nullptr, 0, space::l);
  foot->addWidget(makeLabel(tr("▨ prefill"), type::small, Tone::prefill));
  foot->addWidget(makeLabel(tr("decode, one colour a sequence"), type::small, Tone::muted));
  foot->addStretch();
  iteration_ = makeLabel({}, type::small, Tone::faint);
  foot->addWidget(iteration_);
  column->addLayout(head);
  column->addWidget(timeline_, 1);
  column->addLayout(foot);
  return card;
}

void ThroughputPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  refresh();
}

void ThroughputPage::refreshState() {
  const auto engine = context_.session.engine();
  pages_->setCurrentIndex(engine ? 1 : 0);
  if (engine.get() != seen_) timeline_->clear();
  seen_ = engine.get();
  device_note_->setText(engine ? qs(engine->info().device_note) : QString());
  device_note_->setVisible(!device_note_->text().isEmpty());
}

void ThroughputPage::refresh() {
  const auto engine = context_.session.engine();
  if (!engine) return;
  const EngineStats& stats = context_.session.stats();
  timeline_->add(engine->iterations_after(timeline_->lastIteration()), stats.max_requests);
  if (pause_->isChecked()) return;
  double peak = 0;
  for (const auto& sample : context_.session.history()) peak = std::max(peak, sample.decode_tokens_per_s);
  decode_->setValue(tr("%1 tok/s").arg(formatRate(stats.decode_tokens_per_s)), tr("peak %1").arg(formatRate(peak)));
  prefill_->setValue(tr("%1 tok/s").arg(formatRate(stats.prefill_tokens_per_s)),
                     stats.context_requests == 1 ? tr("1 prompt") : tr("%1 prompts").arg(stats.context_requests));
  step_->setValue(formatMilliseconds(stats.step_ms), tr("host %1").arg(formatMilliseconds(stats.host_ms)));
  flight_->setValue(tr("%1 of %2").arg(stats.active_requests).arg(stats.max_requests),
                    tr("queued %1").arg(stats.queued_requests));
  const double used = stats.max_kv_blocks ? 100.0 * stats.used_kv_blocks / stats.max_kv_blocks : 0;
  kv_->setValue(QStringLiteral("%1 %").arg(used, 0, 'f', 0),
                tr("%1 / %2 blocks").arg(formatCount(stats.used_kv_blocks), formatCount(stats.max_kv_blocks)));
  const DeviceUsage& gpu = stats.device;
  gpu_->setVisible(gpu.known);
  if (gpu.known) {
    gpu_->setValue(tr("%1 % busy").arg(gpu.busy_percent, 0, 'f', 0), tr("%1 of %2 W, %3 MHz, %4 °C")
                                                                         .arg(gpu.power_w, 0, 'f', 0)
                                                                         .arg(gpu.power_limit_w, 0, 'f', 0)
                                                                         .arg(gpu.clock_mhz)
                                                                         .arg(gpu.temperature_c));
  }
  const QString weights = formatBytes(stats.weight_bytes), cache = formatBytes(stats.kv_cache_bytes);
  memory_->setValue(formatBytes(gpu.known ? gpu.used_bytes : stats.host_rss_bytes),
                    tr("weights %1, KV cache %2").arg(weights, cache), tr("%1 + KV %2").arg(weights, cache));
  chart_->setSamples(context_.session.history(), context_.session.now());
  QHash<quint64, QString> labels;
  for (const RequestView& request : stats.requests) labels.insert(request.id, qs(request.label));
  timeline_->setLabels(labels);
  requests_->setRequests(stats.requests);
  iteration_->setText(tr("iteration %1").arg(formatCount(static_cast<int64_t>(stats.iteration))));
}

void ThroughputPage::exportCsv() {
  QString csv = QStringLiteral("seconds,decode_tokens_per_s,prefill_tokens_per_s\n");
  for (const auto& sample : context_.session.history())
    csv += QStringLiteral("%1,%2,%3\n")
               .arg(sample.at_s, 0, 'f', 2)
               .arg(sample.decode_tokens_per_s, 0, 'f', 2)
               .arg(sample.prefill_tokens_per_s, 0, 'f', 2);
  auto* dialog = new QFileDialog(window(), tr("Export CSV"), QStringLiteral("throughput.csv"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  connect(dialog, &QFileDialog::fileSelected, this, [this, csv](const QString& path) {
    context_.background.run(
        this, [path, csv] { return write_file_atomically(path.toStdString(), csv.toStdString()); },
        [this](const Result<void>& result) {
          if (!result) Q_EMIT failed(tr("Nothing was exported: %1").arg(qs(result.error().message)));
        });
  });
  dialog->open();
}

}  // namespace flightdeck
