#include "ui/models/model_row.h"

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QPainter>
#include <QPainterPath>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/models/download_texts.h"
#include "ui/models/fit_chip.h"
#include "ui/widgets/elided_label.h"

namespace flightdeck {

QString factsOf(const HubModel& model) {
  QStringList parts{qs(model.repo.owner())};
  if (!model.licence.empty()) parts << qs(model.licence);
  if (model.downloads > 0) parts << ModelRow::tr("%1 downloads").arg(shortCount(model.downloads));
  if (model.likes > 0) parts << ModelRow::tr("%1 likes").arg(shortCount(model.likes));
  if (model.parameters >= 1'000'000'000)
    parts << ModelRow::tr("%1 B parameters").arg(static_cast<double>(model.parameters) / 1e9, 0, 'f', 1);
  else if (model.parameters > 0)
    parts << ModelRow::tr("%1 M parameters").arg(static_cast<double>(model.parameters) / 1e6, 0, 'f', 0);
  return parts.join(QStringLiteral(" · "));
}

ModelRow::ModelRow(const HubModel& model, QWidget* parent) : QAbstractButton(parent), model_(model) {
  setCheckable(true);
  setAutoExclusive(true);
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  auto* column = makeBox<QVBoxLayout>(this, 0, 4);
  column->setContentsMargins(space::l, 10, space::l, 10);
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  title_ = new ElidedLabel(qs(model.repo.name()));
  title_->setFont(fontOf(FontKind::semibold, type::reading));
  gated_ = makeBadge(tr("gated"), Tone::prefill);
  gated_->setToolTip(tr("Its licence has to be accepted on the hub before it can be downloaded"));
  gated_->setVisible(model.is_gated);
  here_ = makeBadge(tr("on this computer"));
  here_->hide();
  size_ = makeLabel({}, type::body, Tone::text, FontKind::semibold);
  head->addWidget(title_);
  head->addWidget(gated_);
  head->addWidget(here_);
  head->addStretch(1);
  head->addWidget(size_);
  facts_ = new ElidedLabel(factsOf(model));
  facts_->setFont(fontOf(FontKind::ui, type::small));
  facts_->setProperty("tone", "muted");
  auto* foot = makeBox<QHBoxLayout>(nullptr, 0, space::xs + 2);
  for (const QFormat format : {QFormat::full_prec, QFormat::int8_wo, QFormat::int4_wo}) {
    chips_.push_back(new FitChip(format));
    chips_.back()->hide();
    foot->addWidget(chips_.back());
  }
  note_ = new ElidedLabel;
  note_->setFont(fontOf(FontKind::ui, type::small));
  note_->setProperty("tone", "muted");
  foot->addWidget(note_, 1);
  column->addLayout(head);
  column->addWidget(facts_);
  column->addLayout(foot);
  setFixedHeight(92);
  setLook(nullptr);
}

void ModelRow::setLook(const HubSearch::Look* look) {
  const RepoOffer* offer = look && look->offer ? &*look->offer : nullptr;
  const bool has_fits = offer && offer->problem.empty() && offer->fits.size() == chips_.size();
  for (size_t i = 0; i < chips_.size(); ++i) {
    chips_[i]->setVisible(has_fits);
    if (has_fits) chips_[i]->setFit(offer->fits[i]);
  }
  size_->setText(offer && offer->bytes > 0 ? formatBytes(offer->bytes) : QString());
  QString note;
  if (offer && !offer->problem.empty())
    note = tr("No engine can be built from it yet: %1").arg(qs(offer->problem));
  else if (offer && !offer->closed.empty())
    note = tr("Its licence has to be accepted first");
  else if (look && look->error)
    note = qs(look->error->message);
  else if (look && !offer)
    note = tr("Looking at its files…");
  note_->setText(note);
  speak();
}

void ModelRow::setHere(bool is_here) {
  here_->setVisible(is_here);
  speak();
}

void ModelRow::speak() {
  QStringList parts{qs(model_.repo.name()), facts_->fullText()};
  if (model_.is_gated) parts << gated_->text();
  if (!here_->isHidden()) parts << here_->text();
  if (!size_->text().isEmpty()) parts << size_->text();
  for (const FitChip* chip : chips_)
    if (!chip->isHidden()) parts << chip->accessibleName();
  if (!note_->fullText().isEmpty()) parts << note_->fullText();
  setAccessibleName(parts.join(QStringLiteral(", ")));
}

QString ModelRow::sizeText() const { return size_->text(); }

void ModelRow::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF box = QRectF(rect()).adjusted(0.75, 0.75, -0.75, -0.75);
  const QColor edge = isChecked() || hasFocus() ? colors.accent : underMouse() ? colors.faint : colors.line;
  painter.setPen(QPen(edge, isChecked() ? 1.5 : 1));
  painter.setBrush(colors.panel);
  painter.drawRoundedRect(box, radius::large, radius::large);
  if (!isChecked()) return;
  QPainterPath clip;  // a bar at the left too: not by colour alone
  clip.addRoundedRect(box, radius::large, radius::large);
  painter.setClipPath(clip);
  painter.fillRect(QRectF(0, 0, 4.5, height()), colors.accent);
}

}  // namespace flightdeck
