// A switch between a few views of one page: one of them is on, arrow keys move. GUI thread only.
#pragma once

#include <QFrame>
#include <vector>

class QPushButton;

namespace flightdeck {

class Segments : public QFrame {
  Q_OBJECT
 public:
  explicit Segments(const QStringList& names, QWidget* parent = nullptr);
  int current() const { return current_; }
  void setCurrent(int index);
  void setText(int index, const QString& text);
  QPushButton* button(int index) const { return buttons_[static_cast<size_t>(index)]; }

 Q_SIGNALS:
  void chosen(int index);  // by the user or by setCurrent()

 protected:
  bool eventFilter(QObject* object, QEvent* event) override;

 private:
  std::vector<QPushButton*> buttons_;
  int current_ = 0;
};

}  // namespace flightdeck
