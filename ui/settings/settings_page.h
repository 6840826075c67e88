// The Settings page: device, folders, appearance. Every change is kept at once. GUI thread only.
#pragma once

#include <QWidget>

#include "ui/context.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QSpinBox;
class QVBoxLayout;

namespace flightdeck {

class SettingsPage : public QWidget {
  Q_OBJECT
 public:
  explicit SettingsPage(Context& context, QWidget* parent = nullptr);
  QComboBox* themeBox() const { return theme_; }
  /// The folder for new engines; one that cannot be written is refused.
  void useEnginesFolder(const QString& path);
  QComboBox* languageBox() const { return language_; }
  QComboBox* deviceBox() const { return device_; }
  QLabel* deviceNoteLabel() const { return device_note_; }

 private:
  QVBoxLayout* section(QVBoxLayout* column, const QString& title, const QString& text);
  void row(QVBoxLayout* section, const QString& name, const QString& help, QWidget* control);
  void addAppearance(QVBoxLayout* column);
  void addEngine(QVBoxLayout* column);
  void addFolders(QVBoxLayout* column);
  void addShortcuts(QVBoxLayout* column);
  void refreshDevices();
  void refreshDeviceNote();
  void chooseEnginesFolder();
  Context& context_;
  QComboBox *theme_, *language_, *device_;
  QSpinBox *threads_, *batch_, *cache_;
  QCheckBox* load_last_;
  QLabel* engines_folder_;
  QLabel* device_note_ = nullptr;
};

}  // namespace flightdeck
