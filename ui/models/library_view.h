// What is on this computer: engines, checkpoint folders that were imported, models of the hubs' caches. GUI thread
// only.
#pragma once

#include <QWidget>
#include <set>
#include <string>

#include "ui/context.h"

class QLabel;
class QVBoxLayout;

namespace flightdeck {

class LibraryRow;
class Toast;

class LibraryView : public QWidget {
  Q_OBJECT
 public:
  LibraryView(Context& context, Toast* toast, QWidget* parent = nullptr);
  /// "2 engines, 31 MB on disk", for the page's head.
  QString summary() const { return summary_; }

 Q_SIGNALS:
  void openEngine(const std::string& path);
  void buildRequested(const std::string& checkpoint);
  void discoverRequested();
  void summaryChanged();

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void refresh();
  void connectAll();
  void followDownloads();
  LibraryRow* engineRow(const EngineListing& engine);
  LibraryRow* checkpointRow(const CheckpointListing& checkpoint);
  void addForget(LibraryRow* row, const CheckpointListing& checkpoint);
  void addDelete(LibraryRow* row, const CheckpointListing& checkpoint);
  QWidget* hint(const QString& text, const QString& action = {});
  void deleteEngine(const EngineListing& engine);
  void askToDelete(const CheckpointListing& checkpoint);
  Context& context_;
  Toast* toast_;
  QVBoxLayout *engines_, *checkpoints_;
  QString summary_;
  std::set<std::string> filling_;  // folders of unfinished downloads, which stand among the downloads
};

}  // namespace flightdeck
