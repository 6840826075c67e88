#include "ui/application.h"

#include <sys/socket.h>
#include <unistd.h>

#include <QApplication>
#include <QScreen>
#include <QSocketNotifier>
#include <csignal>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/paths.h"
#include "ui/chat/chat_page.h"
#include "ui/format.h"
#include "ui/single_instance.h"
#include "ui/widgets/toast.h"

namespace flightdeck {
namespace {

int signal_pipe[2] = {-1, -1};

// A signal handler may only write a byte; the GUI thread does the rest.
void onSignal(int) {
  const char byte = 1;
  [[maybe_unused]] const auto written = ::write(signal_pipe[0], &byte, 1);
}

std::string geometryFile() { return state_dir() + "/window"; }

}  // namespace

Application::Application(QApplication& app, Services services, Settings settings, const QString& warning)
    : language_(settings.language),
      services_(std::move(services)),
      theme_(app),
      settings_(std::move(settings), services_, background_),
      storage_(services_),
      session_(services_, background_, settings_),
      library_(services_, background_, settings_),
      downloads_(services_),
      context_{services_, background_, settings_, session_, storage_, feed_, library_, downloads_, theme_} {
  theme_.setMode(qs(settings_.value().theme));
  connect(&settings_, &SettingsModel::changed, this, [this] { theme_.setMode(qs(settings_.value().theme)); });
  window_ = std::make_unique<MainWindow>(context_);
  connect(window_.get(), &MainWindow::closing, this, &Application::shutDown);
  connect(&app, &QApplication::commitDataRequest, this, [this] { window_->chatPage()->savePartialAnswers(); });
  if (!warning.isEmpty()) window_->toast()->showMessage(warning, {}, {}, {}, Toast::kSticky);
  handleSignals();
  library_.emptyTrash();
  library_.refresh();
  loadLastEngine();
}

Application::~Application() {
  shutDown();
  window_.reset();
}

void Application::show() {
  restoreGeometry();
  window_->show();
}

void Application::comeForward() {
  window_->setWindowState(window_->windowState() & ~Qt::WindowMinimized);
  window_->show();
  window_->raise();
  window_->activateWindow();
}

void Application::loadLastEngine() {
  const Settings& settings = settings_.value();
  if (settings.load_last_engine && !settings.last_engine.empty()) session_.load(settings.last_engine);
}

void Application::shutDown() {
  if (down_) return;
  down_ = true;
  saveGeometry();
  window_->toast()->expire();  // what could be undone is final now
  window_->chatPage()->shutDown();
  session_.unload();
  storage_.close();
}

void Application::handleSignals() {
  if (signal_pipe[0] < 0 && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, signal_pipe) != 0) return;
  signals_ = std::make_unique<QSocketNotifier>(signal_pipe[1], QSocketNotifier::Read);
  connect(signals_.get(), &QSocketNotifier::activated, this, [this] {
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(signal_pipe[1], &byte, 1);
    window_->close();
    QCoreApplication::quit();
  });
  for (int number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction action = {};
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    ::sigaction(number, &action, nullptr);
  }
}

void Application::restoreGeometry() {
  const auto saved = read_file(geometryFile(), 4096);
  if (!saved || !window_->restoreGeometry(QByteArray::fromStdString(*saved))) return;
  const QRect screen = window_->screen()->availableGeometry();
  if (!screen.intersects(window_->geometry())) window_->move(screen.topLeft());  // that screen is gone
}

void Application::saveGeometry() {
  if (!make_directories(state_dir())) return;
  // Losing the geometry is no reason to keep anybody from quitting.
  [[maybe_unused]] const auto result = write_file_atomically(geometryFile(), window_->saveGeometry().toStdString());
}

int runWindow(QApplication& app, Services services) {
  QCoreApplication::setApplicationName(QStringLiteral("Flightdeck"));
  QGuiApplication::setDesktopFileName(QStringLiteral("io.github.flightdeck.Flightdeck"));
  SingleInstance instance(data_dir());
  if (instance.raiseOther()) return 0;
  instance.listen();
  std::string warning;
  Settings settings = load_settings(&warning);
  Application application(app, std::move(services), std::move(settings), qs(warning));
  QObject::connect(&instance, &SingleInstance::raiseRequested, &application, &Application::comeForward);
  application.show();
  return app.exec();
}

}  // namespace flightdeck
