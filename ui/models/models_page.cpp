#include "ui/models/models_page.h"

#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QMimeData>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/models/discover_view.h"
#include "ui/models/downloads_view.h"
#include "ui/models/library_view.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/segments.h"

namespace flightdeck {

ModelsPage::ModelsPage(Context& context, Toast* toast, QWidget* parent) : QWidget(parent), context_(context) {
  setAcceptDrops(true);
  context_.downloads.open();
  auto* outer = makeBox<QVBoxLayout>(this, 0, space::m);
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::m);
  head->setContentsMargins(space::xxl, space::xl, space::xxl, 0);
  auto* names = makeBox<QVBoxLayout>(nullptr, 0, 2);
  names->addWidget(makeLabel(tr("Models"), type::headline, Tone::text, FontKind::semibold));
  auto* subtitle = new ElidedLabel;
  subtitle->setProperty("tone", "muted");
  subtitle_ = subtitle;
  names->addWidget(subtitle);
  auto* import_button = makeButton(tr("Import a folder…"));
  head->addLayout(names, 1);
  head->addWidget(import_button, 0, Qt::AlignTop);
  outer->addLayout(head);
  switch_ = new Segments({tr("Library"), tr("Discover"), tr("Downloads")});
  switch_->setAccessibleName(tr("View of the models"));
  auto* switch_row = makeBox<QHBoxLayout>(nullptr, 0, 0);
  switch_row->setContentsMargins(space::xxl, 0, space::xxl, 0);
  switch_row->addWidget(switch_);
  switch_row->addStretch();
  outer->addLayout(switch_row);
  views_ = new QStackedWidget;
  views_->addWidget(library_ = new LibraryView(context_, toast));
  views_->addWidget(discover_ = new DiscoverView(context_));
  views_->addWidget(downloads_ = new DownloadsView(context_));
  outer->addWidget(views_, 1);
  drop_hint_ = makeFrame("drop", this);
  drop_hint_->setObjectName(QStringLiteral("dropHint"));
  auto* hint = makeLabel(tr("Drop the folder of a model to add it to the library"), type::title, Tone::accent,
                         FontKind::semibold);
  hint->setAlignment(Qt::AlignCenter);
  hint->setWordWrap(true);
  makeBox<QVBoxLayout>(drop_hint_, space::l, 0)->addWidget(hint);
  drop_hint_->hide();
  connect(import_button, &QPushButton::clicked, this, &ModelsPage::importDialog);
  connectAll();
  refreshHead();
}

void ModelsPage::connectAll() {
  connect(switch_, &Segments::chosen, this, [this](int index) {
    views_->setCurrentIndex(index);
    refreshHead();
    if (index == discover) discover_->focusSearch();
  });
  connect(library_, &LibraryView::summaryChanged, this, &ModelsPage::refreshHead);
  connect(library_, &LibraryView::openEngine, this, &ModelsPage::openEngine);
  connect(library_, &LibraryView::buildRequested, this, &ModelsPage::buildRequested);
  connect(library_, &LibraryView::discoverRequested, this, [this] { showView(discover); });
  connect(discover_, &DiscoverView::downloadsRequested, this, [this] { showView(downloads); });
  connect(discover_, &DiscoverView::buildRequested, this, &ModelsPage::buildRequested);
  connect(downloads_, &DownloadsView::buildRequested, this, &ModelsPage::buildRequested);
  connect(downloads_, &DownloadsView::discoverRequested, this, [this] { showView(discover); });
  connect(&context_.downloads, &Downloads::changed, this, &ModelsPage::refreshHead);
}

void ModelsPage::showView(View view) { switch_->setCurrent(view); }

void ModelsPage::refreshHead() {
  const int running = context_.downloads.running();
  switch_->setText(downloads, running > 0 ? tr("Downloads · %1").arg(running) : tr("Downloads"));
  const QString words[] = {library_->summary(), tr("Language models of Hugging Face and ModelScope"),
                           tr("They go on while you do something else, and come back after a restart")};
  static_cast<ElidedLabel*>(subtitle_)->setText(words[switch_->current()]);
}

void ModelsPage::importDialog() {
  auto* dialog = new QFileDialog(window(), tr("Folder of a model"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::Directory);
  connect(dialog, &QFileDialog::fileSelected, &context_.library, &Library::importFolder);
  connect(dialog, &QFileDialog::fileSelected, this, [this] { showView(library); });
  dialog->open();
}

void ModelsPage::dragEnterEvent(QDragEnterEvent* event) {
  const QMimeData* data = event->mimeData();
  if (!data->hasUrls() || data->urls().isEmpty() || !data->urls().first().isLocalFile()) return;
  event->acceptProposedAction();
  placeHint();
  drop_hint_->show();
  drop_hint_->raise();
}

void ModelsPage::dragLeaveEvent(QDragLeaveEvent*) { drop_hint_->hide(); }

void ModelsPage::dropEvent(QDropEvent* event) {
  drop_hint_->hide();
  for (const QUrl& url : event->mimeData()->urls().mid(0, 16)) {
    const QString path = url.toLocalFile();
    // A file of a model stands for its folder.
    context_.library.importFolder(QFileInfo(path).isDir() ? path : QFileInfo(path).absolutePath());
  }
  event->acceptProposedAction();
  showView(library);
}

void ModelsPage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  placeHint();
}

void ModelsPage::placeHint() { drop_hint_->setGeometry(rect().adjusted(space::s, space::s, -space::s, -space::s)); }

}  // namespace flightdeck
