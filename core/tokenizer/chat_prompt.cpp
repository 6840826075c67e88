#include "core/tokenizer/chat_prompt.h"

#include <algorithm>

#include "core/tokenizer/template_prompt.h"

namespace flightdeck {
namespace {

constexpr const char* starter_name = "Flightdeck";
constexpr const char* baichuan_name = "Baichuan";
constexpr const char* chatml_name = "ChatML";
constexpr const char* llama2_name = "Llama 2";
constexpr const char* mistral_name = "Mistral";
constexpr const char* template_name = "the model's own template";

using Ids = std::vector<int32_t>;

void append(Ids& ids, const Ids& more) { ids.insert(ids.end(), more.begin(), more.end()); }

/// The id of a control token, -1 when the vocabulary has no such token or it is an ordinary piece.
int32_t control_id(const Tokenizer& tokenizer, std::string_view spelling) {
  const int32_t id = tokenizer.id_of(spelling);
  return id >= 0 && tokenizer.is_control(id) ? id : -1;
}

/// A marker is one id where the vocabulary has it as a control token (Mistral v2 and later), spelled text elsewhere.
Ids marker(const Tokenizer& tokenizer, std::string_view text) {
  const int32_t id = control_id(tokenizer, text);
  return id >= 0 ? Ids{id} : tokenizer.encode(text);
}

/// Ids of a text that goes on after a line end: without the blank that SentencePiece puts before a text.
Ids encode_after_newline(const Tokenizer& tokenizer, const std::string& text) {
  if (!tokenizer.adds_leading_space() || text.empty()) return tokenizer.encode(text);
  const Ids newline = tokenizer.encode("\n"), both = tokenizer.encode("\n" + text);
  if (both.size() < newline.size() || !std::equal(newline.begin(), newline.end(), both.begin()))
    return tokenizer.encode(text);
  return Ids(both.begin() + static_cast<std::ptrdiff_t>(newline.size()), both.end());
}

bool folds_system_text(const std::string& format) { return format == llama2_name || format == mistral_name; }

/// Llama 2 and Mistral have no place of its own for the system text: it begins the first user message.
std::string folded(const std::string& format, const std::string& system, const std::string& user) {
  if (system.empty()) return user;
  return format == llama2_name ? "<<SYS>>\n" + system + "\n<</SYS>>\n\n" + user : system + "\n\n" + user;
}

/// All system texts in one.
std::string system_text(const std::vector<ChatMessage>& messages) {
  std::string text;
  for (const ChatMessage& message : messages)
    if (message.role == Role::system && !message.text.empty()) text += (text.empty() ? "" : "\n") + message.text;
  return text;
}

/// One conversation in one format; every turn is encoded once, however often the prompt is put together.
class PromptWriter {
 public:
  using Frame = ChatPrompt::Frame;
  struct Format {
    const std::string& name;
    const Ids& begin;
    const Frame &system, &user, &assistant;
  };

  PromptWriter(const Tokenizer& tokenizer, Format format, const std::vector<ChatMessage>& messages)
      : tokenizer_(tokenizer), format_(format), system_text_(system_text(messages)) {
    for (const ChatMessage& message : messages)
      if (message.role != Role::system) turns_.push_back(message);
    for (size_t i = 0; i < turns_.size(); ++i) encoded_.push_back(turn(i, turns_[i].text));
    if (!system_text_.empty() && !folds_system_text(format_.name))
      system_ids_ = framed(format_.system, is_plain() && !turns_.empty() ? system_text_ + "\n" : system_text_, true);
  }

  /// The prompt of the turns from `start` on.
  Ids prompt(size_t start) const {
    Ids ids = is_plain() && tokenizer_.add_bos() ? Ids{tokenizer_.bos_id()} : format_.begin;
    append(ids, system_ids_);
    for (size_t i = start; i < turns_.size(); ++i) append(ids, i == start ? first_turn(i) : encoded_[i]);
    append(ids, format_.assistant.before);
    return ids;
  }

  /// The turn to begin with so that about `surplus` tokens or more disappear; at the latest the last user message.
  size_t drop(size_t start, size_t surplus) const {
    size_t removed = 0, next = start;
    for (size_t i = start + 1; i < turns_.size() && removed < surplus; ++i) {
      if (turns_[i].role != Role::user) continue;
      for (; next < i; ++next) removed += encoded_[next].size();
    }
    return next;
  }

  size_t last_tokens() const { return encoded_.empty() ? 0 : encoded_.back().size(); }

 private:
  bool is_plain() const { return format_.name.empty(); }

  Ids framed(const Frame& frame, const std::string& text, bool begins_line) const {
    Ids ids = frame.before;
    const bool goes_on = format_.name == chatml_name || !begins_line;
    append(ids, goes_on ? encode_after_newline(tokenizer_, text) : tokenizer_.encode(text));
    append(ids, frame.after);
    return ids;
  }

  Ids turn(size_t i, const std::string& text, bool first = false) const {
    const Frame& frame = turns_[i].role == Role::user ? format_.user : format_.assistant;
    const bool ends_line = is_plain() && i + 1 < turns_.size();
    return framed(frame, ends_line ? text + "\n" : text, !is_plain() || (first && system_ids_.empty()));
  }

