// Methods of texts. Each takes the text as its first argument.
#include <map>

#include "core/jinja/machine.h"
#include "core/jinja/operators.h"
#include "core/jinja/text_case.h"
#include "core/jinja/text_tools.h"

namespace flightdeck::jinja {
namespace {

template <Case wanted>
Value change_case(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "a text's method");
  const Text& text = given.text("self");
  given.end();
  return Value(with_case(text, wanted, machine.budget()));
}

template <bool left, bool right>
Value strip(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "strip()");
  const Text& text = given.text("self");
  const Value* characters = given.next("characters");
  given.end();
  return Value(stripped(text, characters, left, right, machine.budget()));
}

template <bool from_right>
Value split(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, from_right ? "rsplit()" : "split()");
  const Text& text = given.text("self");
  const Value* separator = given.next("sep");
  const int64_t most = given.integer("maxsplit", -1);
  given.end();
  machine.budget().charge_bytes(text.size());
  const bool blanks = !separator || separator->is_none();
  if (!blanks && !separator->text()) fail_render("split() takes a text, not {}", separator->type_name());
  if (!blanks && separator->text()->empty()) fail_render("split() by nothing");
  const std::string by = blanks ? std::string() : separator->text()->bytes();
  return make_list(texts_of(text, blanks ? blank_cuts(text.bytes(), most, from_right)
                                         : separator_cuts(text.bytes(), by, most, from_right)),
                   List::Kind::list, machine.budget());
}

Value splitlines(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "splitlines()");
  const Text& text = given.text("self");
  const bool keep_ends = given.truth("keepends", false);
  given.end();
  machine.budget().charge_bytes(text.size());
  return make_list(texts_of(text, line_cuts(text.bytes(), keep_ends)), List::Kind::list, machine.budget());
}

template <bool at_end>
Value begins(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, at_end ? "endswith()" : "startswith()");
  const Text& text = given.text("self");
  const Value& wanted = given.required("prefix");
  given.end();
  machine.budget().charge();
  const auto fits = [&](const Value& value) {
    if (!value.text()) fail_render("{} takes texts, not {}", at_end ? "endswith()" : "startswith()", value.type_name());
    return at_end ? text.bytes().ends_with(value.text()->bytes()) : text.bytes().starts_with(value.text()->bytes());
  };
  if (!wanted.list() || wanted.list()->kind != List::Kind::tuple) return Value(fits(wanted));
  const auto& items = wanted.list()->items;
  machine.budget().charge(items.size());
  return Value(std::any_of(items.begin(), items.end(), fits));
}

Value replace(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "replace()");
  const Text &text = given.text("self"), &old = given.text("old"), &fresh = given.text("new");
  const int64_t most = given.integer("count", -1);
  given.end();
  return Value(replaced(text, old.bytes(), fresh, most, machine.budget()));
}

enum class Wanted { find, index };
template <Wanted wanted, bool from_right>
Value find(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "find()");
  const Text &text = given.text("self"), &part = given.text("sub");
  given.end();
  machine.budget().charge_bytes(text.size());
  const size_t at = from_right ? text.bytes().rfind(part.bytes()) : text.bytes().find(part.bytes());
  if (at == std::string::npos && wanted == Wanted::index) fail_render("index(): the text is not in there");
  if (at == std::string::npos) return Value(int64_t{-1});
  return Value(static_cast<int64_t>(character_starts(text.bytes().substr(0, at)).size() - 1));
}

Value count(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "count()");
  const Text &text = given.text("self"), &part = given.text("sub");
  given.end();
  machine.budget().charge_bytes(text.size());
  if (part.empty()) return Value(static_cast<int64_t>(character_starts(text.bytes()).size()));
  return Value(static_cast<int64_t>(separator_cuts(text.bytes(), part.bytes(), -1, false).size()) - 1);
}

Value join(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "join()");
  const Text& between = given.text("self");
  const std::vector<Value> parts = elements(given.required("iterable"), machine.budget());
  given.end();
  Text made;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].text()) fail_render("join() takes texts, not {}", parts[i].type_name());
    machine.budget().charge_bytes(made.size() + between.size() + parts[i].text()->size());
    if (i > 0) made.append(between);
    made.append(*parts[i].text());
  }
  return Value(std::move(made));
}

template <bool (*is)(char32_t)>
Value every(Machine& machine, Arguments& arguments) {
  const Text& text = Parameters(arguments, "a text's method").text("self");
  machine.budget().charge_bytes(text.size());
  return Value(all_of(text.bytes(), is));
}
bool is_letter_or_digit(char32_t code) { return is_letter(code) || is_digit(code); }

