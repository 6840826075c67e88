// What a page says while it has nothing to show: what it is for and the one button to press next. GUI thread only.
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace flightdeck {

class EmptyState : public QWidget {
  Q_OBJECT
 public:
  EmptyState(const QString& icon, const QString& title, const QString& body, const QString& action,
             QWidget* parent = nullptr);
  void setTexts(const QString& title, const QString& body, const QString& action);
  QPushButton* button() const { return button_; }

 Q_SIGNALS:
  void pressed();

 protected:
  void changeEvent(QEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  void refreshIcon();
  QString icon_name_;
  QLabel *icon_, *title_, *body_;
  QPushButton* button_;
};

}  // namespace flightdeck
