#include "core/jinja/print.h"

#include <utf8proc.h>

#include <charconv>
#include <cmath>

namespace flightdeck::jinja {
namespace {

/// Python escapes what is no letter, mark, number, symbol or blank.
bool is_printable(char32_t code) {
  if (code < 0x7f) return code >= 0x20;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

class Printer {
 public:
  explicit Printer(Budget& budget) : budget_(budget) {}

  void str(const Value& value) {
    if (value.text()) {
      budget_.charge_bytes(out_.size() + value.text()->size());
      out_.append(*value.text());
    } else if (!value.is_undefined()) {
      repr(value);
    }
  }

  void repr(const Value& value) {
    budget_.charge();
    if (value.is_undefined()) return put("Undefined");
    if (value.is_none()) return put("None");
    if (value.boolean()) return put(*value.boolean() ? "True" : "False");
    if (value.integer()) return put(fmt::format("{}", *value.integer()));
    if (value.real()) return put(number_text(*value.real()));
    if (value.text()) return quoted(*value.text());
    if (value.list()) return list(*value.list());
    if (value.dict()) return dict(*value.dict());
    fail_render("a {} cannot be printed{}", value.type_name(), value.function() ? ": call it, with ()" : "");
  }

  Text take() { return std::move(out_); }

 private:
  void put(std::string_view text) {
    if (out_.size() + text.size() > budget_.limits().output_bytes) budget_.charge_bytes(out_.size() + text.size());
    out_.append(text, Origin::model);
  }

  void list(const List& list) {
    switch (list.kind) {
      case List::Kind::list:
        return items(list.items, "[", "]");
      case List::Kind::tuple:
        return items(list.items, "(", list.items.size() == 1 ? ",)" : ")");
      case List::Kind::range:
        return range(list.items);
      case List::Kind::keys:
        return items(list.items, "dict_keys([", "])");
      case List::Kind::values:
        return items(list.items, "dict_values([", "])");
      case List::Kind::items:
        return items(list.items, "dict_items([", "])");
      case List::Kind::generator:
        fail_render("a generator cannot be printed: put |list or |join behind it");
    }
  }

  void range(const std::vector<Value>& items) {
    const int64_t first = items.empty() ? 0 : *items.front().integer();
    const int64_t step = items.size() < 2 ? 1 : *items[1].integer() - first;
    const int64_t end = items.empty() ? 0 : *items.back().integer() + step;
    put(step == 1 ? fmt::format("range({}, {})", first, end) : fmt::format("range({}, {}, {})", first, end, step));
  }

  void items(const std::vector<Value>& items, std::string_view begin, std::string_view end) {
    put(begin);
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(", ");
      repr(items[i]);
    }
    put(end);
  }

  void dict(const Dict& dict) {
    put("{");
    for (size_t i = 0; i < dict.size(); ++i) {
      const auto& [key, value] = dict.entries()[i];
      if (i > 0) put(", ");
      repr(key);
      put(": ");
      repr(value);
    }
    put("}");
  }

  void quoted(const Text& text) {
    const std::string& bytes = text.bytes();
    budget_.charge_bytes(out_.size() + bytes.size());
    const char mark = bytes.find('\'') != bytes.npos && bytes.find('"') == bytes.npos ? '"' : '\'';
    put(std::string_view(&mark, 1));
    for (size_t at = 0; at < bytes.size();) {
      const Character found = character_at(bytes, at);
      out_.append(escaped(found.code, bytes.substr(at, found.length), mark), text.origin_at(at));
      at += found.length;
    }
    put(std::string_view(&mark, 1));
  }

  static std::string escaped(char32_t code, std::string spelled, char mark) {
    if (code == '\\' || code == static_cast<char32_t>(mark)) return "\\" + spelled;
    if (code == '\n') return "\\n";
    if (code == '\r') return "\\r";
    if (code == '\t') return "\\t";
    if (is_printable(code)) return spelled;
    const auto number = static_cast<uint32_t>(code);
    return number < 0x100     ? fmt::format("\\x{:02x}", number)
           : number < 0x10000 ? fmt::format("\\u{:04x}", number)
                              : fmt::format("\\U{:08x}", number);
  }

  Budget& budget_;
  Text out_;
};

}  // namespace

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view scientific(buffer, static_cast<size_t>(end - buffer));
  int exponent = 0;
  const char* digits = scientific.data() + scientific.find('e') + 1;
  std::from_chars(digits + (*digits == '+' ? 1 : 0), end, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(scientific);
  char plain[400];
  std::string text(plain, std::to_chars(plain, plain + sizeof plain, value, std::chars_format::fixed).ptr);
  if (text.find('.') == text.npos) text += ".0";
  return text;
}

Text to_text(const Value& value, Budget& budget) {
  Printer printer(budget);
  printer.str(value);
  return printer.take();
}

Text to_repr(const Value& value, Budget& budget) {
  Printer printer(budget);
  printer.repr(value);
  return printer.take();
}

}  // namespace flightdeck::jinja
