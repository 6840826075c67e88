#include "core/tokenizer/chat_template.h"

#include <filesystem>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jinja/budget.h"

namespace flightdeck {
namespace {

/// A text, or [{"name": "default", "template": "…"}, …], or {"default": "…", …}.
std::string chosen(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string first;
  for (const auto& [key, each] : value.items()) {
    const bool is_entry = each.is_object() && each.contains("name") && each.contains("template");
    const Json& text = is_entry ? each.at("template") : each;
    const Json name = is_entry ? each.at("name") : Json(key);
    if (!text.is_string()) continue;
    if (name == "default") return text.get<std::string>();
    if (first.empty()) first = text.get<std::string>();
  }
  return first;
}

/// A token is a text or an object with the text as content.
std::string token_text(const Json& token) {
  if (token.is_string()) return token.get<std::string>();
  const bool has_content = token.is_object() && token.contains("content") && token.at("content").is_string();
  return has_content ? token.at("content").get<std::string>() : std::string();
}

Json object_of(const std::string& path) {
  const auto json = read_json_file(path);
  return json && json->is_object() ? *json : Json::object();
}

}  // namespace

ChatTemplate read_chat_template(const std::string& folder) {
  ChatTemplate made;
  const Json config = object_of(folder + "/tokenizer_config.json");
  for (const char* name : {"bos_token", "eos_token", "pad_token", "unk_token"})
    if (config.contains(name) && !token_text(config.at(name)).empty())
      made.special_tokens.emplace_back(name, token_text(config.at(name)));
  const std::string file = folder + "/chat_template.jinja";
  if (auto text = read_file(file, jinja::Limits().source_bytes); text && !text->empty()) {
    made.text = std::move(*text);
    made.file = file;
    return made;
  }
  for (const char* name : {"tokenizer_config.json", "chat_template.json"}) {
    const std::string path = folder + "/" + name;
    const Json object = object_of(path);
    if (object.contains("chat_template")) made.text = chosen(object.at("chat_template"));
    if (made.text.empty()) continue;
    made.file = path;
    break;
  }
  return made;
}

}  // namespace flightdeck
