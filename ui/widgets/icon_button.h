// A push button whose icon follows the theme. GUI thread only.
#pragma once

#include <QPushButton>

namespace flightdeck {

class IconButton : public QPushButton {
  Q_OBJECT
 public:
  explicit IconButton(const QString& icon, const QString& text = {}, QWidget* parent = nullptr);
  void setIconName(const QString& icon);

 protected:
  void changeEvent(QEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  void refresh();
  QString icon_, shown_;
};

}  // namespace flightdeck
