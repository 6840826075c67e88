#include "ui/models/repo_details.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/models/download_texts.h"
#include "ui/models/fit_chip.h"
#include "ui/models/model_row.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/linked_text.h"

namespace flightdeck {
namespace {

constexpr size_t kFilesShown = 40;

QString fileLines(const std::vector<RemoteFile>& files) {
  QStringList lines;
  for (size_t i = 0; i < files.size() && i < kFilesShown; ++i)
    lines << QStringLiteral("%1  %2").arg(formatBytes(files[i].size).rightJustified(8), qs(files[i].path.text()));
  if (files.size() > kFilesShown) lines << QStringLiteral("…");
  return lines.join(QLatin1Char('\n'));
}

}  // namespace

RepoDetails::RepoDetails(QWidget* parent) : QFrame(parent) {
  setProperty("look", "card");
  auto* outer = makeBox<QVBoxLayout>(this, 1, 0);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* body = new QWidget;
  setLook(body, "panel");
  auto* column = makeBox<QVBoxLayout>(body, space::l, space::s);
  name_ = new ElidedLabel;
  name_->setFont(fontOf(FontKind::semibold, type::title));
  facts_ = makeLabel({}, type::small, Tone::muted);
  facts_->setWordWrap(true);
  page_ = new LinkedText(type::small);
  note_ = new LinkedText(type::body, Tone::prefill);
  again_ = makeButton(tr("Ask again"));
  hint_ = makeLabel({}, type::body, Tone::muted);
  hint_->setWordWrap(true);
  column->addWidget(name_);
  column->addWidget(facts_);
  column->addWidget(page_);
  column->addWidget(hint_);
  column->addWidget(note_);
  column->addWidget(again_, 0, Qt::AlignLeft);
  makeFits(column);
  files_head_ = new ElidedLabel;
  files_head_->setFont(fontOf(FontKind::semibold, type::body));
  files_ = makeLabel({}, type::small, Tone::muted, FontKind::mono);
  files_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  files_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);  // long names end at the panel's edge
  column->addSpacing(space::xs);
  column->addWidget(files_head_);
  column->addWidget(files_);
  column->addStretch(1);
  scroll->setWidget(body);
  outer->addWidget(scroll, 1);
  auto* foot = makeBox<QHBoxLayout>(nullptr, space::l, space::s);
  foot->setContentsMargins(space::l, space::m, space::l, space::m);
  button_ = makeButton({}, "primary");
  foot->addWidget(button_, 1);
  outer->addLayout(foot);
  connect(again_, &QPushButton::clicked, this, &RepoDetails::againRequested);
  connect(button_, &QPushButton::clicked, this, [this] {
    if (act_ == Act::download) Q_EMIT downloadRequested();
    if (act_ == Act::progress) Q_EMIT progressRequested();
    if (act_ == Act::build) Q_EMIT buildRequested(folder_);
  });
  clear();
}

void RepoDetails::makeFits(QVBoxLayout* column) {
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  fits_head_ = makeLabel(tr("Needed here"), type::body, Tone::text, FontKind::semibold);
  device_ = new ElidedLabel;
  device_->setFont(fontOf(FontKind::ui, type::small));
  device_->setProperty("tone", "muted");
  head->addWidget(fits_head_);
  head->addWidget(device_, 1);
  column->addSpacing(space::xs);
  column->addLayout(head);
  constexpr QFormat kFormats[] = {QFormat::full_prec, QFormat::int8_wo, QFormat::int4_wo};
  for (size_t i = 0; i < fits_.size(); ++i) {
    FitLine& fit = fits_[i];
    fit.line = new QWidget;
    auto* row = makeBox<QHBoxLayout>(fit.line, 0, space::s);
    fit.chip = new FitChip(kFormats[i]);
    fit.chip->setMinimumWidth(62);
    fit.chip->setAlignment(Qt::AlignCenter);
    fit.words = makeLabel({}, type::small);
    fit.words->setWordWrap(true);
    row->addWidget(fit.chip, 0, Qt::AlignTop);
    row->addWidget(fit.words, 1);
    column->addWidget(fit.line);
  }
}

void RepoDetails::clear() {
  for (QWidget* part : std::initializer_list<QWidget*>{name_, facts_, page_, note_, again_, fits_head_, device_,
                                                       files_head_, files_, button_})
    part->hide();
  for (const FitLine& fit : fits_) fit.line->hide();
  hint_->setText(tr("Choose a model to see what would be fetched and whether its engines fit this computer."));
  hint_->show();
  act_ = Act::none;
}

