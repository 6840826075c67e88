// The engine the window works with: loads and unloads it in the background and reads its statistics ten times a second
// while something looks at them or a request runs. GUI thread only.
#pragma once

#include <QObject>
#include <QTimer>
#include <deque>
#include <memory>
#include <stop_token>

#include "ui/background.h"
#include "ui/services.h"
#include "ui/settings_model.h"

namespace flightdeck {

class EngineSession : public QObject {
  Q_OBJECT
 public:
  enum class State : uint8_t { none, loading, ready };
  /// One poll, kept for the charts.
  struct Sample {
    double at_s = 0;  // since the session began
    double decode_tokens_per_s = 0;
    double prefill_tokens_per_s = 0;
  };

  EngineSession(const Services& services, Background& background, SettingsModel& settings);
  ~EngineSession() override;

  State state() const { return state_; }
  std::shared_ptr<Inference> engine() const { return engine_; }
  QString loadingName() const { return loading_name_; }
  QString loadPhase() const { return load_phase_; }
  double loadFraction() const { return load_fraction_; }
  const EngineStats& stats() const { return stats_; }
  const std::deque<Sample>& history() const { return history_; }  // the last 60 s
  double now() const;

  /// Unloads what is there (its requests end as cancelled), then loads. The newest call wins.
  void load(const std::string& engine_dir);
  void cancelLoad();
  void unload();
  /// Polling also goes on while a request runs.
  void setWatched(bool watched);
  /// Called when a request was handed to the engine, so that polling begins at once.
  void wake();
  bool supports(const std::string& engine_dir) const { return engine_ && engine_->info().path == engine_dir; }

 Q_SIGNALS:
  void stateChanged();
  void loadProgress();
  void loadFailed(const QString& name, const QString& message);
  void statsChanged();

 private:
  static QString phaseName(const std::string& phase);
  void poll();
  void release();
  void onLoaded(int generation, const QString& name, const std::string& path,
                Result<std::shared_ptr<Inference>> result);
  const Services& services_;
  Background& background_;
  SettingsModel& settings_;
  State state_ = State::none;
  std::shared_ptr<Inference> engine_;
  std::stop_source stop_;
  int generation_ = 0;
  QString loading_name_, load_phase_;
  double load_fraction_ = 0;
  EngineStats stats_;
  std::deque<Sample> history_;
  QTimer timer_;
  bool watched_ = false;
  int idle_polls_ = 0;
};

}  // namespace flightdeck
