// A short message over the page, with at most one action ("Undo"), gone after its time. GUI thread only.
#pragma once

#include <QFrame>
#include <QTimer>
#include <functional>

class QLabel;
class QPushButton;

namespace flightdeck {

class Toast : public QFrame {
  Q_OBJECT
 public:
  explicit Toast(QWidget* over);
  /// A message of kSticky or longer comes back after a shorter one that took its place, until it is closed.
  static constexpr int kSticky = 60000;
  /// on_expired runs when the time is over or another toast takes the place; on_action when its button is pressed.
  void showMessage(const QString& text, const QString& action = {}, std::function<void()> on_action = {},
                   std::function<void()> on_expired = {}, int milliseconds = 10000);
  /// Ends the present message as if its time were over.
  void expire();
  QString text() const;
  QPushButton* button() const { return button_; }

 protected:
  bool eventFilter(QObject* object, QEvent* event) override;

 private:
  void place();
  void end();
  QLabel* label_;
  QPushButton* button_;
  QTimer timer_;
  std::function<void()> on_action_, on_expired_;
  QStringList waiting_;  // sticky texts that were covered
};

}  // namespace flightdeck
