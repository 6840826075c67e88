#include "ui/models/download_texts.h"

#include <QCoreApplication>
#include <QStringList>
#include <algorithm>

#include "ui/format.h"

namespace flightdeck {
namespace {
class Words {
  Q_DECLARE_TR_FUNCTIONS(downloads)
};
}  // namespace

QString hubName(HubKind hub) {
  return hub == HubKind::hugging_face ? QStringLiteral("Hugging Face") : QStringLiteral("ModelScope");
}

QString stateName(const JobSnapshot& job) {
  switch (job.state) {
    case JobState::queued:
      return Words::tr("Waiting");
    case JobState::listing:
      return Words::tr("Asking the hub");
    case JobState::downloading:
      return Words::tr("Fetching");
    case JobState::verifying:
      return Words::tr("Verifying");
    case JobState::paused:
      return job.message.empty() ? Words::tr("Paused") : Words::tr("Interrupted");
    case JobState::completed:
      return Words::tr("Done");
    case JobState::failed:
      return Words::tr("Failed");
    case JobState::cancelled:
      return Words::tr("Cancelled");
  }
  return {};
}

Tone stateTone(const JobSnapshot& job) {
  if (job.state == JobState::failed) return Tone::error;
  if (job.state == JobState::paused && !job.message.empty()) return Tone::prefill;
  if (job.state == JobState::queued) return Tone::queue;
  if (job.state == JobState::paused || job.state == JobState::cancelled) return Tone::muted;
  return Tone::accent;
}

QString progressText(const JobSnapshot& job) {
  if (job.state == JobState::completed) return formatBytes(job.total_bytes);
  QStringList parts;
  if (job.total_bytes > 0 && job.state != JobState::cancelled)
    parts << Words::tr("%1 of %2").arg(formatBytes(job.done_bytes), formatBytes(job.total_bytes));
  if (job.state == JobState::downloading && job.bytes_per_second > 0)
    parts << Words::tr("%1/s").arg(formatBytes(static_cast<uint64_t>(job.bytes_per_second)));
  if (job.state == JobState::downloading && job.eta_s >= 0)
    parts << Words::tr("%1 left").arg(formatSeconds(std::max(job.eta_s, 1.0)));
  return parts.join(QStringLiteral(" · "));
}

double fractionOf(const JobSnapshot& job) {
  if (job.state == JobState::completed) return 1;
  if (job.total_bytes == 0) return 0;
  return static_cast<double>(job.done_bytes) / static_cast<double>(job.total_bytes);
}

QString filesText(const JobSnapshot& job) {
  if (job.files.empty()) return {};
  const auto is_done = [](const FileSnapshot& file) { return file.state == FileState::present; };
  const auto done = std::count_if(job.files.begin(), job.files.end(), is_done);
  QString text = Words::tr("%1 of %2 files").arg(done).arg(job.files.size());
  const auto current = std::find_if(job.files.begin(), job.files.end(), [](const FileSnapshot& file) {
    return file.state != FileState::present && file.state != FileState::waiting;
  });
  if (current != job.files.end()) text += QStringLiteral(" · ") + qs(current->path);
  return text;
}

QString shortCount(uint64_t count) {
  if (count >= 10'000'000) return Words::tr("%1 M").arg(static_cast<double>(count) / 1e6, 0, 'f', 0);
  if (count >= 1'000'000) return Words::tr("%1 M").arg(static_cast<double>(count) / 1e6, 0, 'f', 1);
  if (count >= 10'000) return Words::tr("%1 k").arg(static_cast<double>(count) / 1e3, 0, 'f', 0);
  if (count >= 1'000) return Words::tr("%1 k").arg(static_cast<double>(count) / 1e3, 0, 'f', 1);
  return QString::number(count);
}

}  // namespace flightdeck
