#include "ui/engine_session.h"

#include <QElapsedTimer>
#include <filesystem>

#include "ui/format.h"

namespace flightdeck {
namespace {
constexpr int kPollMs = 100;
constexpr double kHistorySeconds = 60;
constexpr int kIdlePolls = 20;  // rates need two seconds to fall to zero after the last request

double secondsNow() {
  static const QElapsedTimer timer = [] {
    QElapsedTimer t;
    t.start();
    return t;
  }();
  return static_cast<double>(timer.elapsed()) / 1000;
}
}  // namespace

EngineSession::EngineSession(const Services& services, Background& background, SettingsModel& settings)
    : services_(services), background_(background), settings_(settings) {
  timer_.setInterval(kPollMs);
  connect(&timer_, &QTimer::timeout, this, &EngineSession::poll);
}

EngineSession::~EngineSession() { stop_.request_stop(); }

QString EngineSession::phaseName(const std::string& phase) {
  if (phase == "read") return tr("reading");
  if (phase == "pack") return tr("packing weights");
  if (phase == "warm up") return tr("warming up");
  return qs(phase);
}

double EngineSession::now() const { return secondsNow(); }

void EngineSession::release() {
  timer_.stop();
  stats_ = {};
  if (!engine_) return;
  // Joining the engine thread may take a step: never on this thread.
  background_.run([engine = std::move(engine_)]() mutable { engine.reset(); });
  engine_.reset();
}

void EngineSession::load(const std::string& engine_dir) {
  stop_.request_stop();
  stop_ = std::stop_source();
  release();
  const QString name = qs(std::filesystem::path(engine_dir).filename().string());
  loading_name_ = name;
  load_phase_ = QString();
  load_fraction_ = 0;
  state_ = State::loading;
  Q_EMIT stateChanged();

  EngineOptions options;
  const Settings& settings = settings_.value();
  options.device = settings.device;
  options.threads = settings.cpu_threads;
  options.max_batch_size = settings.max_batch_size;
  options.kv_cache_fraction = settings.kv_cache_fraction;
  const int generation = ++generation_;
  auto report = [this, generation, guard = QPointer<QObject>(this), last = -1.0,
                 phase = std::string()](const LoadProgress& progress) mutable {
    if (progress.fraction - last < 0.01 && phase == progress.phase) return;
    last = progress.fraction;
    phase = progress.phase;
    background_.post(guard, [this, generation, fraction = progress.fraction, text = phaseName(progress.phase)] {
      if (generation != generation_ || state_ != State::loading) return;
      load_fraction_ = fraction;
      load_phase_ = text;
      Q_EMIT loadProgress();
    });
  };
  background_.run(
      this,
      [load = services_.load_engine, engine_dir, options, report, stop = stop_.get_token()]() mutable {
        auto loaded = load(engine_dir, options, report, stop);
        if (!loaded) return Result<std::shared_ptr<Inference>>(tl::unexpected(std::move(loaded).error()));
        return Result<std::shared_ptr<Inference>>(std::shared_ptr<Inference>(std::move(*loaded)));
      },
      [this, generation, name, engine_dir](Result<std::shared_ptr<Inference>> result) {
        onLoaded(generation, name, engine_dir, std::move(result));
      });
}

void EngineSession::onLoaded(int generation, const QString& name, const std::string& path,
                             Result<std::shared_ptr<Inference>> result) {
  if (generation != generation_) {  // a newer load or a cancel came in between
    if (result) background_.run([late = std::move(*result)]() mutable { late.reset(); });
    return;
  }
  if (!result) {
    state_ = State::none;
    Q_EMIT stateChanged();
    if (result.error().kind != ErrorKind::cancelled) Q_EMIT loadFailed(name, qs(result.error().message));
    return;
  }
  engine_ = std::move(*result);
  state_ = State::ready;
  if (settings_.value().last_engine != path) settings_.change([&](Settings& s) { s.last_engine = path; });
  Q_EMIT stateChanged();
  wake();
}

void EngineSession::cancelLoad() {
  if (state_ != State::loading) return;
  stop_.request_stop();
  ++generation_;
  state_ = State::none;
  Q_EMIT stateChanged();
}

void EngineSession::unload() {
  cancelLoad();
  release();
  state_ = State::none;
  Q_EMIT stateChanged();
  Q_EMIT statsChanged();
}

void EngineSession::setWatched(bool watched) {
  watched_ = watched;
  if (watched) wake();
}

void EngineSession::wake() {
  idle_polls_ = 0;
  if (engine_ && !timer_.isActive()) {
    timer_.start();
    poll();
  }
}

void EngineSession::poll() {
  if (!engine_) return timer_.stop();
  stats_ = engine_->stats();
  const double at = now();
  history_.push_back({at, stats_.decode_tokens_per_s, stats_.prefill_tokens_per_s});
  while (!history_.empty() && history_.front().at_s < at - kHistorySeconds - 1) history_.pop_front();
  idle_polls_ = stats_.active_requests + stats_.queued_requests > 0 ? 0 : idle_polls_ + 1;
  if (!watched_ && idle_polls_ > kIdlePolls) timer_.stop();
  Q_EMIT statsChanged();
}

}  // namespace flightdeck
