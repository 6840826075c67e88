#include "ui/models/downloads_view.h"

#include <QDesktopServices>
#include <QScrollArea>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>
#include <filesystem>

#include "ui/format.h"
#include "ui/models/download_row.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/empty_state.h"

namespace flightdeck {

DownloadsView::DownloadsView(Context& context, QWidget* parent) : QWidget(parent), context_(context) {
  auto* outer = makeBox<QVBoxLayout>(this, 0, 0);
  pages_ = new QStackedWidget;
  empty_ = new EmptyState(QStringLiteral("download"), tr("No downloads"),
                          tr("What you download on Discover stands here with its progress. A download can be paused, "
                             "goes on after a restart, and gets its name only when every file is verified."),
                          tr("Find a model"));
  pages_->addWidget(empty_);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* body = new QWidget;
  setLook(body, "page");
  auto* column = makeBox<QVBoxLayout>(body, 0, space::s);
  column->setContentsMargins(space::xxl, 0, space::xxl, space::xl);
  column_ = makeBox<QVBoxLayout>(nullptr, 0, space::s);
  column->addLayout(column_);
  column->addStretch();
  scroll->setWidget(body);
  pages_->addWidget(scroll);
  outer->addWidget(pages_);
  connect(empty_, &EmptyState::pressed, this, &DownloadsView::discoverRequested);
  connect(&context_.downloads, &Downloads::changed, this, &DownloadsView::refresh);
  refresh();
}

DownloadsView::~DownloadsView() { stop_.request_stop(); }

DownloadRow* DownloadsView::row(quint64 id) const {
  const auto found = rows_.find(id);
  return found == rows_.end() ? nullptr : found->second;
}

DownloadRow* DownloadsView::makeRow(quint64 id) {
  auto* row = new DownloadRow(id);
  connect(row, &DownloadRow::pressed, this, [this, id](const QString& button) { press(id, button); });
  return row;
}

void DownloadsView::refresh() {
  const std::vector<JobSnapshot>& jobs = context_.downloads.jobs();
  for (auto it = rows_.begin(); it != rows_.end();) {
    const bool is_gone = !context_.downloads.find(it->first);
    if (is_gone) it->second->hide(), it->second->deleteLater();
    it = is_gone ? rows_.erase(it) : std::next(it);
  }
  for (const JobSnapshot& job : jobs) {  // ids grow: a new one goes on top
    DownloadRow*& row = rows_[job.id];
    if (!row) column_->insertWidget(0, row = makeRow(job.id));
    row->setJob(job);
  }
  pages_->setCurrentIndex(jobs.empty() ? 0 : 1);
}

void DownloadsView::press(quint64 id, const QString& button) {
  const JobSnapshot* job = context_.downloads.find(id);
  if (!job) return;
  Downloads& downloads = context_.downloads;
  if (button == QLatin1String("pause")) downloads.pause(id);
  if (button == QLatin1String("resume")) downloads.resume(id);
  if (button == QLatin1String("cancel")) downloads.cancel(id);
  if (button == QLatin1String("remove")) downloads.remove(id);
  if (button == QLatin1String("build")) build(*job);
  if (button == QLatin1String("folder")) QDesktopServices::openUrl(QUrl::fromLocalFile(qs(job->folder)));
  if (button == QLatin1String("verify")) verify(*job);
}

// The list outlives the files: a disk may be unplugged, another program may have emptied the cache.
void DownloadsView::build(const JobSnapshot& job) {
  context_.background.run(
      this,
      [folder = job.folder] {
        std::error_code code;
        return std::filesystem::exists(folder + "/config.json", code);
      },
      [this, id = job.id, folder = job.folder](bool is_there) {
        if (is_there) return Q_EMIT buildRequested(folder);
        if (DownloadRow* shown = row(id))
          shown->showCheck(-1,
                           tr("Not there any more: %1. Connect its disk again, or take it off this list and download "
                              "it once more.")
                               .arg(qs(folder)),
                           false);
      });
}

void DownloadsView::verify(const JobSnapshot& job) {
  const CachedModel model{job.spec.hub, job.spec.repo, job.commit, job.folder, job.total_bytes};
  row(job.id)->showCheck(0, {}, true);
  const auto tell = [this, guard = QPointer<QObject>(this), id = job.id, total = job.total_bytes,
                     &background = context_.background](uint64_t done) {
    background.post(guard, [this, id, done, total] {
      const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
      if (DownloadRow* shown = row(id)) shown->showCheck(std::min(share, 1.0), {}, true);
    });
  };
  context_.background.run(
      this,
      [&services = context_.services, model, stop = stop_.get_token(), tell] {
        return services.damaged_files(model, stop, tell);
      },
      [this, id = job.id](const Result<std::vector<std::string>>& damaged) { tellVerified(id, damaged); });
}

void DownloadsView::tellVerified(quint64 id, const Result<std::vector<std::string>>& damaged) {
  DownloadRow* shown = row(id);
  if (!shown) return;
  if (!damaged) return shown->showCheck(-1, qs(damaged.error().message), false);
  if (damaged->empty()) return shown->showCheck(-1, tr("Every file is as it was downloaded."), true);
  QStringList names;
  for (const std::string& name : *damaged) names << qs(name);
  shown->showCheck(-1,
                   tr("Damaged: %1. Delete the model in the Library and download it again.")
                       .arg(names.mid(0, 5).join(QStringLiteral(", "))),
                   false);
}

}  // namespace flightdeck
