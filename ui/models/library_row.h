// One line of the library: icon, name, facts, size, buttons. GUI thread only.
#pragma once

#include <QFrame>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace flightdeck {

class LibraryRow : public QFrame {
  Q_OBJECT
 public:
  LibraryRow(const QString& icon, const QString& name, const QString& detail, const QString& size,
             const QString& remedy = {});
  QPushButton* addButton(const QString& text, const char* look = "");
  QPushButton* addIconButton(const QString& icon, const QString& name);
  void setActive(const QString& word);  // a badge behind the name

 protected:
  void showEvent(QShowEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void refreshIcon();
  QString icon_name_;
  bool damaged_;
  QLabel *icon_, *badge_;
  QHBoxLayout* row_;
};

}  // namespace flightdeck
