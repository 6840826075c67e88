#include "ui/models/library_view.h"

#include <QDesktopServices>
#include <QHBoxLayout>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollArea>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/build/build_texts.h"
#include "ui/format.h"
#include "ui/models/download_texts.h"
#include "ui/models/library_row.h"
#include "ui/widgets/toast.h"

namespace flightdeck {
namespace {

void empty(QVBoxLayout* column) {
  while (QLayoutItem* item = column->takeAt(0)) {
    if (item->widget()) item->widget()->hide(), item->widget()->deleteLater();
    delete item;
  }
}

/// Usable ones first; what other programs keep in the caches and no engine can use comes last.
std::vector<const CheckpointListing*> inOrder(const std::vector<CheckpointListing>& listings) {
  std::vector<const CheckpointListing*> order;
  for (const CheckpointListing& listing : listings) order.push_back(&listing);
  std::stable_partition(order.begin(), order.end(),
                        [](const CheckpointListing* one) { return one->error.empty() || !one->cached; });
  return order;
}

}  // namespace

LibraryView::LibraryView(Context& context, Toast* toast, QWidget* parent)
    : QWidget(parent), context_(context), toast_(toast) {
  auto* outer = makeBox<QVBoxLayout>(this, 0, 0);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* body = new QWidget;
  setLook(body, "page");
  auto* column = makeBox<QVBoxLayout>(body, 0, space::m);
  column->setContentsMargins(space::xxl, 0, space::xxl, space::xl);
  column->addWidget(makeLabel(tr("Engines"), type::reading, Tone::text, FontKind::semibold));
  engines_ = makeBox<QVBoxLayout>(nullptr, 0, space::s);
  column->addLayout(engines_);
  column->addSpacing(space::m);
  column->addWidget(makeLabel(tr("Checkpoints"), type::reading, Tone::text, FontKind::semibold));
  checkpoints_ = makeBox<QVBoxLayout>(nullptr, 0, space::s);
  column->addLayout(checkpoints_);
  column->addStretch();
  scroll->setWidget(body);
  outer->addWidget(scroll);
  connectAll();
  refresh();
}

void LibraryView::connectAll() {
  connect(&context_.library, &Library::changed, this, &LibraryView::refresh);
  connect(&context_.session, &EngineSession::stateChanged, this, &LibraryView::refresh);
  connect(&context_.downloads, &Downloads::changed, this, &LibraryView::followDownloads);
  connect(&context_.library, &Library::removed, this,
          [this](const QString& name, quint64 bytes, const QString& folder) {
            context_.downloads.forgetFolder(folder.toStdString());
            toast_->showMessage(tr("%1 is deleted, %2 are free again.").arg(name, formatBytes(bytes)));
          });
}

void LibraryView::followDownloads() {
  std::set<std::string> filling;
  for (const JobSnapshot& job : context_.downloads.jobs())
    if (isUnfinished(job.state)) filling.insert(job.folder);
  if (filling == filling_) return;
  filling_ = std::move(filling);
  refresh();
}

QWidget* LibraryView::hint(const QString& text, const QString& action) {
  auto* card = makeFrame("card");
  auto* row = makeBox<QHBoxLayout>(card, space::l, space::m);
  auto* label = makeLabel(text, type::body, Tone::muted);
  label->setWordWrap(true);
  row->addWidget(label, 1);
  if (!action.isEmpty()) {
    auto* button = makeButton(action, "primary");
    row->addWidget(button);
    connect(button, &QPushButton::clicked, this, &LibraryView::discoverRequested);
  }
  return card;
}

LibraryRow* LibraryView::engineRow(const EngineListing& engine) {
  const EngineManifest& manifest = engine.manifest;
  QString format = formatName(manifest.qformat);
  if (manifest.qformat == QFormat::int4_wo && manifest.group_size > 0)
    format += QStringLiteral(" g%1").arg(manifest.group_size);
  const QString detail = engine.error.empty()
                             ? tr("%1 · %2 · context %3 · %4 sequences · built %5")
                                   .arg(format, qs(manifest.dtype), formatCount(manifest.context_tokens()))
                                   .arg(manifest.max_batch_size)
                                   .arg(qs(manifest.created.substr(0, 10)))
                             : tr("Damaged: %1").arg(qs(engine.error));
  auto* row = new LibraryRow(QStringLiteral("engine"), qs(engine.name), detail,
                             engine.error.empty() ? formatBytes(context_.library.engineBytes(engine)) : QString(),
                             engine.error.empty()
                                 ? QString()
                                 : tr("Delete it and build it again on the Build page: its checkpoint is untouched."));
  const bool open = context_.session.supports(engine.path);
  if (open) row->setActive(tr("open"));
  if (engine.error.empty()) {
    auto* chat = row->addButton(open ? tr("Chat") : tr("Open"), open ? "" : "primary");
    chat->setAccessibleName(tr("Chat with %1").arg(qs(engine.name)));
    connect(chat, &QPushButton::clicked, this, [this, path = engine.path] { Q_EMIT openEngine(path); });
  }
  auto* folder = row->addIconButton(QStringLiteral("folder"), tr("Open the folder"));
  connect(folder, &QPushButton::clicked, this,
          [path = qs(engine.path)] { QDesktopServices::openUrl(QUrl::fromLocalFile(path)); });
  auto* trash = row->addIconButton(QStringLiteral("trash"), tr("Delete %1").arg(qs(engine.name)));
  connect(trash, &QPushButton::clicked, this, [this, engine] { deleteEngine(engine); });
  return row;
}

LibraryRow* LibraryView::checkpointRow(const CheckpointListing& checkpoint) {
  const bool is_fine = checkpoint.error.empty();
  const bool is_starter = checkpoint.path == context_.services.starter_model;
  QString detail = is_fine
                       ? QStringLiteral("%1 · %2").arg(qs(checkpoint.config.architecture), describe(checkpoint.config))
                       : qs(checkpoint.error);
  QString remedy, title = qs(checkpoint.name);
  uint64_t bytes = checkpoint.bytes;
  if (checkpoint.cached) {
    title = qs(checkpoint.cached->repo.text());
    bytes = checkpoint.cached->bytes;
  }
  if (checkpoint.is_missing) {
    detail = tr("Not there any more: %1").arg(qs(checkpoint.path));
    remedy = tr("Connect its disk again, and the model comes back by itself, or take it off this list.");
  } else if (!is_fine && checkpoint.cached) {
    // Not damaged: other programs keep models there that are none of ours. The path would hide the reason.
    if (detail.startsWith(qs(checkpoint.path) + QStringLiteral(": ")))
      detail = detail.mid(qs(checkpoint.path).size() + 2);
    detail = tr("No engine can be built from it: %1").arg(detail);
  } else if (!is_fine) {
    remedy = tr("Repair the folder and come back to this page, or take it off this list: its files stay.");
  }
  auto* row = new LibraryRow(QStringLiteral("models"), title, detail,
                             is_fine || checkpoint.cached ? formatBytes(bytes) : QString(), remedy);
  if (is_starter) row->setActive(tr("comes with Flightdeck"));
  if (checkpoint.cached) row->setActive(hubName(checkpoint.cached->hub));
  if (is_fine) {
    auto* build = row->addButton(tr("Build"));
    build->setAccessibleName(tr("Build an engine from %1").arg(title));
    connect(build, &QPushButton::clicked, this, [this, path = checkpoint.path] { Q_EMIT buildRequested(path); });
  }
  if (!checkpoint.is_missing) {
    auto* folder = row->addIconButton(QStringLiteral("folder"), tr("Open the folder"));
    connect(folder, &QPushButton::clicked, this,
            [path = qs(checkpoint.path)] { QDesktopServices::openUrl(QUrl::fromLocalFile(path)); });
  }
  if (checkpoint.cached)
    addDelete(row, checkpoint);
  else if (!is_starter)
    addForget(row, checkpoint);
  return row;
}

void LibraryView::addForget(LibraryRow* row, const CheckpointListing& checkpoint) {
  const QString name = qs(checkpoint.name);
  auto* forget = row->addIconButton(QStringLiteral("close"), tr("Take %1 off this list (its files stay)").arg(name));
  connect(forget, &QPushButton::clicked, this, [this, path = checkpoint.path, name] {
    context_.library.forget(path);
    toast_->showMessage(tr("%1 was taken off the list; its files stay where they are.").arg(name), tr("Undo"),
                        [this, path] { context_.library.importFolder(qs(path)); });
  });
}

void LibraryView::addDelete(LibraryRow* row, const CheckpointListing& checkpoint) {
  auto* trash = row->addIconButton(QStringLiteral("trash"), tr("Delete %1").arg(qs(checkpoint.cached->repo.text())));
  connect(trash, &QPushButton::clicked, this, [this, checkpoint] { askToDelete(checkpoint); });
}

void LibraryView::refresh() {
  empty(engines_);
  empty(checkpoints_);
  const Library& library = context_.library;
  uint64_t bytes = 0;
  for (const EngineListing& engine : library.engines()) {
    engines_->addWidget(engineRow(engine));
    bytes += library.engineBytes(engine);
  }
  int shown = 0;
  for (const CheckpointListing* checkpoint : inOrder(library.checkpoints())) {
    if (checkpoint->cached && filling_.contains(checkpoint->path)) continue;
    checkpoints_->addWidget(checkpointRow(*checkpoint));
    ++shown;
  }
  if (library.engines().empty())
    engines_->addWidget(hint(library.listed()
                                 ? tr("No engine yet. Press Build beside a checkpoint: a small model takes seconds.")
                                 : tr("Looking…")));
  if (shown == 0)
    checkpoints_->addWidget(
        hint(tr("No checkpoint yet. Find one on a hub, import the folder of a model (config.json, *.safetensors), or "
                "drop it here."),
             tr("Find a model")));
  const auto count = static_cast<int>(library.engines().size());
  summary_ = tr("%1, %2 on disk · drop a model folder here to import it")
                 .arg(count == 1 ? tr("1 engine") : tr("%1 engines").arg(count), formatBytes(bytes));
  Q_EMIT summaryChanged();
}

void LibraryView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  context_.library.refresh();  // folders change while nobody looks
  context_.library.watch(true);
}

