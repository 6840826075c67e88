#include "core/tokenizer/template_prompt.h"

#include <algorithm>
#include <ctime>

#include "core/base/quote.h"

namespace flightdeck {
namespace {

using Ids = std::vector<int32_t>;
using Messages = std::vector<ChatMessage>;

std::tm local_time() {
  const std::time_t seconds = std::time(nullptr);
  std::tm now{};
  localtime_r(&seconds, &now);
  return now;
}

const char* name_of(Role role) { return role == Role::system ? "system" : role == Role::user ? "user" : "assistant"; }

jinja::Value to_value(const Messages& messages) {
  std::vector<jinja::Value> made;
  for (const ChatMessage& message : messages) {
    jinja::Dict entry;
    entry.set("role", name_of(message.role));
    entry.set("content", jinja::Value(message.text, jinja::Origin::user));
    made.emplace_back(std::move(entry));
  }
  return jinja::Value(jinja::List(std::move(made)));
}

Messages with_system_folded(const Messages& messages) {
  std::string system;
  Messages made;
  for (const ChatMessage& message : messages) {
    if (message.role != Role::system) {
      made.push_back(message);
    } else if (!message.text.empty()) {
      system += message.text + "\n\n";
    }
  }
  const auto user = std::find_if(made.begin(), made.end(), [](const auto& each) { return each.role == Role::user; });
  if (user != made.end()) user->text = system + user->text;
  return made;
}

Messages with_neighbours_merged(const Messages& messages) {
  Messages made;
  for (const ChatMessage& message : messages) {
    if (!made.empty() && made.back().role == message.role) {
      made.back().text += "\n\n" + message.text;
    } else {
      made.push_back(message);
    }
  }
  return made;
}

bool has_system(const Messages& messages) {
  return std::any_of(messages.begin(), messages.end(), [](const auto& each) { return each.role == Role::system; });
}

/// The system texts and what begins with message `start`.
Messages from(const Messages& messages, size_t start) {
  Messages made;
  for (size_t i = 0; i < messages.size(); ++i)
    if (i >= start || messages[i].role == Role::system) made.push_back(messages[i]);
  return made;
}

/// Where a prompt may begin: at the first message, or at any later question.
std::vector<size_t> round_starts(const Messages& messages) {
  std::vector<size_t> starts{0};
  bool before_first = true;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role == Role::system) continue;
    if (messages[i].role == Role::user && !before_first) starts.push_back(i);
    before_first = false;
  }
  return starts;
}

bool is_too_much(const Error& error) { return error.kind == ErrorKind::no_space; }

int dropped_before(const Messages& messages, size_t start) {
  return static_cast<int>(std::count_if(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(start),
                                        [](const auto& each) { return each.role != Role::system; }));
}

}  // namespace

Ids encode_by_origin(const Tokenizer& tokenizer, const jinja::Text& text) {
  const std::string_view bytes = text.bytes();
  const auto& spans = text.user_spans();
  auto span = spans.begin();
  Ids ids;
  size_t start = 0;
  const auto plain = [&](size_t end) {
    if (start == end) return;
    const Ids more = tokenizer.encode(bytes.substr(start, end - start));
    ids.insert(ids.end(), more.begin(), more.end());
  };
  for (size_t at = 0; at < bytes.size();) {
    while (span != spans.end() && span->end <= at) ++span;
    if (span != spans.end() && span->begin <= at) {
      at = span->end;
      continue;
    }
    const size_t end = span == spans.end() ? bytes.size() : span->begin;
    const SpecialMatch match = tokenizer.special_at(bytes.substr(at, end - at));
    if (match.id < 0) {
      ++at;
      continue;
    }
    plain(at);
    ids.push_back(match.id);
    start = at += match.length;
  }
  plain(bytes.size());
  return ids;
}

Result<TemplatePrompt> TemplatePrompt::make(const Tokenizer& tokenizer, const ChatTemplate& source) {
  TRY(jinja::Template parsed, jinja::Template::parse(source.text, source.file));
  TemplatePrompt made(std::move(parsed));
  for (const auto& [name, text] : source.special_tokens) made.special_tokens_.emplace_back(name, jinja::Value(text));
  const auto add_missing = [&](const char* name, int32_t id) {
    for (const auto& [known, value] : made.special_tokens_)
      if (known == name) return;
    if (id >= 0) made.special_tokens_.emplace_back(name, jinja::Value(tokenizer.piece(id)));
  };
  add_missing("bos_token", tokenizer.bos_id());
  add_missing("eos_token", tokenizer.eos_id());
  TRY_VOID(made.render({{Role::user, "a"}, {Role::assistant, "b"}, {Role::user, "c"}}, {}));
  made.stop_ids_ = made.find_stop_ids(tokenizer);
  return made;
}

