// System prompt and sampling of the chat that is shown. Changes apply from the next answer on. GUI thread only.
#pragma once

#include <QFrame>
#include <QTimer>

#include "core/chats/chat_store.h"

class QCheckBox;
class QDoubleSpinBox;
class QLineEdit;
class QPlainTextEdit;
class QSpinBox;

namespace flightdeck {

class TunePanel : public QFrame {
  Q_OBJECT
 public:
  explicit TunePanel(QWidget* parent = nullptr);
  /// `model` are the sampling defaults of the open engine, shown while the chat uses them.
  void setOptions(const ChatOptions& options, const SamplingParams& model);
  ChatOptions options() const;
  void focusSystemPrompt();

 Q_SIGNALS:
  void optionsChanged(const flightdeck::ChatOptions& options);
  void closed();

 private:
  void showSampling(const SamplingParams& sampling);
  void edited();
  ChatOptions options_;
  SamplingParams model_;
  QPlainTextEdit *system_, *stop_;
  QCheckBox* use_model_;
  QWidget* fields_;
  QDoubleSpinBox *temperature_, *top_p_, *min_p_, *repetition_;
  QSpinBox *top_k_, *max_tokens_;
  QLineEdit* seed_;
  QTimer later_;
  bool filling_ = false;
};

}  // namespace flightdeck
