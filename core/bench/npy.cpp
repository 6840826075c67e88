// Layout (numpy.lib.format): 0x93 "NUMPY", version bytes major minor, header length (u16 in version 1, u32 in 2 and 3),
// a Python dict "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }" padded with blanks and ended by \n so
// that the data starts at a multiple of 64, then the data.
#include "core/bench/npy.h"

#include <bit>
#include <cstring>
#include <optional>

#include "core/base/file.h"
#include "core/base/quote.h"

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

namespace flightdeck {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeader = 4096;
constexpr size_t kMaxDimensions = 2;

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<size_t>> shape;
};

/// Reads the one dict that numpy writes; every method returns false (or nothing) at the first surprise.
class DictReader {
 public:
  explicit DictReader(std::string_view text) : text_(text) {}

  bool read(Header& header) {
    if (!take('{')) return false;
    while (!take('}')) {
      if (!entry(header)) return false;
      if (!take(',') && !peek('}')) return false;
    }
    blanks();
    return text_.empty();
  }

 private:
  void blanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool peek(char wanted) {
    blanks();
    return !text_.empty() && text_[0] == wanted;
  }
  bool take(char wanted) {
    if (!peek(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view wanted) {
    blanks();
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(wanted.size());
    return true;
  }
  std::optional<std::string> text() {
    blanks();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return std::nullopt;
    const size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return value;
  }
  std::optional<size_t> number() {
    blanks();
    size_t value = 0, digits = 0;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
      if (digits == 15) return std::nullopt;  // no file is that long, and nothing overflows
      value = value * 10 + static_cast<size_t>(text_[digits] - '0');
    }
    text_.remove_prefix(digits);
    return digits ? std::optional(value) : std::nullopt;
  }
  std::optional<std::vector<size_t>> tuple() {
    std::vector<size_t> values;
    if (!take('(')) return std::nullopt;
    while (!take(')')) {
      const std::optional<size_t> value = number();
      if (!value || values.size() > kMaxDimensions) return std::nullopt;
      values.push_back(*value);
      if (!take(',') && !peek(')')) return std::nullopt;
    }
    return values;
  }
  bool entry(Header& header) {
    const std::optional<std::string> key = text();
    if (!key || !take(':')) return false;
    if (*key == "descr" && !header.descr) return (header.descr = text()).has_value();
    if (*key == "shape" && !header.shape) return (header.shape = tuple()).has_value();
    if (*key != "fortran_order" || header.fortran_order) return false;
    header.fortran_order = word("True");
    return *header.fortran_order || word("False");
  }

  std::string_view text_;
};

/// Splits the bytes into header text and data.
Result<std::string_view> header_of(std::string_view bytes, const std::string& name, std::string_view& data) {
  if (!bytes.starts_with(kMagic))
    return fail(ErrorKind::corrupt, "{} is not a .npy file (no NUMPY at its start)", name);
  const size_t version = bytes.size() > kMagic.size() ? static_cast<uint8_t>(bytes[kMagic.size()]) : 0;
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t start = kMagic.size() + 2 + length_bytes;
  if (version < 1 || version > 3 || bytes.size() < start)
    return fail(ErrorKind::corrupt, "{}: no .npy header of version 1, 2 or 3", name);
  size_t length = 0;
  for (size_t i = 0; i < length_bytes; ++i)
    length |= static_cast<size_t>(static_cast<uint8_t>(bytes[kMagic.size() + 2 + i])) << (8 * i);
  if (length > kMaxHeader || length > bytes.size() - start)
    return fail(ErrorKind::corrupt, "{}: a .npy header of {} bytes in a file of {}", name, length, bytes.size());
  data = bytes.substr(start + length);
  return bytes.substr(start, length);
}

int64_t value_at(std::string_view data, size_t index, size_t item_bytes) {
  if (item_bytes == 4) {
    int32_t value;
    std::memcpy(&value, data.data() + index * 4, 4);
    return value;
  }
  int64_t value;
  std::memcpy(&value, data.data() + index * 8, 8);
  return value;
}

Result<void> write(const std::string& path, const char* descr, std::string_view data, size_t rows, size_t cols) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", descr, rows, cols);
  const size_t before = kMagic.size() + 4;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  std::string start(kMagic);
  start += '\x01';
  start += '\0';
  start += static_cast<char>(header.size() & 0xff);
  start += static_cast<char>(header.size() >> 8);
  TRY(AtomicFile file, AtomicFile::create(path));
  TRY_VOID(file.write(start + header));
  TRY_VOID(file.write(data));
  return file.commit();
}

std::string_view bytes_of_values(const auto& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

Result<IdArray> parse_npy_ids(std::string_view bytes, const std::string& name) {
  std::string_view data;
  TRY(const std::string_view text, header_of(bytes, name, data));
  Header header;
  if (!DictReader(text).read(header) || !header.descr || !header.fortran_order || !header.shape)
    return fail(ErrorKind::corrupt, "{}: damaged .npy header {}", name, quote(text));
  const bool wide = *header.descr == "<i8";
  if (!wide && *header.descr != "<i4")
    return fail(ErrorKind::unsupported, "{} holds {}: token ids are int32 or int64 (numpy.save(f, a.astype('int32')))",
                name, quote(*header.descr));
  const std::vector<size_t>& shape = *header.shape;
  if (shape.empty() || shape.size() > kMaxDimensions)
    return fail(ErrorKind::unsupported, "{} has {} dimensions: token ids are [length] or [batch, length]", name,
                shape.size());
  IdArray array;
  array.rows = shape.size() == 2 ? shape[0] : 1;
  array.cols = shape.back();
  const size_t item_bytes = wide ? 8 : 4;
  const size_t held = data.size() / item_bytes;
  if (data.size() % item_bytes || (array.cols ? held / array.cols != array.rows || held % array.cols : held != 0))
    return fail(ErrorKind::corrupt, "{}: {} bytes of data for {} x {} numbers of {} bytes", name, data.size(),
                array.rows, array.cols, item_bytes);
  array.values.resize(held);
  for (size_t row = 0; row < array.rows && array.cols; ++row)
    for (size_t col = 0; col < array.cols; ++col) {
      const size_t index = *header.fortran_order ? col * array.rows + row : row * array.cols + col;
      array.values[row * array.cols + col] = value_at(data, index, item_bytes);
    }
  return array;
}

Result<void> write_npy(const std::string& path, std::span<const int32_t> values, size_t cols) {
  return write(path, "<i4", bytes_of_values(values), cols ? values.size() / cols : 0, cols);
}

Result<void> write_npy(const std::string& path, std::span<const float> values, size_t cols) {
  return write(path, "<f4", bytes_of_values(values), cols ? values.size() / cols : 0, cols);
}

}  // namespace flightdeck
