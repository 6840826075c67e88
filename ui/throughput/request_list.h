// Running and waiting requests in words, each with its cancel. Rows are reused, so nothing jumps. GUI thread only.
#pragma once

#include <QScrollArea>
#include <vector>

#include "core/runtime/stats.h"

class QLabel;
class QPushButton;
class QVBoxLayout;

namespace flightdeck {

class ElidedLabel;

class RequestList : public QScrollArea {
  Q_OBJECT
 public:
  explicit RequestList(QWidget* parent = nullptr);
  void setRequests(const std::vector<RequestView>& requests);

 Q_SIGNALS:
  void cancelRequested(quint64 id);
  void chosen(quint64 id);

 private:
  struct Row {
    QWidget* widget;
    ElidedLabel* name;
    ElidedLabel* state;
    QPushButton* cancel;
    RequestId id = 0;
  };
  void addRow();
  QVBoxLayout* column_;
  QLabel* empty_;
  std::vector<Row> rows_;
};

}  // namespace flightdeck
