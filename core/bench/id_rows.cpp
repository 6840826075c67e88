#include "core/bench/id_rows.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/base/file.h"
#include "core/base/quote.h"
#include "core/bench/npy.h"

namespace flightdeck {
namespace {

constexpr size_t kMaxFileBytes = 256u << 20;

Result<int32_t> checked_id(int64_t value, const std::string& name, size_t row) {
  if (value > std::numeric_limits<int32_t>::max())
    return fail(ErrorKind::invalid_input, "{}: row {} holds {}, too large for a token id", name, row, value);
  return static_cast<int32_t>(std::max<int64_t>(value, -1));
}

Result<std::vector<int32_t>> parse_line(std::string_view line, const std::string& name, size_t row) {
  std::vector<int32_t> ids;
  while (true) {
    const size_t start = line.find_first_not_of(", \t\r");
    if (start == std::string_view::npos) return ids;
    line.remove_prefix(start);
    const std::string_view word = line.substr(0, line.find_first_of(", \t\r"));
    int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size())
      return fail(ErrorKind::invalid_input, "{}: row {} holds {}, expected token ids between commas or blanks", name,
                  row, quote(word, 24));
    TRY(const int32_t id, checked_id(value, name, row));
    ids.push_back(id);
    line.remove_prefix(word.size());
  }
}

Result<IdRows> parse_text(std::string_view text, const std::string& name) {
  IdRows rows;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    TRY(std::vector<int32_t> ids, parse_line(text.substr(0, end), name, rows.size()));
    if (!ids.empty()) rows.push_back(std::move(ids));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rows;
}

Result<IdRows> parse_npy(std::string_view bytes, const std::string& name) {
  TRY(const IdArray array, parse_npy_ids(bytes, name));
  if (array.cols == 0) return fail(ErrorKind::invalid_input, "{} holds no token ids", name);
  IdRows rows(array.rows);
  for (size_t i = 0; i < array.values.size(); ++i) {
    TRY(const int32_t id, checked_id(array.values[i], name, i / array.cols));
    rows[i / array.cols].push_back(id);
  }
  return rows;
}

void strip_padding(std::vector<int32_t>& row, int32_t pad_id, int32_t bos_id) {
  const auto is_padding = [pad_id](int32_t id) { return id < 0 || id == pad_id; };
  while (!row.empty() && is_padding(row.back())) row.pop_back();
  const auto first = std::find_if(row.begin(), row.end(), [&](int32_t id) { return id == bos_id || !is_padding(id); });
  row.erase(row.begin(), first);
}

}  // namespace

Result<IdRows> read_id_rows(const std::string& path, int32_t pad_id, int32_t bos_id) {
  const bool npy = path.ends_with(".npy");
  if (!npy && !path.ends_with(".csv") && !path.ends_with(".txt"))
    return fail(ErrorKind::unsupported, "{}: token ids are read from .npy, .csv and .txt files", path);
  TRY(const std::string content, read_file(path, kMaxFileBytes));
  TRY(IdRows rows, npy ? parse_npy(content, path) : parse_text(content, path));
  if (rows.empty()) return fail(ErrorKind::invalid_input, "{} holds no token ids", path);
  for (size_t i = 0; i < rows.size(); ++i) {
    strip_padding(rows[i], pad_id, bos_id);
    if (rows[i].empty())
      return fail(ErrorKind::invalid_input, "{}: row {} is nothing but padding (pad id {}; choose with --pad_id)", path,
                  i, pad_id);
  }
  return rows;
}

Result<void> write_id_csv(const std::string& path, const IdRows& rows) {
  std::string text;
  for (const std::vector<int32_t>& row : rows) text += fmt::format("{}\n", fmt::join(row, ","));
  return write_file_atomically(path, text);
}

Result<void> write_id_npy(const std::string& path, const IdRows& rows, int32_t pad_id) {
  size_t longest = 0;
  for (const std::vector<int32_t>& row : rows) longest = std::max(longest, row.size());
  std::vector<int32_t> values;
  for (std::vector<int32_t> row : rows) {
    row.resize(longest, pad_id);
    values.insert(values.end(), row.begin(), row.end());
  }
  return write_npy(path, std::span<const int32_t>(values), longest);
}

}  // namespace flightdeck