  Ids first_turn(size_t i) const {
    if (is_plain()) return turn(i, turns_[i].text, true);
    if (turns_[i].role != Role::user || !folds_system_text(format_.name)) return encoded_[i];
    return turn(i, folded(format_.name, system_text_, turns_[i].text));
  }

  const Tokenizer& tokenizer_;
  Format format_;
  std::string system_text_;
  std::vector<ChatMessage> turns_;  // without the system texts
  std::vector<Ids> encoded_;
  Ids system_ids_;
};

}  // namespace

ChatPrompt ChatPrompt::choose(const Tokenizer& tokenizer, const std::string& architecture, const ChatTemplate& source) {
  if (source.text.empty()) return detect(tokenizer, architecture, "");
  auto made = TemplatePrompt::make(tokenizer, source);
  if (!made) {
    ChatPrompt known = detect(tokenizer, architecture, source.text);
    known.problem_ = made.error().message;
    return known;
  }
  ChatPrompt prompt;
  prompt.name_ = template_name;
  prompt.stop_ids_ = made->stop_ids();
  prompt.template_ = std::make_shared<const TemplatePrompt>(std::move(*made));
  return prompt;
}

ChatPrompt ChatPrompt::detect(const Tokenizer& tokenizer, const std::string& architecture,
                              const std::string& chat_template) {
  ChatPrompt prompt;
  const auto id = [&](std::string_view text) { return control_id(tokenizer, text); };
  const auto has = [&](const char* text) { return chat_template.find(text) != std::string::npos; };
  const int32_t bos = tokenizer.bos_id(), eos = tokenizer.eos_id(), end = id("<|end|>");
  const Ids begin = bos >= 0 ? Ids{bos} : Ids{};

  if (end >= 0 && id("<|system|>") >= 0 && id("<|user|>") >= 0 && id("<|assistant|>") >= 0) {
    prompt.name_ = starter_name;
    prompt.begin_ = begin;
    prompt.system_ = {{id("<|system|>")}, {end}};
    prompt.user_ = {{id("<|user|>")}, {end}};
    prompt.assistant_ = {{id("<|assistant|>")}, {end}};
    prompt.stop_ids_ = {end};
  } else if ((architecture == "BaichuanForCausalLM" || architecture == "BaiChuanForCausalLM") &&
             tokenizer.vocab_size() >= 197) {
    prompt.name_ = baichuan_name;
    prompt.user_.before = {195};
    prompt.assistant_.before = {196};
    prompt.stop_ids_ = {eos >= 0 ? eos : 2, 195};
  } else if (id("<|im_start|>") >= 0 && id("<|im_end|>") >= 0) {
    prompt.name_ = chatml_name;
    const auto frame = [&](const char* role) {
      Frame made{{id("<|im_start|>")}, {id("<|im_end|>")}};
      append(made.before, tokenizer.encode(role));
      append(made.after, tokenizer.encode("\n"));
      return made;
    };
    prompt.system_ = frame("system\n");
    prompt.user_ = frame("user\n");
    prompt.assistant_ = frame("assistant\n");
    prompt.stop_ids_ = {id("<|im_end|>")};
  } else if (has("<<SYS>>") && has("[INST]") && bos >= 0 && eos >= 0) {
    prompt.name_ = llama2_name;
    prompt.user_ = {begin, marker(tokenizer, "[/INST]")};
    append(prompt.user_.before, marker(tokenizer, "[INST]"));
    if (const int32_t blank = tokenizer.id_of("\xe2\x96\x81"); blank >= 0) prompt.assistant_.after = {blank};
    prompt.assistant_.after.push_back(eos);
    prompt.stop_ids_ = {eos};
  } else if ((has("[INST]") || id("[INST]") >= 0) && eos >= 0) {
    prompt.name_ = mistral_name;
    prompt.begin_ = begin;
    prompt.user_ = {marker(tokenizer, "[INST]"), marker(tokenizer, "[/INST]")};
    prompt.assistant_.after = {eos};
    prompt.stop_ids_ = {eos};
  }
  return prompt;
}

Result<std::vector<int32_t>> ChatPrompt::encode(const Tokenizer& tokenizer, const std::vector<ChatMessage>& messages,
                                                int max_tokens, int* dropped) const {
  if (template_) return template_->encode(tokenizer, messages, max_tokens, dropped);
  const PromptWriter writer(tokenizer, {name_, begin_, system_, user_, assistant_}, messages);
  const auto limit = static_cast<size_t>(std::max(max_tokens, 0));
  size_t start = 0;
  std::vector<int32_t> ids = writer.prompt(start);
  while (ids.size() > limit) {
    const size_t next = writer.drop(start, ids.size() - limit);
    if (next == start)
      return fail(ErrorKind::invalid_input,
                  "The prompt has {} tokens without any older message ({} of them the last message), {} fit: shorten "
                  "the message or the system text, or choose an engine with a longer context",
                  ids.size(), writer.last_tokens(), limit);
    start = next;
    ids = writer.prompt(start);
  }
  if (ids.empty()) return fail(ErrorKind::invalid_input, "the prompt is empty: type a message first");
  if (dropped) *dropped = static_cast<int>(start);
  return ids;
}

}  // namespace flightdeck
