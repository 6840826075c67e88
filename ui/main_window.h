// The window: rail, pages, status strip. Pages and navigation only; a page is made when it is first shown. GUI thread
// only.
#pragma once

#include <QMainWindow>
#include <array>

#include "ui/context.h"
#include "ui/rail.h"

class QStackedWidget;

namespace flightdeck {

class BuildPage;
class ChatPage;
class ModelsPage;
class SettingsPage;
class ThroughputPage;
class Toast;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  explicit MainWindow(Context& context, QWidget* parent = nullptr);

  void showPage(PageId page);
  PageId currentPage() const { return current_; }
  ChatPage* chatPage();
  ModelsPage* modelsPage();
  BuildPage* buildPage();
  ThroughputPage* throughputPage();
  SettingsPage* settingsPage();
  Toast* toast() const { return toast_; }

 Q_SIGNALS:
  void closing();

 protected:
  void closeEvent(QCloseEvent* event) override;

 private:
  void connectContext();
  void makeShortcuts();
  void openEngine(const std::string& path);
  void buildFrom(const std::string& checkpoint);
  void chatNow(const std::string& engine);
  template <class Page>
  Page* keep(PageId id, Page* page);

  Context& context_;
  Rail* rail_;
  QStackedWidget* stack_;
  Toast* toast_;
  std::array<QWidget*, 5> pages_{};
  PageId current_ = PageId::chat;
};

}  // namespace flightdeck
