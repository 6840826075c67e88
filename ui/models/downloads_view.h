// The downloads: a row a job, newest first. GUI thread only.
#pragma once

#include <QWidget>
#include <map>
#include <stop_token>

#include "ui/context.h"

class QStackedWidget;
class QVBoxLayout;

namespace flightdeck {

class DownloadRow;
class EmptyState;

class DownloadsView : public QWidget {
  Q_OBJECT
 public:
  explicit DownloadsView(Context& context, QWidget* parent = nullptr);
  ~DownloadsView() override;
  DownloadRow* row(quint64 id) const;

 Q_SIGNALS:
  void buildRequested(const std::string& checkpoint);
  void discoverRequested();

 private:
  void refresh();
  DownloadRow* makeRow(quint64 id);
  void press(quint64 id, const QString& button);
  void build(const JobSnapshot& job);
  void verify(const JobSnapshot& job);
  void tellVerified(quint64 id, const Result<std::vector<std::string>>& damaged);
  Context& context_;
  QStackedWidget* pages_;
  EmptyState* empty_;
  QVBoxLayout* column_;
  std::map<quint64, DownloadRow*> rows_;
  std::stop_source stop_;  // of verifications
};

}  // namespace flightdeck
