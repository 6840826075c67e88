#include "ui/build/build_job.h"

#include "ui/format.h"

namespace flightdeck {

void BuildJob::start(const BuildOptions& options) {
  if (running_) return;
  options_ = options;
  progress_ = {};
  phases_.clear();
  stop_ = std::stop_source();
  running_ = true;
  Q_EMIT started();
  auto report = [this, guard = QPointer<QObject>(this)](const BuildProgress& progress) {
    background_.post(guard, [this, progress] {
      if (!running_) return;
      progress_ = progress;
      Phase& phase = phases_[progress.phase];
      phase.seconds = progress.phase_seconds;
      if (!progress.detail.empty()) phase.detail = progress.detail;
      Q_EMIT progressed();
    });
  };
  background_.run(
      this,
      [build = services_.build_engine, options, report, stop = stop_.get_token()] {
        return build(options, report, stop);
      },
      [this](const Result<EngineManifest>& result) {
        running_ = false;
        if (result)
          Q_EMIT succeeded(*result);
        else if (result.error().kind == ErrorKind::cancelled)
          Q_EMIT cancelled();
        else
          Q_EMIT failed(qs(result.error().message));
      });
}

}  // namespace flightdeck
