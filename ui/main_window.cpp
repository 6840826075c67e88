#include "ui/main_window.h"

#include <QCloseEvent>
#include <QHBoxLayout>
#include <QShortcut>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/build/build_page.h"
#include "ui/chat/chat_page.h"
#include "ui/format.h"
#include "ui/icons.h"
#include "ui/models/downloads_view.h"
#include "ui/models/models_page.h"
#include "ui/settings/settings_page.h"
#include "ui/status_strip.h"
#include "ui/throughput/throughput_page.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/toast.h"

namespace flightdeck {

MainWindow::MainWindow(Context& context, QWidget* parent) : QMainWindow(parent), context_(context) {
  setWindowTitle(QStringLiteral("Flightdeck"));
  setWindowIcon(applicationIcon());
  setMinimumSize(880, 560);
  resize(1280, 800);
  auto* body = new QWidget;
  setLook(body, "page");
  auto* column = makeBox<QVBoxLayout>(body, 0, 0);
  auto* row = makeBox<QHBoxLayout>(nullptr, 0, 0);
  rail_ = new Rail;
  stack_ = new QStackedWidget;
  row->addWidget(rail_);
  row->addWidget(stack_, 1);
  column->addLayout(row, 1);
  column->addWidget(new StatusStrip(context_));
  setCentralWidget(body);
  toast_ = new Toast(body);
  connect(rail_, &Rail::chosen, this, &MainWindow::showPage);
  makeShortcuts();
  connectContext();
  showPage(PageId::chat);
}

template <class Page>
Page* MainWindow::keep(PageId id, Page* page) {
  pages_[static_cast<size_t>(id)] = page;
  stack_->addWidget(page);
  return page;
}

ChatPage* MainWindow::chatPage() {
  if (QWidget* page = pages_[0]) return static_cast<ChatPage*>(page);
  auto* page = keep(PageId::chat, new ChatPage(context_, toast_));
  connect(page, &ChatPage::modelsRequested, this, [this] { showPage(PageId::models); });
  connect(page, &ChatPage::generatingChanged, this, [this](bool any) { rail_->setBusy(PageId::chat, any); });
  return page;
}

ModelsPage* MainWindow::modelsPage() {
  if (QWidget* page = pages_[1]) return static_cast<ModelsPage*>(page);
  auto* page = keep(PageId::models, new ModelsPage(context_, toast_));
  connect(page, &ModelsPage::openEngine, this, &MainWindow::chatNow);
  connect(page, &ModelsPage::buildRequested, this, &MainWindow::buildFrom);
  return page;
}

BuildPage* MainWindow::buildPage() {
  if (QWidget* page = pages_[2]) return static_cast<BuildPage*>(page);
  auto* page = keep(PageId::build, new BuildPage(context_));
  connect(page, &BuildPage::chatRequested, this, &MainWindow::chatNow);
  connect(page, &BuildPage::buildingChanged, this, [this](bool busy) { rail_->setBusy(PageId::build, busy); });
  connect(page, &BuildPage::finished, this, [this](const QString& text) {
    if (current_ != PageId::build) toast_->showMessage(text, tr("Show"), [this] { showPage(PageId::build); });
  });
  return page;
}

ThroughputPage* MainWindow::throughputPage() {
  if (QWidget* page = pages_[3]) return static_cast<ThroughputPage*>(page);
  auto* page = keep(PageId::throughput, new ThroughputPage(context_));
  connect(page, &ThroughputPage::enginesRequested, this, [this] { showPage(PageId::models); });
  connect(page, &ThroughputPage::failed, this, [this](const QString& message) { toast_->showMessage(message); });
  connect(page, &ThroughputPage::requestChosen, this, [this](quint64 id) {
    if (chatPage()->openRequest(id)) showPage(PageId::chat);
  });
  return page;
}

SettingsPage* MainWindow::settingsPage() {
  if (QWidget* page = pages_[4]) return static_cast<SettingsPage*>(page);
  return keep(PageId::settings, new SettingsPage(context_));
}

void MainWindow::showPage(PageId page) {
  QWidget* widget = nullptr;
  switch (page) {
    case PageId::chat:
      widget = chatPage();
      break;
    case PageId::models:
      widget = modelsPage();
      break;
    case PageId::build:
      widget = buildPage();
      break;
    case PageId::throughput:
      widget = throughputPage();
      break;
    case PageId::settings:
      widget = settingsPage();
      break;
  }
  current_ = page;
  stack_->setCurrentWidget(widget);
  rail_->setCurrent(page);
  if (page == PageId::chat)
    chatPage()->focusComposer();
  else
    widget->setFocus();
  context_.session.setWatched(page == PageId::throughput);
}

void MainWindow::makeShortcuts() {
  const auto add = [this](const QKeySequence& keys, auto call) {
    connect(new QShortcut(keys, this), &QShortcut::activated, this, call);
  };
  for (int i = 0; i < 5; ++i)
    add(QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + i)), [this, i] { showPage(static_cast<PageId>(i)); });
  add(QKeySequence(Qt::CTRL | Qt::Key_Comma), [this] { showPage(PageId::settings); });
  add(QKeySequence(Qt::CTRL | Qt::Key_N), [this] {
    showPage(PageId::chat);
    chatPage()->newChat();
  });
  add(QKeySequence(Qt::CTRL | Qt::Key_K), [this] {
    showPage(PageId::chat);
    chatPage()->focusSearch();
  });
  add(QKeySequence(Qt::CTRL | Qt::Key_F), [this] {
    showPage(PageId::chat);
    chatPage()->find();
  });
  add(QKeySequence(Qt::CTRL | Qt::Key_L), [this] {
    showPage(PageId::chat);
    chatPage()->focusComposer();
  });
  // Not QKeySequence::Quit: that is empty where neither GNOME nor KDE runs.
  add(QKeySequence(Qt::CTRL | Qt::Key_Q), [this] { close(); });
}

