#include "ui/build/report_view.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <vector>

#include "ui/build/build_texts.h"
#include "ui/format.h"
#include "ui/widgets/elided_label.h"

namespace flightdeck {

ReportView::ReportView(QWidget* parent) : QFrame(parent) {
  setProperty("look", "card");
  auto* column = makeBox<QVBoxLayout>(this, space::l, space::m);
  title_ = makeLabel({}, type::reading, Tone::text, FontKind::semibold);
  facts_ = new QGridLayout;
  facts_->setHorizontalSpacing(space::xl);
  facts_->setVerticalSpacing(space::xs);
  passes_ = makeLabel({}, type::small, Tone::muted, FontKind::mono);
  passes_->setWordWrap(true);
  passes_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* buttons = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  auto* again = makeButton(tr("Build another"));
  chat_ = makeButton(tr("Chat now"), "primary");
  buttons->addStretch();
  buttons->addWidget(again);
  buttons->addWidget(chat_);
  column->addWidget(title_);
  column->addLayout(facts_);
  column->addSpacing(space::xs);
  column->addWidget(makeLabel(tr("Graph rewriting, every pass verified"), type::small, Tone::text, FontKind::semibold));
  column->addWidget(passes_);
  column->addStretch();
  column->addLayout(buttons);
  connect(chat_, &QPushButton::clicked, this, &ReportView::chatRequested);
  connect(again, &QPushButton::clicked, this, &ReportView::dismissed);
}

void ReportView::setReport(const EngineManifest& manifest) {
  const ReportCard& report = manifest.report;
  title_->setText(tr("%1 is ready").arg(qs(manifest.name)));
  double seconds = 0;
  for (const auto& [phase, took] : report.phase_seconds) seconds += took;
  struct Fact {
    QString name, value, detail;
  };
  std::vector<Fact> facts;
  const double share = report.checkpoint_bytes ? 100.0 * static_cast<double>(report.engine_bytes) /
                                                     static_cast<double>(report.checkpoint_bytes)
                                               : 0;
  facts.push_back(
      {tr("size"),
       QStringLiteral("%1 → %2").arg(formatBytes(report.checkpoint_bytes), formatBytes(report.engine_bytes)),
       tr("%1 % of the checkpoint").arg(share, 0, 'f', 0)});
  facts.push_back({tr("operations"),
                   QStringLiteral("%1 → %2").arg(report.operations_before).arg(report.operations_after),
                   tr("%1 passes").arg(report.passes.size())});
  facts.push_back({tr("time"), formatSeconds(seconds), tr("peak memory %1").arg(formatBytes(report.peak_host_bytes))});
  if (report.max_logit_error >= 0)
    facts.push_back({tr("logit error"), QString::number(report.max_logit_error, 'g', 2),
                     report.top1_agreement >= 0
                         ? tr("largest; same first choice in %1 %").arg(report.top1_agreement * 100, 0, 'f', 1)
                         : tr("largest, against full precision")});
  while (QLayoutItem* item = facts_->takeAt(0)) {
    delete item->widget();
    delete item;
  }
  for (int i = 0; i < static_cast<int>(facts.size()); ++i) {
    facts_->addWidget(makeLabel(facts[static_cast<size_t>(i)].name, type::tiny, Tone::muted), 0, i);
    facts_->addWidget(makeLabel(facts[static_cast<size_t>(i)].value, type::reading, Tone::text, FontKind::semibold), 1,
                      i);
    auto* detail = new ElidedLabel(facts[static_cast<size_t>(i)].detail);  // never wider than the window allows
    detail->setFont(fontOf(FontKind::ui, type::tiny));
    detail->setProperty("tone", "muted");
    facts_->addWidget(detail, 2, i);
  }
  QStringList passes;
  for (const PassReport& pass : report.passes)
    passes << QStringLiteral("%1\u00a0%2\u00a0→\u00a0%3")
                  .arg(qs(pass.name))
                  .arg(pass.operations_before)
                  .arg(pass.operations_after);
  passes_->setText(passes.join(QStringLiteral("     ")));
}

}  // namespace flightdeck
