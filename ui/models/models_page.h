// The Models page: Library, Discover and Downloads behind a switch. A folder dropped anywhere on it is imported. GUI
// thread only.
#pragma once

#include <QWidget>

#include "ui/context.h"

class QLabel;
class QStackedWidget;

namespace flightdeck {

class DiscoverView;
class DownloadsView;
class LibraryView;
class Segments;
class Toast;

class ModelsPage : public QWidget {
  Q_OBJECT
 public:
  enum View { library, discover, downloads };
  ModelsPage(Context& context, Toast* toast, QWidget* parent = nullptr);
  void showView(View view);
  DiscoverView* discoverView() const { return discover_; }
  DownloadsView* downloadsView() const { return downloads_; }

 Q_SIGNALS:
  void openEngine(const std::string& path);
  void buildRequested(const std::string& checkpoint);

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dragLeaveEvent(QDragLeaveEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void connectAll();
  void refreshHead();
  void importDialog();
  void placeHint();
  Context& context_;
  QLabel* subtitle_;
  Segments* switch_;
  QStackedWidget* views_;
  LibraryView* library_;
  DiscoverView* discover_;
  DownloadsView* downloads_;
  QFrame* drop_hint_;
};

}  // namespace flightdeck