void RepoDetails::setModel(HubKind hub, const HubModel& model, const HubSearch::Look* look, const DeviceFacts* device,
                           const Here& here) {
  const RepoOffer* offer = look && look->offer ? &*look->offer : nullptr;
  const bool is_asking = !look || (!look->offer && !look->error);
  name_->setText(qs(model.repo.text()));
  name_->show();
  QString facts = hubName(hub) + QStringLiteral(" · ") + factsOf(model).section(QStringLiteral(" · "), 1);
  if (!model.last_modified.empty())
    facts += QStringLiteral(" · ") + tr("changed %1").arg(qs(model.last_modified.substr(0, 10)));
  facts_->setText(facts);
  facts_->show();
  page_->setMessage(offer ? qs(offer->page) : QString());
  page_->setVisible(offer != nullptr);
  hint_->setText(tr("Looking at its files…"));
  hint_->setVisible(is_asking);
  setNote(model, look);
  setFits(offer, device);
  setFiles(offer);
  setButton(look, here);
}

void RepoDetails::setNote(const HubModel& model, const HubSearch::Look* look) {
  QString note;
  Tone tone = Tone::prefill;
  if (look && look->error) {
    note = qs(look->error->message);
    tone = Tone::error;
  } else if (look && look->offer && !look->offer->closed.empty()) {
    note = qs(look->offer->closed);
  } else if (look && look->offer && !look->offer->problem.empty()) {
    note = tr("No engine can be built from it yet: %1").arg(qs(look->offer->problem));
  } else if (look && look->offer && model.is_gated) {
    note = tr("Gated: this needs a licence accepted at %1 and a token of that account.").arg(qs(look->offer->page));
    tone = Tone::muted;
  }
  note_->setMessage(note);
  setTone(note_, tone);
  note_->setVisible(!note.isEmpty());
  again_->setVisible(look && (look->error || (look->offer && !look->offer->closed.empty())));
}

void RepoDetails::setFits(const RepoOffer* offer, const DeviceFacts* device) {
  const bool has_fits = offer && offer->problem.empty() && offer->fits.size() == fits_.size();
  fits_head_->setVisible(has_fits);
  device_->setVisible(has_fits && device);
  if (device) device_->setText(tr("%1 free on %2").arg(formatBytes(device->free_bytes), qs(device->name)));
  for (size_t i = 0; i < fits_.size(); ++i) {
    fits_[i].line->setVisible(has_fits);
    if (!has_fits) continue;
    const Preflight& flight = offer->fits[i];
    fits_[i].chip->setFit(flight);
    fits_[i].words->setText(QStringLiteral("%1 · %2").arg(formatBytes(flight.run_bytes), fitOf(flight).text));
    fits_[i].line->setToolTip(fits_[i].chip->toolTip());
  }
}

void RepoDetails::setFiles(const RepoOffer* offer) {
  const bool has_files = offer && !offer->files.empty();
  files_head_->setVisible(has_files);
  files_->setVisible(has_files);
  if (!has_files) return;
  files_head_->setText(tr("To be fetched: %1 files, %2").arg(offer->files.size()).arg(formatBytes(offer->bytes)));
  files_->setText(fileLines(offer->files));
}

void RepoDetails::setButton(const HubSearch::Look* look, const Here& here) {
  const RepoOffer* offer = look && look->offer ? &*look->offer : nullptr;
  const bool is_here = !here.folder.empty();
  const bool in_list = here.job && isUnfinished(here.job->state);
  const bool is_open = offer && !offer->files.empty() && offer->closed.empty();
  act_ = in_list ? Act::progress : is_here ? Act::build : is_open ? Act::download : Act::none;
  folder_ = here.folder;
  QString text = tr("Download");
  if (act_ == Act::build) text = tr("Build engine");
  if (act_ == Act::download && offer->problem.empty()) text = tr("Download · %1").arg(formatBytes(offer->bytes));
  if (act_ == Act::download && !offer->problem.empty())
    text = tr("Download anyway · %1").arg(formatBytes(offer->bytes));
  if (act_ == Act::progress)
    text = QStringLiteral("%1 · %2 %").arg(stateName(*here.job)).arg(fractionOf(*here.job) * 100, 0, 'f', 0);
  button_->setText(text);
  button_->setToolTip(act_ == Act::progress ? tr("Show the download") : QString());
  button_->setEnabled(act_ != Act::none);
  const char* look_name = act_ == Act::progress || (offer && !offer->problem.empty()) ? "" : "primary";
  if (button_->property("look").toString() != QLatin1String(look_name)) setLook(button_, look_name);
  button_->show();
}

}  // namespace flightdeck
