#include "app/cli/conversation.h"

#include <CLI/StringTools.hpp>
#include <CLI/TypeTools.hpp>

#include "app/cli/answers.h"
#include "app/cli/terminal.h"
#include "core/base/file.h"
#include "core/bench/in_flight.h"

namespace flightdeck::cli {
namespace {

constexpr const char* kHelp =
    "/help            this list\n"
    "/system [TEXT]   the system text, empty to have none; starts the conversation anew\n"
    "/reset           start anew\n"
    "/save FILE       write the conversation as Markdown\n"
    "/stats           numbers of the last answer and of the engine\n"
    "/temp X          temperature; 0: always the most likely token\n"
    "/max N           tokens of an answer at most\n"
    "/quit            leave (also Ctrl-D)\n"
    "A line that ends with a backslash goes on in the next. Ctrl-C stops an answer, twice it leaves.\n";

template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  fmt::print(stderr, "{}\n", fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

Conversation::Conversation(Inference& engine, SamplingParams sampling, int maxTokens, std::string system)
    : engine_(engine), sampling_(std::move(sampling)), maxTokens_(maxTokens), system_(std::move(system)) {
  for (const int32_t id : engine.chat_prompt().stop_ids()) sampling_.stop_ids.push_back(id);
  reset();
}

void Conversation::reset() {
  messages_.clear();
  if (!system_.empty()) messages_.push_back({Role::system, system_});
}

Conversation::Outcome Conversation::command(const std::string& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string name = line.substr(0, end);
  const std::string value = CLI::detail::trim_copy(line.substr(end));
  double number = 0;
  const bool isNumber = CLI::detail::lexical_cast(value, number);
  if (name == "/quit" || name == "/exit") return Outcome::quit;
  if (name == "/help") {
    fmt::print(stderr, "{}", kHelp);
  } else if (name == "/reset") {
    reset();
    say("A new conversation.");
  } else if (name == "/system") {
    system_ = value;
    reset();
    say("{}", value.empty() ? "No system text; a new conversation." : "System text set; a new conversation.");
  } else if (name == "/save") {
    const Result<void> saved = value.empty() ? fail(ErrorKind::invalid_input, "/save needs a file name") : save(value);
    say("{}", saved ? "Saved to " + value : saved.error().message);
  } else if (name == "/stats") {
    printStats();
  } else if (name == "/temp" && isNumber && number >= 0 && number <= 100) {
    sampling_.temperature = number;
    say("Temperature {}", number);
  } else if (name == "/max" && isNumber && number >= 1 && number < engine_.info().context_tokens) {
    maxTokens_ = static_cast<int>(number);
    say("At most {} tokens an answer", maxTokens_);
  } else if (name == "/temp") {
    say("/temp takes a number from 0 to 100");
  } else if (name == "/max") {
    say("/max takes a number from 1 to {}", engine_.info().context_tokens - 1);
  } else {
    say("There is no command {}; /help lists them", name);
  }
  return Outcome::done;
}

Result<std::vector<int32_t>> Conversation::prompt() {
  int dropped = 0;
  const int room = engine_.info().context_tokens - maxTokens_;
  TRY(std::vector<int32_t> ids, engine_.chat_prompt().encode(engine_.tokenizer(), messages_, room, &dropped));
  if (dropped > 0) say("(the oldest {} messages no longer fit into the context and are left out)", dropped);
  return ids;
}

Result<void> Conversation::ask(const std::string& text, std::stop_token stop) {
  messages_.push_back({Role::user, text});
  Request request;
  auto ids = prompt();
  if (!ids) {
    messages_.pop_back();
    return tl::unexpected(ids.error());
  }
  request.prompt = std::move(*ids);
  request.max_tokens = maxTokens_;
  request.sampling = sampling_;
  request.label = "chat";
  Answers answers(1);
  InFlight requests(engine_);
  if (const auto id = requests.submit(std::move(request), answers.sink(0)); !id) {
    messages_.pop_back();
    return tl::unexpected(id.error());
  }
  size_t shown = 0;
  for (bool done = false; !done && !stop.stop_requested();) {
    const std::string more = answers.newText(0, shown, done, stop);
    printModelText(more);
    shown += more.size();
  }
  const Result<void> ended = requests.wait_all(stop);
  const Answer& answer = answers.all().front();
  printModelText(answer.text.substr(shown) + "\n");
  messages_.push_back({Role::assistant, answer.text});
  last_ = answer.completion;
  if (answer.completion.reason == FinishReason::cancelled) say("(stopped)");
  if (answer.completion.reason == FinishReason::length) say("(cut after {} tokens; /max changes that)", maxTokens_);
  return ended || ended.error().kind == ErrorKind::cancelled ? Result<void>() : ended;
}

void Conversation::printStats() const {
  if (last_) {
    const RequestStats& stats = last_->stats;
    say("last answer: {} prompt tokens ({} from the cache), {} generated, first after {:.0f} ms, {:.1f} tok/s",
        stats.prompt_tokens, stats.reused_tokens, stats.generated_tokens, stats.first_token_ms,
        stats.decode_tokens_per_s);
  }
  const EngineInfo& info = engine_.info();
  const EngineStats stats = engine_.stats();
  say("engine {} ({}) on {}: weights {}, KV cache {} ({} of {} blocks used), context {} tokens", info.name,
      info.qformat, info.device_name, humanBytes(info.weight_bytes), humanBytes(info.kv_cache_bytes),
      stats.used_kv_blocks, stats.max_kv_blocks, info.context_tokens);
}

Result<void> Conversation::save(const std::string& path) const {
  std::string text = fmt::format("# Chat with {}\n", engine_.info().name);
  for (const ChatMessage& message : messages_) {
    const char* who = message.role == Role::system ? "System" : message.role == Role::user ? "You" : "Assistant";
    text += fmt::format("\n## {}\n\n{}\n", who, message.text);
  }
  return write_file_atomically(path, text);
}

}  // namespace flightdeck::cli
