// Where the user writes: grows with the text, Enter sends, Shift+Enter breaks the line. A large paste becomes an
// attachment so that no text layout freezes. GUI thread only.
#pragma once

#include <QFrame>

class QLabel;
class QPlainTextEdit;
class QPushButton;

namespace flightdeck {

class MeterBar;

class Composer : public QFrame {
  Q_OBJECT
 public:
  explicit Composer(QWidget* parent = nullptr);

  QString text() const;  // with the attachment
  QString draft() const;
  void setText(const QString& text);
  void clear();
  void focus();
  /// Stop takes the place of Send.
  void setGenerating(bool generating);
  void setReady(bool ready, const QString& hint);
  /// `used` of `context` tokens; `dropped` messages would be left out.
  void setContext(int used, int context, int dropped);
  /// A bar says that sending makes a branch; empty: no editing.
  void setEditing(bool editing);
  bool editing() const { return editing_; }

 Q_SIGNALS:
  void sendRequested(const QString& text);
  void stopRequested();
  void editCancelled();
  void editLastRequested();
  void textChanged();
  void systemPromptRequested();
  void refused(const QString& message);

 protected:
  bool eventFilter(QObject* object, QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void submit();
  void grow();
  bool takePaste(const QString& text);
  void refreshButtons();
  QPlainTextEdit* edit_;
  QFrame* edit_bar_;
  QPushButton *attachment_button_, *system_, *send_, *stop_;
  QLabel *context_word_, *context_;
  MeterBar* meter_;
  QString attachment_;
  bool generating_ = false, ready_ = false, editing_ = false;
};

}  // namespace flightdeck
