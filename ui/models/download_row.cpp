#include "ui/models/download_row.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include "ui/downloads.h"
#include "ui/format.h"
#include "ui/models/download_texts.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/linked_text.h"
#include "ui/widgets/meter_bar.h"

namespace flightdeck {

DownloadRow::DownloadRow(quint64 id, QWidget* parent) : QFrame(parent), id_(id) {
  setProperty("look", "card");
  auto* column = makeBox<QVBoxLayout>(this, space::l, space::s);
  column->setContentsMargins(space::l, space::m, space::m, space::m);
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  title_ = new ElidedLabel;
  title_->setFont(fontOf(FontKind::semibold, type::reading));
  hub_ = makeBadge({});
  head->addWidget(title_);
  head->addWidget(hub_);
  head->addStretch(1);
  head->addWidget(add("build", makeButton(tr("Build engine"), "primary")));
  head->addWidget(add("resume", makeButton(tr("Resume"))));
  head->addWidget(add("pause", makeButton(tr("Pause"))));
  head->addWidget(add("verify", makeButton(tr("Verify"))));
  head->addWidget(add("folder", makeIconButton(QStringLiteral("folder"), tr("Open the folder"))));
  head->addWidget(add("cancel", makeIconButton(QStringLiteral("close"), {})));
  head->addWidget(add("remove", makeIconButton(QStringLiteral("close"), {})));
  column->addLayout(head);
  bar_ = new MeterBar(Tone::accent, 6);
  column->addWidget(bar_);
  auto* facts = makeBox<QHBoxLayout>(nullptr, 0, space::m);
  state_ = makeLabel({}, type::small, Tone::accent, FontKind::semibold);
  progress_ = new ElidedLabel;
  progress_->setFont(fontOf(FontKind::ui, type::small));
  files_ = new ElidedLabel;
  files_->setFont(fontOf(FontKind::ui, type::small));
  files_->setProperty("tone", "muted");
  files_->setElideMode(Qt::ElideMiddle);
  files_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  facts->addWidget(state_);
  facts->addWidget(progress_);
  facts->addStretch(1);
  facts->addWidget(files_);
  column->addLayout(facts);
  message_ = new LinkedText(type::small);
  message_->hide();
  column->addWidget(message_);
}

QPushButton* DownloadRow::add(const char* name, QPushButton* button) {
  button->setParent(this);
  button->setObjectName(QLatin1String(name));
  connect(button, &QPushButton::clicked, this, [this, text = QString::fromLatin1(name)] { Q_EMIT pressed(text); });
  return button;
}

void DownloadRow::setJob(const JobSnapshot& job) {
  const QString name = qs(job.spec.repo.text());
  title_->setText(name);
  hub_->setText(hubName(job.spec.hub));
  state_->setText(stateName(job));
  setTone(state_, stateTone(job));
  progress_->setText(progressText(job));
  files_->setText(isRunning(job.state) ? filesText(job) : QString());
  bar_->setFraction(fractionOf(job));
  bar_->setTone(stateTone(job));
  bar_->setVisible(isRunning(job.state) || (isUnfinished(job.state) && job.total_bytes > 0));
  bar_->setAccessibleName(tr("Progress of %1").arg(name));
  if (!checking_ && (!job.message.empty() || job.state != JobState::completed)) {
    message_->setMessage(qs(job.message));
    setTone(message_, job.state == JobState::failed ? Tone::error : Tone::muted);
    message_->setVisible(!job.message.empty());
  }
  setAccessibleName(QStringLiteral("%1, %2, %3").arg(name, state_->text(), progress_->fullText()));
  showButtons(job);
}

void DownloadRow::showButtons(const JobSnapshot& job) {
  const QString name = qs(job.spec.repo.text());
  const bool is_done = job.state == JobState::completed;
  const bool is_running = isRunning(job.state);
  const auto set = [&](const char* id, bool visible, const QString& spoken) {
    QPushButton* one = button(QLatin1String(id));
    one->setVisible(visible);
    one->setAccessibleName(spoken);
    one->setToolTip(spoken);
  };
  button(QStringLiteral("resume"))
      ->setText(job.state == JobState::failed      ? tr("Try again")
                : job.state == JobState::cancelled ? tr("Download again")
                                                   : tr("Resume"));
  set("pause", is_running, tr("Pause %1: what is there stays").arg(name));
  set("resume", !is_running && !is_done, tr("Go on with %1; nothing is fetched twice").arg(name));
  set("cancel", isUnfinished(job.state), tr("Cancel %1 and remove what is there of it").arg(name));
  set("remove", !isUnfinished(job.state), tr("Take %1 off this list (its files stay)").arg(name));
  set("build", is_done, tr("Build an engine from %1").arg(name));
  set("verify", is_done, tr("Read every file of %1 again and compare its hash").arg(name));
  set("folder", is_done, tr("Open the folder"));
}

void DownloadRow::showCheck(double fraction, const QString& result, bool is_good) {
  checking_ = fraction >= 0;
  button(QStringLiteral("verify"))->setEnabled(!checking_);
  button(QStringLiteral("verify"))
      ->setText(checking_ ? QStringLiteral("%1 %").arg(fraction * 100, 0, 'f', 0) : tr("Verify"));
  message_->setMessage(result);
  setTone(message_, is_good ? Tone::muted : Tone::error);
  message_->setVisible(!result.isEmpty());
}

QString DownloadRow::state() const { return state_->text(); }
QString DownloadRow::message() const { return message_->isHidden() ? QString() : message_->message(); }

}  // namespace flightdeck
