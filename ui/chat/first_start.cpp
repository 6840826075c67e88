#include "ui/chat/first_start.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/build/build_texts.h"
#include "ui/format.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/meter_bar.h"

namespace flightdeck {

FirstStart::FirstStart(Context& context, QWidget* parent) : QStackedWidget(parent), context_(context) {
  state_ = new EmptyState(QStringLiteral("chat"), {}, {}, {});
  addWidget(state_);
  progress_page_ = new QWidget;
  auto* column = makeBox<QVBoxLayout>(progress_page_, space::xl, space::m);
  phase_ = makeLabel({}, type::title, Tone::text, FontKind::semibold);
  phase_->setAlignment(Qt::AlignCenter);
  bar_ = new MeterBar;
  bar_->setFixedWidth(360);
  bar_->setAccessibleName(tr("Progress of the build"));
  detail_ = makeLabel({}, type::small, Tone::muted);
  detail_->setAlignment(Qt::AlignCenter);
  auto* cancel = makeButton(tr("Cancel"));
  column->addStretch(2);
  column->addWidget(phase_);
  column->addWidget(bar_, 0, Qt::AlignHCenter);
  column->addWidget(detail_);
  column->addWidget(cancel, 0, Qt::AlignHCenter);
  column->addStretch(3);
  addWidget(progress_page_);
  connect(cancel, &QPushButton::clicked, this, [this] { stop_.request_stop(); });
  connect(state_, &EmptyState::pressed, this, &FirstStart::act);
  connect(&context_.library, &Library::changed, this, &FirstStart::refresh);
  connect(&context_.session, &EngineSession::stateChanged, this, &FirstStart::refresh);
  refresh();
}

FirstStart::~FirstStart() { stop_.request_stop(); }

void FirstStart::refresh() {
  if (building_) return;
  setCurrentWidget(state_);
  const EngineSession& session = context_.session;
  if (session.state() == EngineSession::State::ready) {
    action_ = Action::none;
    const EngineInfo& info = session.engine()->info();
    state_->setTexts(
        tr("Ask %1 something").arg(qs(info.model.empty() ? info.name : info.model)),
        tr("It runs on this computer (%1) and remembers %2 tokens of a conversation. Enter sends, Shift+Enter "
           "breaks the line, Esc stops an answer.")
            .arg(qs(info.device_name.empty() ? info.device : info.device_name), formatCount(info.context_tokens)),
        {});
  } else if (session.state() == EngineSession::State::loading) {
    action_ = Action::none;
    state_->setTexts(tr("Opening %1").arg(session.loadingName()),
                     tr("You can write already; sending waits for the engine."), {});
  } else if (!error_.isEmpty()) {
    action_ = Action::build_starter;
    state_->setTexts(tr("The engine could not be built"), error_, tr("Try again"));
  } else if (!context_.library.listed()) {
    action_ = Action::none;
    state_->setTexts({}, {}, {});
  } else if (!context_.library.engines().empty()) {
    action_ = Action::go_to_models;
    state_->setTexts(tr("No engine is open"),
                     tr("An engine is a model made ready for this computer. Open one to chat with it."),
                     tr("Choose an engine"));
  } else if (!context_.services.starter_model.empty()) {
    action_ = Action::build_starter;
    state_->setTexts(
        tr("Welcome aboard"),
        tr("Flightdeck builds engines from language models and chats with them on this computer. A small starter "
           "model comes with it: one click builds its INT8 engine in a few seconds and opens a chat."),
        tr("Build the starter engine and chat"));
  } else {
    action_ = Action::go_to_models;
    state_->setTexts(
        tr("Welcome aboard"),
        tr("Flightdeck builds engines from language models and chats with them on this computer. Import a folder "
           "with a model to begin."),
        tr("Import a model"));
  }
}

void FirstStart::act() {
  if (action_ == Action::build_starter) buildStarter();
  if (action_ == Action::go_to_models) Q_EMIT modelsRequested();
}

void FirstStart::buildStarter() {
  BuildOptions options;
  options.model_dir = context_.services.starter_model;
  options.output_dir = context_.settings.enginesFolder() + "/starter-int8";
  options.qformat = QFormat::int8_wo;
  options.overwrite = true;
  options.max_batch_size = context_.settings.value().max_batch_size;
  options.threads = context_.settings.value().cpu_threads;
  building_ = true;
  error_.clear();
  stop_ = std::stop_source();
  phase_->setText(tr("Building the starter engine"));
  bar_->setFraction(0);
  detail_->setText(tr("starting"));
  setCurrentWidget(progress_page_);
  auto report = [this, guard = QPointer<QObject>(this),
                 &background = context_.background](const BuildProgress& progress) {
    background.post(guard, [this, progress] {
      bar_->setFraction(progress.fraction);
      detail_->setText(progressLine(progress));
    });
  };
  context_.background.run(
      this,
      [build = context_.services.build_engine, options, report, stop = stop_.get_token()] {
        return build(options, report, stop);
      },
      [this, path = options.output_dir](Result<EngineManifest> result) {
        building_ = false;
        if (!result && result.error().kind != ErrorKind::cancelled) error_ = qs(result.error().message);
        context_.library.refresh();
        refresh();
        if (result) Q_EMIT engineReady(path);
      });
}

}  // namespace flightdeck
