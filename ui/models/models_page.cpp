#include "ui/models/models_page.h"

#include <QDesktopServices>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QMimeData>
#include <QPushButton>
#include <QScrollArea>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/build/build_texts.h"
#include "ui/format.h"
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

}  // namespace

ModelsPage::ModelsPage(Context& context, Toast* toast, QWidget* parent)
    : QWidget(parent), context_(context), toast_(toast) {
  setAcceptDrops(true);
  auto* outer = makeBox<QVBoxLayout>(this, 0, 0);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* body = new QWidget;
  setLook(body, "page");
  auto* column = makeBox<QVBoxLayout>(body, 0, space::m);
  column->setContentsMargins(space::xxl, space::xl, space::xxl, space::xl);
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::m);
  auto* names = makeBox<QVBoxLayout>(nullptr, 0, 2);
  names->addWidget(makeLabel(tr("Models"), type::headline, Tone::text, FontKind::semibold));
  total_ = makeLabel({}, type::body, Tone::muted);
  names->addWidget(total_);
  auto* import_button = makeButton(tr("Import a folder…"));
  head->addLayout(names, 1);
  head->addWidget(import_button, 0, Qt::AlignTop);
  column->addLayout(head);
  column->addSpacing(space::s);
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
  connect(import_button, &QPushButton::clicked, this, &ModelsPage::importDialog);
  connect(&context_.library, &Library::changed, this, &ModelsPage::refresh);
  connect(&context_.session, &EngineSession::stateChanged, this, &ModelsPage::refresh);
  refresh();
}

QWidget* ModelsPage::hint(const QString& text) {
  auto* card = makeFrame("card");
  auto* row = makeBox<QHBoxLayout>(card, space::l, space::s);
  auto* label = makeLabel(text, type::body, Tone::muted);
  label->setWordWrap(true);
  row->addWidget(label);
  return card;
}

LibraryRow* ModelsPage::engineRow(const EngineListing& engine) {
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

LibraryRow* ModelsPage::checkpointRow(const CheckpointListing& checkpoint) {
  const bool starter = checkpoint.path == context_.services.starter_model;
  const QString detail = checkpoint.error.empty() ? QStringLiteral("%1 · %2").arg(qs(checkpoint.config.architecture),
                                                                                  describe(checkpoint.config))
                                                  : qs(checkpoint.error);
  auto* row =
      new LibraryRow(QStringLiteral("models"), qs(checkpoint.name), detail,
                     checkpoint.error.empty() ? formatBytes(checkpoint.bytes) : QString(),
                     checkpoint.error.empty() ? QString()
                                              : tr("Repair the folder and come back to this page, or take it off this "
                                                   "list: its files stay."));
  if (starter) row->setActive(tr("comes with Flightdeck"));
  if (checkpoint.error.empty()) {
    auto* build = row->addButton(tr("Build"));
    build->setAccessibleName(tr("Build an engine from %1").arg(qs(checkpoint.name)));
    connect(build, &QPushButton::clicked, this, [this, path = checkpoint.path] { Q_EMIT buildRequested(path); });
  }
  auto* folder = row->addIconButton(QStringLiteral("folder"), tr("Open the folder"));
  connect(folder, &QPushButton::clicked, this,
          [path = qs(checkpoint.path)] { QDesktopServices::openUrl(QUrl::fromLocalFile(path)); });
  if (!starter) {
    auto* forget = row->addIconButton(QStringLiteral("close"),
                                      tr("Take %1 off this list (its files stay)").arg(qs(checkpoint.name)));
    connect(forget, &QPushButton::clicked, this, [this, path = checkpoint.path, name = qs(checkpoint.name)] {
      context_.library.forget(path);
      toast_->showMessage(tr("%1 was taken off the list; its files stay where they are.").arg(name), tr("Undo"),
                          [this, path] { context_.library.importFolder(qs(path)); });
    });
  }
  return row;
}

void ModelsPage::refresh() {
  empty(engines_);
  empty(checkpoints_);
  const Library& library = context_.library;
  uint64_t bytes = 0;
  for (const EngineListing& engine : library.engines()) {
    engines_->addWidget(engineRow(engine));
    bytes += library.engineBytes(engine);
  }
  for (const CheckpointListing& checkpoint : library.checkpoints()) checkpoints_->addWidget(checkpointRow(checkpoint));
  if (library.engines().empty())
    engines_->addWidget(hint(library.listed()
                                 ? tr("No engine yet. Press Build beside a checkpoint: a small model takes seconds.")
                                 : tr("Looking…")));
  if (library.checkpoints().empty())
    checkpoints_->addWidget(
        hint(tr("No checkpoint yet. Import the folder of a model (config.json, *.safetensors), or drop it here.")));
  const auto count = static_cast<int>(library.engines().size());
  total_->setText(tr("%1, %2 on disk · drop a model folder here to import it")
                      .arg(count == 1 ? tr("1 engine") : tr("%1 engines").arg(count), formatBytes(bytes)));
}

void ModelsPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  context_.library.refresh();  // folders change while nobody looks
}

void ModelsPage::importDialog() {
  auto* dialog = new QFileDialog(window(), tr("Folder of a model"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::Directory);
  connect(dialog, &QFileDialog::fileSelected, &context_.library, &Library::importFolder);
  dialog->open();
}

void ModelsPage::deleteEngine(const EngineListing& engine) {
  toast_->expire();  // an earlier deletion becomes final before this one begins
  if (context_.session.supports(engine.path)) context_.session.unload();
  context_.library.deleteEngine(engine.path);
  toast_->showMessage(
      tr("Deleted the engine %1").arg(qs(engine.name)), tr("Undo"),
      [this, path = engine.path] { context_.library.restoreEngine(path); }, [this] { context_.library.emptyTrash(); });
}

void ModelsPage::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls() && event->mimeData()->urls().first().isLocalFile()) event->acceptProposedAction();
}

void ModelsPage::dropEvent(QDropEvent* event) {
  for (const QUrl& url : event->mimeData()->urls().mid(0, 16)) {
    const QString path = url.toLocalFile();
    // A file of a model stands for its folder.
    context_.library.importFolder(QFileInfo(path).isDir() ? path : QFileInfo(path).absolutePath());
  }
  event->acceptProposedAction();
}

}  // namespace flightdeck
