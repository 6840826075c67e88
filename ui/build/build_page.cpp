#include "ui/build/build_page.h"

#include <QFileDialog>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>
#include <filesystem>

#include "ui/build/advanced_panel.h"
#include "ui/build/progress_card.h"
#include "ui/build/quant_card.h"
#include "ui/build/report_view.h"
#include "ui/format.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"

namespace flightdeck {
namespace fs = std::filesystem;

BuildPage::BuildPage(Context& context, QWidget* parent)
    : QWidget(parent), context_(context), job_(context.services, context.background) {
  auto* outer = makeBox<QVBoxLayout>(this, 0, 0);
  pages_ = new QStackedWidget;
  empty_ = new EmptyState(
      QStringLiteral("build"), tr("Build an engine"),
      tr("An engine is a model made ready for this computer: its graph rewritten, its weights quantized. "
         "Choose the folder of a model (config.json and safetensors) to see what each precision would need."),
      tr("Choose a model folder"));
  pages_->addWidget(empty_);
  pages_->addWidget(makeBody());
  outer->addWidget(pages_);
  estimate_timer_.setSingleShot(true);
  estimate_timer_.setInterval(60);
  connectAll();
  refreshModels();
}

QWidget* BuildPage::makeBody() {
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* body = new QWidget;
  setLook(body, "page");
  scroll->setWidget(body);
  auto* column = makeBox<QVBoxLayout>(body, space::xxl, space::m);
  column->setContentsMargins(space::xxl, space::xl, space::xxl, space::xl);
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::m);
  auto* names = makeBox<QVBoxLayout>(nullptr, 0, 2);
  names->addWidget(makeLabel(tr("Build an engine"), type::headline, Tone::text, FontKind::semibold));
  subtitle_ = new ElidedLabel;
  subtitle_->setProperty("tone", "muted");
  names->addWidget(subtitle_);
  choose_ = makeButton(tr("Choose another model"));
  head->addLayout(names, 1);
  head->addWidget(choose_, 0, Qt::AlignTop);
  column->addLayout(head);
  column->addSpacing(space::s);

  auto* precision = makeBox<QHBoxLayout>(nullptr, 0, space::l);
  precision->addWidget(makeLabel(tr("Precision"), type::reading, Tone::text, FontKind::semibold));
  estimates_for_ = new ElidedLabel;
  estimates_for_->setProperty("tone", "muted");
  precision->addWidget(estimates_for_, 1);
  column->addLayout(precision);
  auto* grid = new QGridLayout;  // the cards below line up with the cards above
  grid->setHorizontalSpacing(space::l);
  grid->setVerticalSpacing(space::xl);
  for (int i = 0; i < 3; ++i) {
    grid->setColumnStretch(i, 1);
    cards_.push_back(new QuantCard(static_cast<QFormat>(i)));
    grid->addWidget(cards_.back(), 0, i);
  }
  column->addLayout(grid);

  lower_ = new QStackedWidget;
  auto* ready = makeFrame("card");
  auto* ready_column = makeBox<QVBoxLayout>(ready, space::l, space::s);
  ready_column->addWidget(makeLabel(tr("Ready to build"), type::reading, Tone::text, FontKind::semibold));
  ready_column->addWidget(makeLabel(tr("Name of the engine"), type::small, Tone::muted));
  name_ = new QLineEdit;
  name_->setAccessibleName(tr("Name of the engine"));
  name_->setMaxLength(100);
  build_ = makeButton(tr("Build"), "primary");
  build_->setMinimumWidth(120);
  build_->setEnabled(false);  // until the estimates have come
  auto* name_row = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  name_row->addWidget(name_, 1);
  name_row->addWidget(build_);
  ready_column->addLayout(name_row);
  message_ = makeLabel({}, type::body, Tone::muted);
  message_->setWordWrap(true);
  message_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  message_->setMinimumHeight(64);
  ready_column->addWidget(message_, 1);
  progress_ = new ProgressCard(job_);
  report_ = new ReportView;
  lower_->addWidget(ready);
  lower_->addWidget(progress_);
  lower_->addWidget(report_);
  advanced_ = new AdvancedPanel;
  advanced_->setMaxBatchSize(context_.settings.value().max_batch_size);
  grid->addWidget(lower_, 1, 0, 1, 2);
  grid->addWidget(advanced_, 1, 2);
  column->addStretch(1);
  return scroll;
}

