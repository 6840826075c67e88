// Everything the window lives on, built in order and taken down in reverse. GUI thread only; one per process.
#pragma once

#include <QObject>
#include <memory>

#include "ui/context.h"
#include "ui/language.h"
#include "ui/main_window.h"

class QApplication;
class QSocketNotifier;

namespace flightdeck {

class Application : public QObject {
  Q_OBJECT
 public:
  /// `warning` is what load_settings() had to say, shown once.
  Application(QApplication& app, Services services, Settings settings, const QString& warning = {});
  ~Application() override;

  void show();
  /// A second start asked for this window.
  void comeForward();
  MainWindow& window() { return *window_; }
  Context& context() { return context_; }
  /// Stops generating, saves partial answers and ends the threads. Called by close, SIGTERM and the session manager.
  void shutDown();

 private:
  void loadLastEngine();
  void handleSignals();
  void restoreGeometry();
  void saveGeometry();

  Language language_;
  Services services_;
  Background background_;
  Theme theme_;
  SettingsModel settings_;
  TokenFeed feed_;
  ChatStorage storage_;
  EngineSession session_;
  Library library_;
  Downloads downloads_;
  Context context_;
  std::unique_ptr<MainWindow> window_;
  std::unique_ptr<QSocketNotifier> signals_;
  bool down_ = false;
};

/// What app/main.cpp calls for the window: builds the Application, shows it, runs the event loop, returns its exit
/// code.
int runWindow(QApplication& app, Services services);

}  // namespace flightdeck
