// One build in the background: progress, cancel, result. GUI thread only; the build itself runs on a worker.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <map>
#include <stop_token>

#include "ui/background.h"
#include "ui/services.h"

namespace flightdeck {

class BuildJob : public QObject {
  Q_OBJECT
 public:
  BuildJob(const Services& services, Background& background) : services_(services), background_(background) {}
  ~BuildJob() override { stop_.request_stop(); }

  void start(const BuildOptions& options);
  void cancel() { stop_.request_stop(); }
  bool running() const { return running_; }
  bool cancelling() const { return running_ && stop_.stop_requested(); }
  const BuildOptions& options() const { return options_; }
  const BuildProgress& progress() const { return progress_; }
  /// Seconds and last words of every phase so far.
  struct Phase {
    double seconds = 0;
    std::string detail;
  };
  const std::map<BuildPhase, Phase>& phases() const { return phases_; }

 Q_SIGNALS:
  void started();
  void progressed();
  void succeeded(const flightdeck::EngineManifest& manifest);
  void failed(const QString& message);
  void cancelled();

 private:
  const Services& services_;
  Background& background_;
  BuildOptions options_;
  BuildProgress progress_;
  std::map<BuildPhase, Phase> phases_;
  std::stop_source stop_;
  bool running_ = false;
};

}  // namespace flightdeck
