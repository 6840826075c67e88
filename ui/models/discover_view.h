// Finding a model on a hub: search, rows, the chosen one's details. GUI thread only; HubSearch does the asking.
#pragma once

#include <QWidget>
#include <vector>

#include "ui/models/hub_search.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QScrollArea;
class QStackedWidget;
class QVBoxLayout;

namespace flightdeck {

class EmptyState;
class LinkedText;
class ModelRow;
class RepoDetails;

class DiscoverView : public QWidget {
  Q_OBJECT
 public:
  explicit DiscoverView(Context& context, QWidget* parent = nullptr);
  void focusSearch();
  HubSearch& search() { return search_; }
  QLineEdit* field() const { return field_; }
  QComboBox* hubBox() const { return hub_; }
  const std::vector<ModelRow*>& rows() const { return rows_; }
  RepoDetails* details() const { return details_; }
  EmptyState* stateView() const { return state_; }
  QString stateText() const;  // of what stands in place of rows; empty while rows are shown

 Q_SIGNALS:
  void downloadsRequested();
  void buildRequested(const std::string& folder);

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* object, QEvent* event) override;

 private:
  QWidget* makeBar();
  QWidget* makeResults();
  void connectAll();
  HubSearch::Question question() const;
  void showState();
  void showFailure(const Error& error);
  void addRows(bool is_new);
  void lookAtVisible();
  void choose(int row);
  void refreshChosen();
  void refreshHere();
  std::string folderOf(const RepoId& repo) const;
  Context& context_;
  HubSearch search_;
  QLineEdit* field_;
  QComboBox *hub_, *order_;
  QLabel* count_;
  LinkedText* trouble_;
  QPushButton* more_;
  QStackedWidget* pages_;
  EmptyState* state_;
  QScrollArea* scroll_;
  QVBoxLayout* column_;
  std::vector<ModelRow*> rows_;
  RepoDetails* details_;
  int chosen_ = -1;
  bool asks_again_ = false;  // what the button of the state does
};

}  // namespace flightdeck