template <bool upper>
Value cased(Machine& machine, Arguments& arguments) {
  const Text& text = Parameters(arguments, "a text's method").text("self");
  machine.budget().charge_bytes(text.size());
  return Value(all_cased(text.bytes(), upper));
}

template <bool at_end>
Value remove(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, at_end ? "removesuffix()" : "removeprefix()");
  const Text &text = given.text("self"), &part = given.text("part");
  given.end();
  machine.budget().charge_bytes(text.size());
  const bool there = at_end ? text.bytes().ends_with(part.bytes()) : text.bytes().starts_with(part.bytes());
  const size_t size = there ? part.size() : 0;
  return Value(at_end ? text.slice(0, text.size() - size) : text.slice(size, text.size()));
}

template <bool from_right>
Value partition(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "partition()");
  const Text &text = given.text("self"), &by = given.text("sep");
  given.end();
  if (by.empty()) fail_render("partition() by nothing");
  machine.budget().charge_bytes(text.size());
  const size_t at = from_right ? text.bytes().rfind(by.bytes()) : text.bytes().find(by.bytes());
  std::vector<Value> parts;
  if (at == std::string::npos) {
    parts = from_right ? std::vector<Value>{Value(""), Value(""), Value(text)}
                       : std::vector<Value>{Value(text), Value(""), Value("")};
  } else {
    const size_t end = at + by.size();
    parts = {Value(text.slice(0, at)), Value(text.slice(at, end)), Value(text.slice(end, text.size()))};
  }
  return make_list(std::move(parts), List::Kind::tuple, machine.budget());
}

/// ljust, rjust, zfill: to `width` characters.
template <bool on_left, char filler>
Value pad(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "a text's method");
  const Text& text = given.text("self");
  const int64_t width = given.integer("width");
  const Value* other = given.next("fillchar");
  given.end();
  const auto length = static_cast<int64_t>(character_starts(text.bytes()).size() - 1);
  const size_t missing = static_cast<size_t>(std::max<int64_t>(width - length, 0));
  machine.budget().charge_bytes(text.size() + missing);
  const std::string fill(missing,
                         other && other->text() && other->text()->size() == 1 ? other->text()->bytes()[0] : filler);
  const bool after_sign = filler == '0' && (text.bytes().starts_with('-') || text.bytes().starts_with('+'));
  Text made;
  if (after_sign) made.append(text, 0, 1);
  if (on_left) made.append(fill, Origin::model);
  made.append(text, after_sign ? 1 : 0, text.size());
  if (!on_left) made.append(fill, Origin::model);
  return Value(std::move(made));
}

}  // namespace

Native find_text_method(std::string_view name) {
  static const std::map<std::string_view, Native> methods = {
      {"upper", change_case<Case::upper>},
      {"lower", change_case<Case::lower>},
      {"casefold", change_case<Case::lower>},
      {"capitalize", change_case<Case::capitalized>},
      {"title", change_case<Case::title>},
      {"swapcase", change_case<Case::swapped>},
      {"strip", strip<true, true>},
      {"lstrip", strip<true, false>},
      {"rstrip", strip<false, true>},
      {"split", split<false>},
      {"rsplit", split<true>},
      {"splitlines", splitlines},
      {"startswith", begins<false>},
      {"endswith", begins<true>},
      {"replace", replace},
      {"find", find<Wanted::find, false>},
      {"rfind", find<Wanted::find, true>},
      {"index", find<Wanted::index, false>},
      {"rindex", find<Wanted::index, true>},
      {"count", count},
      {"join", join},
      {"isspace", every<is_space>},
      {"isalpha", every<is_letter>},
      {"isdigit", every<is_digit>},
      {"isdecimal", every<is_digit>},
      {"isnumeric", every<is_digit>},
      {"isalnum", every<is_letter_or_digit>},
      {"isupper", cased<true>},
      {"islower", cased<false>},
      {"removeprefix", remove<false>},
      {"removesuffix", remove<true>},
      {"partition", partition<false>},
      {"rpartition", partition<true>},
      {"ljust", pad<false, ' '>},
      {"rjust", pad<true, ' '>},
      {"zfill", pad<true, '0'>},
  };
  const auto found = methods.find(name);
  return found == methods.end() ? nullptr : found->second;
}

}  // namespace flightdeck::jinja
