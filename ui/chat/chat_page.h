// The Chat page: list, transcript, composer, tuning; and what to do first when there is no engine. GUI thread only.
#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/chat/chat_controller.h"
#include "ui/context.h"

class QPushButton;
class QStackedWidget;

namespace flightdeck {

class Composer;
class ConversationList;
class ElidedLabel;
class FindBar;
class FirstStart;
class Toast;
class TranscriptView;
class TunePanel;

class ChatPage : public QWidget {
  Q_OBJECT
 public:
  ChatPage(Context& context, Toast* toast, QWidget* parent = nullptr);

  void newChat();
  void focusSearch();
  void focusComposer();
  void find();
  /// Shows the conversation of a running request; false when it is no chat's.
  bool openRequest(RequestId id);
  void savePartialAnswers() { controller_.generator().savePartialAnswers(); }
  void shutDown();
  ChatController& controller() { return controller_; }
  Composer* composer() const { return composer_; }
  TranscriptView* transcript() const { return transcript_; }
  void setTuneOpen(bool open);

 Q_SIGNALS:
  void modelsRequested();
  void generatingChanged(bool any);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* makeHeader();
  void connectAll();
  void refreshHeader();
  void refreshState();
  void showCurrent();
  void deleteConversation(qint64 id);
  void startEdit(qint64 id);
  void endEdit();
  void countContext();
  void showEngineMenu();
  void fitColumns();
  Context& context_;
  Toast* toast_;
  ChatController controller_;
  ConversationList* list_;
  TranscriptView* transcript_;
  Composer* composer_;
  TunePanel* tune_;
  FirstStart* first_;
  FindBar* find_;
  QStackedWidget* middle_;
  ElidedLabel *title_, *subtitle_;
  QPushButton *engine_button_, *find_button_, *tune_button_;
  QTimer count_timer_;
  qint64 shown_ = -1;   // conversation whose draft is in the composer
  qint64 editing_ = 0;  // user message that is edited
  quint64 count_round_ = 0;
};

}  // namespace flightdeck
