#include <algorithm>
#include <cmath>

#include "core/jinja/print.h"

namespace flightdeck::jinja {
namespace {

class JsonPrinter {
 public:
  JsonPrinter(const JsonStyle& style, Budget& budget)
      : style_(style),
        budget_(budget),
        comma_(style.item_separator.value_or(style.indent ? "," : ", ")),
        colon_(style.key_separator.value_or(": ")) {}

  void print(const Value& value) {
    budget_.charge();
    if (value.is_none()) return put("null");
    if (value.text()) return string(*value.text());
    if (value.boolean()) return put(*value.boolean() ? "true" : "false");
    if (value.number()) return put(number(value));
    if (value.dict()) return dict(*value.dict());
    if (value.list() && (value.list()->kind == List::Kind::list || value.list()->kind == List::Kind::tuple))
      return list(value.list()->items);
    fail_render("tojson: a {} is not JSON{}", value.type_name(),
                value.is_undefined() ? " (" + value.undefined_what() + ")" : "");
  }

  Text take() { return std::move(out_); }

 private:
  void put(std::string_view text) {
    if (out_.size() + text.size() > budget_.limits().output_bytes) budget_.charge_bytes(out_.size() + text.size());
    out_.append(text, Origin::model);
  }

  static std::string number(const Value& value) {
    if (!value.real()) return fmt::format("{}", *value.whole());
    if (std::isnan(*value.real())) return "NaN";
    if (std::isinf(*value.real())) return *value.real() < 0 ? "-Infinity" : "Infinity";
    return number_text(*value.real());
  }

  void new_line() {
    if (!style_.indent) return;
    put("\n");
    for (int i = 0; i < level_; ++i) put(*style_.indent);
  }

  void list(const std::vector<Value>& items) {
    if (items.empty()) return put("[]");
    put("[");
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(comma_);
      new_line();
      print(items[i]);
    }
    --level_;
    new_line();
    put("]");
  }

  void dict(const Dict& dict) {
    if (dict.size() == 0) return put("{}");
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sort_keys)
      std::stable_sort(entries.begin(), entries.end(),
                       [](const auto* a, const auto* b) { return sort_name(a->first) < sort_name(b->first); });
    put("{");
    ++level_;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) put(comma_);
      new_line();
      key(entries[i]->first);
      put(colon_);
      print(entries[i]->second);
    }
    --level_;
    new_line();
    put("}");
  }

  static std::string sort_name(const Value& key) {
    return key.text() ? key.text()->bytes() : key_name(key).value_or("");
  }

  void key(const Value& key) {
    if (key.text()) return string(*key.text());
    if (key.is_none()) return put("\"null\"");
    if (key.boolean()) return put(*key.boolean() ? "\"true\"" : "\"false\"");
    if (key.number()) return put("\"" + number(key) + "\"");
    fail_render("tojson: a {} cannot be a key", key.type_name());
  }

  void string(const Text& text) {
    const std::string& bytes = text.bytes();
    budget_.charge_bytes(out_.size() + bytes.size());
    put("\"");
    for (size_t at = 0; at < bytes.size();) {
      const Character found = character_at(bytes, at);
      out_.append(escaped(found.code, std::string_view(bytes).substr(at, found.length)), text.origin_at(at));
      at += found.length;
    }
    put("\"");
  }

  std::string escaped(char32_t code, std::string_view spelled) const {
    static constexpr std::string_view plain = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
    const size_t found = code < 0x80 ? plain.find(static_cast<char>(code)) : plain.npos;
    if (found != plain.npos) return std::string("\\") + letters[found];
    const auto number = static_cast<uint32_t>(code);
    if (number >= 0x20 && (number < 0x80 || !style_.ensure_ascii)) return std::string(spelled);
    if (number < 0x10000) return fmt::format("\\u{:04x}", number);
    return fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((number - 0x10000) >> 10),
                       0xdc00 + ((number - 0x10000) & 0x3ff));
  }

  const JsonStyle& style_;
  Budget& budget_;
  std::string comma_, colon_;
  Text out_;
  int level_ = 0;
};

}  // namespace

Text to_json(const Value& value, const JsonStyle& style, Budget& budget) {
  JsonPrinter printer(style, budget);
  printer.print(value);
  return printer.take();
}

}  // namespace flightdeck::jinja
