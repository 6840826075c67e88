// The left rail: one button a page. GUI thread only.
#pragma once

#include <QFrame>
#include <vector>

class QAbstractButton;

namespace flightdeck {

enum class PageId : uint8_t { chat, models, build, throughput, settings };

class Rail : public QFrame {
  Q_OBJECT
 public:
  explicit Rail(QWidget* parent = nullptr);
  void setCurrent(PageId page);
  /// A dot on the button: something is going on there (a build, a generation elsewhere).
  void setBusy(PageId page, bool busy);

 Q_SIGNALS:
  void chosen(flightdeck::PageId page);

 private:
  void retranslate();
  void changeEvent(QEvent* event) override;
  std::vector<QAbstractButton*> buttons_;  // by PageId
};

}  // namespace flightdeck