Result<jinja::Text> TemplatePrompt::render(const Messages& messages, Repair repair, bool ask) const {
  Messages given = repair.fold_system ? with_system_folded(messages) : messages;
  if (repair.merge_neighbours) given = with_neighbours_merged(given);
  jinja::Template::Variables variables = special_tokens_;
  variables.emplace_back("messages", to_value(given));
  variables.emplace_back("add_generation_prompt", jinja::Value(ask));
  return template_.render(variables, local_time());
}

/// The mildest repair that the template takes; else its own complaint about the messages as they are. Where they are
/// too many for it the last round shows what it needs.
Result<TemplatePrompt::Repair> TemplatePrompt::repair_for(const Messages& messages) const {
  Result<jinja::Text> as_they_are = render(messages, {});
  if (as_they_are) return Repair();
  const size_t last = round_starts(messages).back();
  if (is_too_much(as_they_are.error()) && last > 0) return repair_for(from(messages, last));
  for (const Repair repair : {Repair{false, true}, Repair{true, false}, Repair{true, true}})
    if ((!repair.fold_system || has_system(messages)) && render(messages, repair)) return repair;
  return tl::unexpected(std::move(as_they_are).error());
}

/// The control token behind an answer in the middle of a conversation, and the tokenizer's end.
Ids TemplatePrompt::find_stop_ids(const Tokenizer& tokenizer) const {
  Ids ids;
  if (tokenizer.eos_id() >= 0) ids.push_back(tokenizer.eos_id());
  const std::string answer = "answer";
  const auto text = render({{Role::user, "question"}, {Role::assistant, answer}, {Role::user, "more"}}, {});
  if (!text) return ids;
  for (const auto& [begin, end] : text->user_spans()) {
    if (text->bytes().substr(begin, end - begin) != answer) continue;
    const auto [blank, unused] = jinja::strip_span(std::string_view(text->bytes()).substr(end), "", true, false);
    const SpecialMatch match = tokenizer.special_at(std::string_view(text->bytes()).substr(end + blank));
    if (match.id >= 0 && std::find(ids.begin(), ids.end(), match.id) == ids.end()) ids.push_back(match.id);
  }
  return ids;
}

Result<Ids> TemplatePrompt::encode(const Tokenizer& tokenizer, const Messages& messages, int max_tokens,
                                   int* dropped) const {
  TRY(const Repair repair, repair_for(messages));
  const auto limit = static_cast<size_t>(std::max(max_tokens, 0));
  const std::vector<size_t> starts = round_starts(messages);
  const auto ids_from = [&](size_t round) -> Result<Ids> {
    TRY(const jinja::Text text, render(from(messages, starts[round]), repair));
    return encode_by_origin(tokenizer, text);
  };
  const auto fits = [&](const Result<Ids>& ids) { return ids && ids->size() <= limit; };
  const auto is_worth_less = [&](const Result<Ids>& ids) { return ids || is_too_much(ids.error()); };
  size_t low = 0, high = starts.size() - 1;  // the first round that fits lies between
  Result<Ids> ids = ids_from(low);
  if (!fits(ids) && is_worth_less(ids) && high > low) {
    ids = ids_from(high);
    for (++low; fits(ids) && low < high;) {
      const size_t middle = low + (high - low) / 2;
      Result<Ids> tried = ids_from(middle);
      if (!is_worth_less(tried)) return tried;
      if (fits(tried)) {
        high = middle;
        ids = std::move(tried);
      } else {
        low = middle + 1;
      }
    }
    low = high;
  }
  if (!ids) return ids;
  if (!fits(ids))
    return fail(ErrorKind::invalid_input,
                "The prompt has {} tokens without any older message ({} of them the last message), {} fit: shorten "
                "the message or the system text, or choose an engine with a longer context",
                ids->size(), messages.empty() ? 0 : tokenizer.encode(messages.back().text).size(), limit);
  if (ids->empty()) return fail(ErrorKind::invalid_input, "the prompt is empty: type a message first");
  if (dropped) *dropped = dropped_before(messages, starts[low]);
  return ids;
}

}  // namespace flightdeck
