#include "ui/chat/generator.h"

#include <QRandomGenerator>
#include <algorithm>

#include "ui/format.h"

namespace flightdeck {
namespace {
constexpr int kSaveMs = 900;  // a partial answer is on the disk within a second
}

Generator::Generator(Context& context) : context_(context) {
  save_timer_.setInterval(kSaveMs);
  connect(&save_timer_, &QTimer::timeout, this, &Generator::savePartialAnswers);
  connect(&context_.feed, &TokenFeed::updated, this, &Generator::onUpdate);
}

Result<Generator::Submitted> Generator::submit(const Services& services, const std::weak_ptr<Inference>& weak,
                                               const std::vector<ChatMessage>& prompt, const ChatOptions& options,
                                               const std::string& label, StreamId stream,
                                               std::shared_ptr<TokenFeed::Inbox> inbox,
                                               std::shared_ptr<std::atomic<bool>> stop) {
  const std::shared_ptr<Inference> engine = weak.lock();
  if (!engine)
    return fail(ErrorKind::not_found, "No engine is open. Open one on the Models page and press Regenerate.");
  const int context = engine->info().context_tokens;
  const int answer = std::clamp(options.max_tokens, 1, std::max(1, context / 2));
  Submitted submitted;
  Request request;
  TRY(request.prompt, services.encode_chat(*engine, prompt, context - answer, &submitted.dropped));
  request.max_tokens = std::max(1, std::min(options.max_tokens, context - static_cast<int>(request.prompt.size())));
  request.sampling = options.use_model_sampling ? engine->default_sampling() : options.sampling;
  if (request.sampling.seed == 0) request.sampling.seed = QRandomGenerator::system()->generate64();
  for (int32_t id : engine->chat_prompt().stop_ids()) request.sampling.stop_ids.push_back(id);
  request.label = label;
  if (*stop) return fail(ErrorKind::cancelled, "stopped");
  RequestSink sink;
  sink.on_token = [inbox, stream, stop](const TokenEvent& event) {
    inbox->pushText(stream, event.text, event.generated_tokens);
    return !stop->load();
  };
  sink.on_prefill = [inbox, stream](int done, int total) { inbox->pushPrefill(stream, done, total); };
  sink.on_done = [inbox, stream](const Completion& completion) { inbox->pushCompletion(stream, completion); };
  TRY(submitted.request, engine->submit(std::move(request), std::move(sink)));
  if (*stop) engine->cancel(submitted.request);
  return submitted;
}

void Generator::start(const Message& answer, std::vector<ChatMessage> prompt, const ChatOptions& options,
                      const QString& label) {
  Running running;
  running.answer = answer;
  running.stop = std::make_shared<std::atomic<bool>>(false);
  running.engine = context_.session.engine();
  const auto work = [&services = context_.services, engine = running.engine, prompt = std::move(prompt), options,
                     label = label.toStdString(), id = answer.id, inbox = context_.feed.inbox(),
                     stop = running.stop] { return submit(services, engine, prompt, options, label, id, inbox, stop); };
  running_[answer.id] = std::move(running);
  Q_EMIT progressed(answer.conversation, answer.id, {});
  if (!save_timer_.isActive()) save_timer_.start();
  context_.background.run(this, work,
                          [this, id = answer.id](Result<Submitted> result) { onSubmitted(id, std::move(result)); });
}

void Generator::onSubmitted(MessageId id, Result<Submitted> result) {
  const auto found = running_.find(id);
  if (!result) {
    Completion completion;
    completion.reason = result.error().kind == ErrorKind::cancelled ? FinishReason::cancelled : FinishReason::failed;
    completion.error = result.error().message;
    finish(id, completion);
    return;
  }
  context_.session.wake();
  if (found == running_.end()) return;  // it was over before we heard of its beginning
  found->second.live.request = result->request;
  found->second.live.dropped_messages = result->dropped;
  Q_EMIT progressed(found->second.answer.conversation, id, found->second.live);
}

void Generator::measureThought(Running& running, const std::string& text) {
  const bool was_thinking = running.live.thinking;
  running.thought.append(QString::fromStdString(text));
  running.live.thinking = running.thought.thinking();
  // A short thought may come and go in one update.
  const bool thought =
      was_thinking || running.live.thinking || (running.thought.hasThought() && running.live.thinking_ms == 0);
  if (!thought || !running.since_first_token.isValid()) return;
  running.live.thinking_ms = static_cast<double>(running.since_first_token.nsecsElapsed()) / 1e6;
  running.answer.stats.thinking_ms = running.live.thinking_ms;
}

void Generator::onUpdate(const FeedUpdate& update) {
  const auto found = running_.find(update.stream);
  if (found == running_.end()) return;
  Running& running = found->second;
  if (update.prefill_done >= 0) {
    running.live.prefill_done = update.prefill_done;
    running.live.prefill_total = update.prefill_total;
  }
  if (update.generated_tokens >= 0) {
    running.live.generated_tokens = update.generated_tokens;
    if (!running.since_first_token.isValid()) {
      running.since_first_token.start();
      running.first_tokens = update.generated_tokens;
    }
    const double seconds = static_cast<double>(running.since_first_token.nsecsElapsed()) / 1e9;
    if (seconds > 0.05) running.live.tokens_per_s = (update.generated_tokens - running.first_tokens) / seconds;
  }
  if (!update.text.empty()) {
    running.answer.text += update.text;
    measureThought(running, update.text);
    running.unsaved = true;
    Q_EMIT textAdded(running.answer.conversation, update.stream, update.text);
  }
  Q_EMIT progressed(running.answer.conversation, update.stream, running.live);
  if (update.completion) finish(update.stream, *update.completion);
}

void Generator::finish(MessageId id, const Completion& completion) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  Message answer = std::move(found->second.answer);
  running_.erase(found);
  if (running_.empty()) save_timer_.stop();
  answer.finish = completion.reason;
  const double thinking_ms = answer.stats.thinking_ms;
  answer.stats = completion.stats;
  answer.stats.thinking_ms = thinking_ms;
  answer.error = completion.error;
  answer.state = completion.reason == FinishReason::failed      ? MessageState::failed
                 : completion.reason == FinishReason::cancelled ? MessageState::partial
                                                                : MessageState::complete;
  save(answer);
  Q_EMIT finished(answer);
}

void Generator::stop(MessageId id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  *found->second.stop = true;
  const auto engine = found->second.engine.lock();
  if (engine && found->second.live.request) engine->cancel(found->second.live.request);
}

void Generator::stopConversation(ConversationId id) {
  for (const auto& [message, running] : running_)
    if (running.answer.conversation == id) stop(message);
}

std::pair<ConversationId, MessageId> Generator::answerOf(RequestId request) const {
  for (const auto& [id, running] : running_)
    if (running.live.request == request) return {running.answer.conversation, id};
  return {0, 0};
}

void Generator::save(const Message& message) {
  context_.storage.call<void>(
      this, [message](ChatStore& store) { return store.update_message(message); },
      [this](const Result<void>& result) {
        if (!result) Q_EMIT saveFailed(qs(result.error().message));
      });
}

void Generator::savePartialAnswers() {
  for (auto& [id, running] : running_)
    if (std::exchange(running.unsaved, false)) save(running.answer);
}

void Generator::shutDown() {
  for (auto& [id, running] : running_) {
    stop(id);
    running.answer.state = MessageState::partial;
    running.answer.finish = FinishReason::cancelled;
    save(running.answer);
  }
  running_.clear();
  save_timer_.stop();
}

}  // namespace flightdeck
