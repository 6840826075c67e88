// The empty chat: a greeting with the engine, or the way to the first engine. The starter model is built with one
// click. GUI thread only.
#pragma once

#include <QStackedWidget>
#include <stop_token>

#include "ui/context.h"

class QLabel;
class QPushButton;

namespace flightdeck {

class EmptyState;
class MeterBar;

class FirstStart : public QStackedWidget {
  Q_OBJECT
 public:
  explicit FirstStart(Context& context, QWidget* parent = nullptr);
  ~FirstStart() override;
  void refresh();

 Q_SIGNALS:
  void modelsRequested();
  void engineReady(const std::string& path);

 private:
  void act();
  void buildStarter();
  enum class Action : uint8_t { none, build_starter, go_to_models };
  Context& context_;
  EmptyState* state_;
  QWidget* progress_page_;
  QLabel *phase_, *detail_;
  MeterBar* bar_;
  Action action_ = Action::none;
  std::stop_source stop_;
  bool building_ = false;
  QString error_;
};

}  // namespace flightdeck
