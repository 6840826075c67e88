// The strip at the bottom of every page: engine, live rates, requests, KV cache, memory. GUI thread only.
#pragma once

#include <QFrame>

#include "ui/context.h"

class QLabel;
class QPushButton;

namespace flightdeck {

class ElidedLabel;
class MeterBar;
class Sparkline;

class StatusStrip : public QFrame {
  Q_OBJECT
 public:
  explicit StatusStrip(Context& context, QWidget* parent = nullptr);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void refreshState();
  void refreshStats();
  Context& context_;
  ElidedLabel* engine_;
  QPushButton* cancel_;
  Sparkline* spark_;
  QLabel *decode_, *decode_word_, *prefill_, *prefill_word_, *requests_, *kv_, *memory_;
  MeterBar *kv_bar_, *memory_bar_, *load_bar_;
};

}  // namespace flightdeck