void BuildPage::connectAll() {
  connect(empty_, &EmptyState::pressed, this, &BuildPage::chooseMenu);
  connect(choose_, &QPushButton::clicked, this, &BuildPage::chooseMenu);
  connect(build_, &QPushButton::clicked, this, &BuildPage::start);
  connect(advanced_, &AdvancedPanel::changed, this, [this] {
    for (QuantCard* card : cards_) card->setGroupSize(advanced_->groupSize());
    estimate_timer_.start();
  });
  connect(&estimate_timer_, &QTimer::timeout, this, &BuildPage::estimate);
  connect(name_, &QLineEdit::textEdited, this, [this] {
    name_edited_ = true;
    outcome_.clear();
    showOutcome();
  });
  for (QuantCard* card : cards_) {
    connect(card, &QAbstractButton::clicked, this, [this] { picked_ = true; });
    connect(card, &QAbstractButton::toggled, this, [this, card](bool on) {
      if (!on) return;
      outcome_.clear();
      advanced_->setFormat(card->format());
      showOutcome();
    });
  }
  connect(&context_.library, &Library::changed, this, &BuildPage::refreshModels);
  connect(&context_.library, &Library::imported, this, [this](const QString& folder) { choose(folder.toStdString()); });
  connect(&job_, &BuildJob::started, this, [this] {
    outcome_.clear();
    lower_->setCurrentWidget(progress_);
    Q_EMIT buildingChanged(true);
  });
  connect(&job_, &BuildJob::succeeded, this, [this](const EngineManifest& manifest) {
    built_ = job_.options().output_dir;
    report_->setReport(manifest);
    lower_->setCurrentWidget(report_);
    report_->chatButton()->setFocus();
    context_.library.refresh();
    Q_EMIT buildingChanged(false);
    Q_EMIT finished(tr("%1 is built").arg(qs(manifest.name)));
  });
  connect(&job_, &BuildJob::failed, this, [this](const QString& text) {
    outcome_ = text;
    outcome_tone_ = Tone::error;
    lower_->setCurrentIndex(0);
    showOutcome();
    Q_EMIT buildingChanged(false);
    Q_EMIT finished(tr("The build failed: %1").arg(text));
  });
  connect(&job_, &BuildJob::cancelled, this, [this] {
    outcome_ = tr("The build was cancelled. Nothing of it is left on the disk.");
    outcome_tone_ = Tone::muted;
    lower_->setCurrentIndex(0);
    showOutcome();
    Q_EMIT buildingChanged(false);
  });
  connect(report_, &ReportView::chatRequested, this, [this] { Q_EMIT chatRequested(built_); });
  connect(report_, &ReportView::dismissed, this, [this] {
    lower_->setCurrentIndex(0);
    name_edited_ = false;
    showOutcome();
  });
}

const CheckpointListing* BuildPage::checkpoint() const {
  for (const CheckpointListing& listing : context_.library.checkpoints())
    if (listing.path == chosen_) return &listing;
  return nullptr;
}

const DeviceFacts* BuildPage::device() const {
  return context_.library.deviceFor(context_.settings.value().device);
}

void BuildPage::choose(const std::string& checkpoint) {
  if (chosen_ != checkpoint) picked_ = name_edited_ = false;
  chosen_ = checkpoint;
  if (!job_.running()) lower_->setCurrentIndex(0);
  refreshModels();
}

void BuildPage::refreshModels() {
  const auto& all = context_.library.checkpoints();
  if (chosen_.empty())
    for (const CheckpointListing& listing : all)
      if (chosen_.empty() && listing.error.empty()) chosen_ = listing.path;
  const CheckpointListing* listing = checkpoint();
  pages_->setCurrentIndex(listing ? 1 : 0);
  if (!listing) return;
  subtitle_->setText(
      listing->error.empty()
          ? QStringLiteral("%1 · %2 · %3")
                .arg(qs(listing->name), tr("%1 on disk").arg(formatBytes(listing->bytes)), describe(listing->config))
          : qs(listing->error));
  advanced_->setModel(listing->config);
  estimate();
}