void LibraryView::hideEvent(QHideEvent* event) {
  context_.library.watch(false);
  QWidget::hideEvent(event);
}

void LibraryView::deleteEngine(const EngineListing& engine) {
  toast_->expire();  // an earlier deletion becomes final before this one begins
  if (context_.session.supports(engine.path)) context_.session.unload();
  context_.library.deleteEngine(engine.path);
  toast_->showMessage(
      tr("Deleted the engine %1").arg(qs(engine.name)), tr("Undo"),
      [this, path = engine.path] { context_.library.restoreEngine(path); }, [this] { context_.library.emptyTrash(); });
}

// Gigabytes that took an hour to come are asked for first: there is no trash that could give them back.
void LibraryView::askToDelete(const CheckpointListing& checkpoint) {
  const CachedModel model = *checkpoint.cached;
  const QString name = qs(model.repo.text());
  auto* box = new QMessageBox(QMessageBox::NoIcon, tr("Delete %1?").arg(name),
                              tr("Delete %1 from the cache of %2?").arg(name, hubName(model.hub)), QMessageBox::Cancel,
                              window());
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->setInformativeText(
      tr("Up to %1 become free: what another revision still uses stays. Other programs that find models in this cache "
         "lose it too; engines built from it go on working.")
          .arg(formatBytes(model.bytes)));
  QPushButton* yes = box->addButton(tr("Delete"), QMessageBox::DestructiveRole);
  setLook(yes, "danger");
  connect(yes, &QPushButton::clicked, this, [this, model, name] { context_.library.deleteCached(model, name); });
  box->open();
}

}  // namespace flightdeck
