// The Models page: engines and checkpoint folders on this computer. A folder is imported by dialog or by dropping it.
// GUI thread only.
#pragma once

#include <QWidget>

#include "ui/context.h"

class QLabel;
class QVBoxLayout;

namespace flightdeck {

class LibraryRow;
class Toast;

class ModelsPage : public QWidget {
  Q_OBJECT
 public:
  ModelsPage(Context& context, Toast* toast, QWidget* parent = nullptr);

 Q_SIGNALS:
  void openEngine(const std::string& path);
  void buildRequested(const std::string& checkpoint);

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  void refresh();
  LibraryRow* engineRow(const EngineListing& engine);
  LibraryRow* checkpointRow(const CheckpointListing& checkpoint);
  QWidget* hint(const QString& text);
  void importDialog();
  void deleteEngine(const EngineListing& engine);
  Context& context_;
  Toast* toast_;
  QVBoxLayout *engines_, *checkpoints_;
  QLabel* total_;
};

}  // namespace flightdeck