void MainWindow::connectContext() {
  connect(&context_.session, &EngineSession::loadFailed, this, [this](const QString& name, const QString& message) {
    toast_->showMessage(tr("%1 could not be opened: %2").arg(name, message), tr("Models"),
                        [this] { showPage(PageId::models); });
  });
  connect(&context_.storage, &ChatStorage::failed, this, [this](const QString& message) {
    toast_->showMessage(tr("Conversations cannot be stored: %1").arg(message), {}, {}, {}, Toast::kSticky);
  });
  connect(&context_.storage, &ChatStorage::opened, this, [this](const QString& warning) {
    if (!warning.isEmpty()) toast_->showMessage(warning, {}, {}, {}, Toast::kSticky);
  });
  connect(&context_.settings, &SettingsModel::saveFailed, this,
          [this](const QString& message) { toast_->showMessage(message); });
  // Here and not on the Models page: a folder is chosen on the Build page too.
  connect(&context_.library, &Library::importFailed, this, [this](const QString& message) {
    toast_->showMessage(tr("Not imported: %1. A model is a folder with config.json, *.safetensors and "
                           "tokenizer.model.")
                            .arg(message));
  });
  connect(&context_.downloads, &Downloads::changed, this,
          [this] { rail_->setBusy(PageId::models, context_.downloads.running() > 0); });
  connect(&context_.downloads, &Downloads::completed, this, [this](const JobSnapshot& job) {
    context_.library.refresh();
    toast_->showMessage(tr("%1 is downloaded and verified.").arg(qs(job.spec.repo.text())), tr("Build"),
                        [this, folder = job.folder] { buildFrom(folder); });
  });
  connect(&context_.downloads, &Downloads::failed, this, [this](const JobSnapshot& job) {
    if (modelsPage()->downloadsView()->isVisible()) return;  // its row says so already
    toast_->showMessage(tr("The download failed: %1").arg(qs(job.message)), tr("Show"), [this] {
      showPage(PageId::models);
      modelsPage()->showView(ModelsPage::downloads);
    });
  });
  connect(&context_.library, &Library::failed, this, [this](const QString& message) { toast_->showMessage(message); });
}

void MainWindow::openEngine(const std::string& path) {
  if (!context_.session.supports(path)) context_.session.load(path);
}

void MainWindow::buildFrom(const std::string& checkpoint) {
  buildPage()->choose(checkpoint);
  showPage(PageId::build);
}

void MainWindow::chatNow(const std::string& engine) {
  openEngine(engine);
  showPage(PageId::chat);
  chatPage()->focusComposer();
}

void MainWindow::closeEvent(QCloseEvent* event) {
  Q_EMIT closing();
  event->accept();
}

}  // namespace flightdeck
