#include "ui/build/progress_card.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <filesystem>

#include "ui/build/build_texts.h"
#include "ui/build/phase_dot.h"
#include "ui/format.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/meter_bar.h"

namespace flightdeck {
namespace {
constexpr BuildPhase kPhases[] = {BuildPhase::read, BuildPhase::rewrite, BuildPhase::quantize, BuildPhase::verify,
                                  BuildPhase::write};
}

ProgressCard::ProgressCard(BuildJob& job, QWidget* parent) : QFrame(parent), job_(job) {
  setProperty("look", "card");
  auto* column = makeBox<QVBoxLayout>(this, space::l, space::m);
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  title_ = new ElidedLabel;
  title_->setFont(fontOf(FontKind::semibold, type::reading));
  eta_ = makeLabel({}, type::body, Tone::muted);
  head->addWidget(title_, 1);
  head->addWidget(eta_);
  bar_ = new MeterBar(Tone::accent, 10);
  bar_->setAccessibleName(tr("Progress of the build"));
  auto* grid = new QGridLayout;
  grid->setHorizontalSpacing(space::m);
  grid->setVerticalSpacing(space::m);
  grid->setColumnStretch(2, 1);
  grid->setColumnMinimumWidth(1, 130);
  int line = 0;
  for (BuildPhase phase : kPhases) {
    Row row{new PhaseDot, makeLabel(phaseName(phase), type::body, Tone::text), new ElidedLabel,
            makeLabel({}, type::small, Tone::muted, FontKind::mono)};
    row.detail->setFont(fontOf(FontKind::ui, type::small));
    row.detail->setProperty("tone", "muted");
    row.seconds->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(row.dot, line, 0);
    grid->addWidget(row.name, line, 1);
    grid->addWidget(row.detail, line, 2);
    grid->addWidget(row.seconds, line++, 3);
    rows_[phase] = row;
  }
  cancel_ = makeButton(tr("Cancel"));
  column->addLayout(head);
  column->addWidget(bar_);
  column->addLayout(grid);
  column->addStretch();
  column->addWidget(cancel_, 0, Qt::AlignRight);
  connect(cancel_, &QPushButton::clicked, this, [this] {
    job_.cancel();
    refresh();
  });
  connect(&job_, &BuildJob::started, this, &ProgressCard::refresh);
  connect(&job_, &BuildJob::progressed, this, &ProgressCard::refresh);
  refresh();
}

void ProgressCard::refresh() {
  const BuildOptions& options = job_.options();
  const BuildProgress& progress = job_.progress();
  const QString model = qs(std::filesystem::path(options.model_dir).filename().string());
  QString format = formatName(options.qformat);
  if (options.qformat == QFormat::int4_wo && options.group_size > 0)
    format += QStringLiteral(" g%1").arg(options.group_size);
  title_->setText(tr("Building %1 · %2").arg(model, format));
  bar_->setFraction(progress.fraction);
  QString eta = QStringLiteral("%1 %").arg(progress.fraction * 100, 0, 'f', 0);
  if (progress.eta_s >= 0) eta += tr(" · %1 left").arg(formatSeconds(progress.eta_s));
  eta_->setText(eta);
  for (auto& [phase, row] : rows_) {
    const auto known = job_.phases().find(phase);
    const bool done = phase < progress.phase;
    const bool running = job_.running() && phase == progress.phase;
    row.dot->setState(done ? PhaseDot::State::done : running ? PhaseDot::State::running : PhaseDot::State::waiting);
    setTone(row.name, done || running ? Tone::text : Tone::faint);
    row.detail->setText(known == job_.phases().end() ? QString() : qs(known->second.detail));
    row.seconds->setText(known == job_.phases().end() ? QString() : formatSeconds(known->second.seconds));
  }
  cancel_->setEnabled(!job_.cancelling());
  cancel_->setText(job_.cancelling() ? tr("Cancelling…") : tr("Cancel"));
}

}  // namespace flightdeck
