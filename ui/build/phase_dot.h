// A phase's state: ring waiting, half-filled running, full dot with a tick done. Shape and colour say the same.
#pragma once

#include <QWidget>

namespace flightdeck {

class PhaseDot : public QWidget {
  Q_OBJECT
 public:
  enum class State : uint8_t { waiting, running, done };
  explicit PhaseDot(QWidget* parent = nullptr) : QWidget(parent) { setFixedSize(16, 16); }
  void setState(State state);

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  State state_ = State::waiting;
};

}  // namespace flightdeck