void BuildPage::chooseMenu() {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  for (const CheckpointListing& listing : context_.library.checkpoints()) {
    const QString size = listing.error.empty() ? formatBytes(listing.bytes) : tr("cannot be used");
    QAction* action = menu->addAction(QStringLiteral("%1   %2").arg(qs(listing.name), size), this,
                                      [this, path = listing.path] { choose(path); });
    action->setEnabled(listing.error.empty());
  }
  if (!context_.library.checkpoints().empty()) menu->addSeparator();
  menu->addAction(tr("Choose a folder…"), this, [this] {
    auto* dialog = new QFileDialog(window(), tr("Folder of a model"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    connect(dialog, &QFileDialog::fileSelected, &context_.library, &Library::importFolder);
    dialog->open();
  });
  QPushButton* under = pages_->currentIndex() == 0 ? empty_->button() : choose_;
  menu->popup(under->mapToGlobal(QPoint(0, under->height() + 4)));
}

BuildOptions BuildPage::options(QFormat format) const {
  BuildOptions options;
  options.model_dir = chosen_;
  options.output_dir = outputFolder();
  options.qformat = format;
  options.threads = context_.settings.value().cpu_threads;
  advanced_->apply(options);
  return options;
}

void BuildPage::estimate() {
  const CheckpointListing* listing = checkpoint();
  if (!listing || !context_.library.measured()) return;
  const DeviceFacts facts = device() ? *device() : DeviceFacts{};
  std::vector<BuildOptions> asked;
  for (QuantCard* card : cards_) asked.push_back(options(card->format()));
  for (BuildOptions& one : asked) one.output_dir = context_.settings.enginesFolder();
  context_.background.run(
      this,
      [preflight = context_.services.preflight, asked, facts] {
        std::vector<Result<Preflight>> results;
        const bool gpu = facts.id.rfind("cuda:", 0) == 0;
        for (const BuildOptions& one : asked)
          results.push_back(preflight(one, {facts.free_bytes, facts.read_bandwidth, gpu}));
        return results;
      },
      [this, round = ++round_, facts](const std::vector<Result<Preflight>>& results) {
        if (round != round_) return;
        for (size_t i = 0; i < cards_.size(); ++i) {
          if (results[i])
            cards_[i]->setEstimate(*results[i], {});
          else
            cards_[i]->setEstimate({}, qs(results[i].error().message));
        }
        BuildOptions shown;
        advanced_->apply(shown);
        estimates_for_->setText(facts.id.empty() ? QString()
                                                 : tr("estimates for %1, %2 free, up to %3 sequences")
                                                       .arg(qs(facts.name), formatBytes(facts.free_bytes))
                                                       .arg(shown.max_batch_size));
        recommend();
        showOutcome();
      });
}

void BuildPage::recommend() {
  // INT8 costs next to nothing in quality; INT4 is for where INT8 does not fit.
  QuantCard* best = cards_[1]->possible() ? cards_[1] : cards_[2];
  for (QuantCard* card : cards_) card->setRecommended(card == best && card->possible());
  if (!picked_) best->setChecked(true);
}

QuantCard* BuildPage::chosenCard() const {
  for (QuantCard* card : cards_)
    if (card->isChecked()) return card;
  return nullptr;
}

std::string BuildPage::outputFolder() const {
  return context_.settings.enginesFolder() + "/" + name_->text().trimmed().toStdString();
}

bool BuildPage::exists(const QString& name) const {
  const auto& engines = context_.library.engines();
  return std::any_of(engines.begin(), engines.end(),
                     [&](const EngineListing& engine) { return qs(engine.name) == name; });
}

void BuildPage::showOutcome() {
  const CheckpointListing* listing = checkpoint();
  QuantCard* card = chosenCard();
  if (!listing || !card) return;
  if (!name_edited_) {
    const char* const suffix[] = {"full", "int8", "int4"};
    const QString plain =
        QStringLiteral("%1-%2").arg(qs(listing->name), QLatin1String(suffix[static_cast<int>(card->format())]));
    QString free = plain;
    for (int i = 2; exists(free) && i < 1000; ++i) free = QStringLiteral("%1-%2").arg(plain).arg(i);
    name_->setText(free);
  }
  const QString name = name_->text().trimmed();
  const bool usable = !name.isEmpty() && !name.contains(QLatin1Char('/')) && !name.startsWith(QLatin1Char('.'));
  const bool taken = exists(name);
  // The model's folder changed since it was chosen, or this machine has no room for what would be built.
  const QString fault = listing->error.empty() ? card->problem() : qs(listing->error);
  setTone(message_, !fault.isEmpty()      ? Tone::error
                    : !outcome_.isEmpty() ? outcome_tone_
                    : usable && !taken    ? Tone::muted
                                          : Tone::prefill);
  message_->setText(
      !fault.isEmpty()      ? fault
      : !outcome_.isEmpty() ? outcome_
      : !usable             ? tr("Give the engine a name without “/” at most 100 characters long.")
      : taken               ? tr("An engine of this name exists: choose another name, or delete it on the Models page.")
              : tr("The checkpoint is read layer by layer and stays untouched. The engine appears in the library "
                   "when it is whole; cancelling leaves nothing behind."));
  build_->setEnabled(usable && !taken && card->possible() && listing->error.empty() && !job_.running());
}

void BuildPage::start() {
  QuantCard* card = chosenCard();
  if (!card || job_.running()) return;
  job_.start(options(card->format()));
}

QString BuildPage::message() const { return message_->text(); }

}  // namespace flightdeck
