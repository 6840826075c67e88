// safetensors, as written and read here:
//
//   offset 0        u64, little-endian: N, the bytes of the header, at most 100,000,000
//   offset 8        the header: JSON, begins with '{', may end in spaces
//                     {"__metadata__": {text: text, …},
//                      name: {"dtype": "F32", "shape": [rows, cols], "data_offsets": [begin, end]}, …}
//   offset 8 + N    the data: offsets count from here; the tensors, sorted by offset, fill it without hole or overlap
#include "core/checkpoint/safetensors_header.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/json_sax.h"
#include "core/base/quote.h"

namespace flightdeck {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxTensors = 1'000'000;
constexpr size_t kMaxDims = 8;

struct DTypeName {
  std::string_view name;
  unsigned bits;
  std::optional<DType> dtype;  // empty: recognised, not read
};

constexpr DTypeName kDTypes[] = {
    {"F32", 32, DType::f32}, {"F16", 16, DType::f16}, {"BF16", 16, DType::bf16}, {"I8", 8, DType::i8},
    {"U8", 8, DType::i8},    {"I32", 32, DType::i32}, {"BOOL", 8, {}},           {"I16", 16, {}},
    {"U16", 16, {}},         {"U32", 32, {}},         {"I64", 64, {}},           {"U64", 64, {}},
    {"F64", 64, {}},         {"C64", 64, {}},         {"F8_E4M3", 8, {}},        {"F8_E5M2", 8, {}},
    {"F8_E8M0", 8, {}},      {"F6_E2M3", 6, {}},      {"F6_E3M2", 6, {}},        {"F4", 4, {}},
};

const DTypeName* find_dtype(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const auto& d) { return d.name == name; });
  return found == std::end(kDTypes) ? nullptr : found;
}

struct Entry {
  std::string name;
  const DTypeName* dtype = nullptr;
  std::vector<int64_t> shape;
  std::array<uint64_t, 2> offsets{};
};

/// Reads exactly the header's grammar; every other event is refused.
class HeaderEvents final : public JsonEvents {
 public:
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;

  bool start_object() override {
    if (place_ == Place::start) return go(Place::root);
    if (place_ == Place::root_value) return go(is_metadata_ ? Place::metadata : Place::tensor);
    return reject(fmt::format("unexpected object in {}", where()));
  }

  bool key(std::string& name) override {
    if (place_ == Place::root) return root_key(name);
    if (place_ == Place::metadata) {
      if (metadata.count(name)) return reject(fmt::format("__metadata__ has the key {} twice", quote(name)));
      metadata_key_ = std::move(name);
      return go(Place::metadata_value);
    }
    for (size_t i = 0; i < kFields.size(); ++i) {
      if (name != kFields[i]) continue;
      if (seen_[i]) return reject(fmt::format("{} has {} twice", where(), name));
      seen_[i] = true;
      return go(static_cast<Place>(static_cast<size_t>(Place::dtype_value) + i));
    }
    return reject(fmt::format("{} has the unknown key {}", where(), quote(name)));
  }

  bool string(std::string& text) override {
    if (place_ == Place::metadata_value) {
      metadata.emplace(std::move(metadata_key_), std::move(text));
      return go(Place::metadata);
    }
    if (place_ != Place::dtype_value) return reject(fmt::format("unexpected text in {}", where()));
    entries.back().dtype = find_dtype(text);
    if (!entries.back().dtype) return reject(fmt::format("{} has the unknown dtype {}", where(), quote(text)));
    return go(Place::tensor);
  }

  bool start_array() override {
    if (place_ == Place::shape_value) return go(Place::shape);
    if (place_ == Place::offsets_value) return go(Place::offsets);
    return reject(fmt::format("unexpected list in {}", where()));
  }

  bool integer(uint64_t value) override {
    if (place_ == Place::shape) {
      if (entries.back().shape.size() == kMaxDims)
        return reject(fmt::format("{} has more than {} dimensions", where(), kMaxDims));
      if (value > INT64_MAX) return reject(fmt::format("{} has a dimension of {}", where(), value));
      entries.back().shape.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (place_ != Place::offsets) return reject(fmt::format("unexpected number in {}", where()));
    if (offset_count_ == 2) return reject(fmt::format("{} has more than two data_offsets", where()));
    entries.back().offsets[offset_count_++] = value;
    return true;
  }

  bool negative(int64_t value) override { return reject(fmt::format("{} has the negative number {}", where(), value)); }
  bool real(double, const std::string& text) override {
    return reject(fmt::format("{} has the number {}, only integers below 2^64 are allowed", where(), quote(text, 40)));
  }

  bool end_array() override {
    if (place_ == Place::offsets && offset_count_ != 2)
      return reject(fmt::format("{} has {} data_offsets, not two", where(), offset_count_));
    return go(Place::tensor);
  }

  bool end_object() override {
    if (place_ == Place::tensor)
      for (size_t i = 0; i < kFields.size(); ++i)
        if (!seen_[i]) return reject(fmt::format("{} has no {}", where(), kFields[i]));
    return go(place_ == Place::root ? Place::end : Place::root);
  }

 private:
  // The three values stand in the order of kFields.
  enum class Place {
    start,
    root,
    root_value,
    metadata,
    metadata_value,
    tensor,
    dtype_value,
    shape_value,
    offsets_value,
    shape,
    offsets,
    end
  };
  static constexpr std::array<const char*, 3> kFields{"dtype", "shape", "data_offsets"};

  bool go(Place next) {
    place_ = next;
    return true;
  }

  bool root_key(std::string& name) {
    is_metadata_ = name == "__metadata__";
    if (is_metadata_ && std::exchange(has_metadata_, true)) return reject("__metadata__ appears twice");
    if (!is_metadata_) {
      if (entries.size() == kMaxTensors) return reject(fmt::format("more than {} tensors", kMaxTensors));
      entries.push_back({std::move(name), nullptr, {}, {}});
      seen_ = {};
      offset_count_ = 0;
    }
    return go(Place::root_value);
  }

  std::string where() const {
    if (is_metadata_) return "__metadata__";
    return entries.empty() ? "the header" : "tensor " + quote(entries.back().name);
  }

  Place place_ = Place::start;
  bool is_metadata_ = false, has_metadata_ = false;
  std::string metadata_key_;
  std::array<bool, 3> seen_{};
  size_t offset_count_ = 0;
};

/// The header's text, once its length has been believed.
Result<std::string_view> header_text(std::span<const std::byte> file, const std::string& name) {
  if (file.size() < 8)
    return fail(ErrorKind::corrupt, "{}: truncated at {} bytes, a safetensors file has 8 or more", name, file.size());
  uint64_t length = 0;
  for (size_t i = 0; i < 8; ++i) length |= static_cast<uint64_t>(file[i]) << (8 * i);
  if (length > kMaxHeaderBytes)
    return fail(ErrorKind::corrupt, "{}: not a safetensors file, its header claims {} bytes (at most {})", name, length,
                kMaxHeaderBytes);
  if (length > file.size() - 8)
    return fail(ErrorKind::corrupt, "{}: truncated at {} bytes, the header alone needs {}", name, file.size(),
                length + 8);
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, length);
  if (length < 2 || text[0] != '{')
    return fail(ErrorKind::corrupt, "{}: the header of {} bytes does not begin with '{{'", name, length);
  return text;
}

Result<void> check_names(const std::vector<Entry>& entries, const std::string& name) {
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const Entry& entry : entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return fail(ErrorKind::corrupt, "{}: tensor {} appears twice", name, quote(*twice));
  return {};
}

/// Entries must be sorted. They have to tile [0, data_bytes) exactly; an empty tensor may stand on a seam, alone.
Result<void> check_layout(const std::vector<Entry>& entries, uint64_t data_bytes, const std::string& name) {
  uint64_t expected = 0;
  const Entry* previous = nullptr;
  for (const Entry& entry : entries) {
    const auto [begin, end] = entry.offsets;
    const std::string who = quote(entry.name);
    if (begin > end)
      return fail(ErrorKind::corrupt, "{}: tensor {} begins at {} and ends at {}", name, who, begin, end);
    if (end > data_bytes)
      return fail(ErrorKind::corrupt,
                  "{}: tensor {} ends at byte {} of the data, the file has {}: it is truncated or damaged", name, who,
                  end, data_bytes);
    const auto bytes = safetensors_bytes(entry.dtype->name, entry.shape);
    if (!bytes)
      return fail(ErrorKind::corrupt, "{}: the shape of tensor {} [{}] overflows", name, who,
                  fmt::join(entry.shape, ", "));
    if (*bytes != end - begin)
      return fail(ErrorKind::corrupt, "{}: tensor {} has {} bytes, its shape [{}] of {} needs {}", name, who,
                  end - begin, fmt::join(entry.shape, ", "), entry.dtype->name, *bytes);
    if (begin != expected)
      return fail(ErrorKind::corrupt, "{}: tensor {} begins at {}, {} {}", name, who, begin,
                  begin < expected ? "inside the tensor that ends at" : "after a hole from", expected);
    if (previous && begin == end && previous->offsets == entry.offsets)
      return fail(ErrorKind::corrupt, "{}: the empty tensors {} and {} share an offset", name, quote(previous->name),
                  who);
    expected = end;
    previous = &entry;
  }
  if (expected != data_bytes)
    return fail(ErrorKind::corrupt, "{}: {} bytes follow the last tensor", name, data_bytes - expected);
  return {};
}

}  // namespace

std::optional<uint64_t> safetensors_bytes(std::string_view dtype, std::span<const int64_t> shape) {
  const DTypeName* type = find_dtype(dtype);
  if (!type) return {};
  uint64_t bits = type->bits;
  for (const int64_t dim : shape)
    if (dim < 0 || __builtin_mul_overflow(bits, static_cast<uint64_t>(dim), &bits)) return {};
  if (bits % 8 != 0) return {};
  return bits / 8;
}

Result<SafetensorsHeader> parse_safetensors(std::span<const std::byte> file, const std::string& name) {
  TRY(const std::string_view text, header_text(file, name));
  HeaderEvents header;
  TRY_VOID(parse_json_events(text, name + ": header", header));
  TRY_VOID(check_names(header.entries, name));
  std::sort(header.entries.begin(), header.entries.end(),
            [](const Entry& a, const Entry& b) { return a.offsets < b.offsets; });
  const auto data = file.subspan(8 + text.size());
  TRY_VOID(check_layout(header.entries, data.size(), name));
  SafetensorsHeader result;
  result.metadata = std::move(header.metadata);
  for (Entry& entry : header.entries) {
    if (!entry.dtype->dtype) {
      result.skipped.push_back({std::move(entry.name), std::string(entry.dtype->name)});
      continue;
    }
    const auto [begin, end] = entry.offsets;
    result.tensors.push_back(
        {std::move(entry.name), *entry.dtype->dtype, std::move(entry.shape), data.subspan(begin, end - begin)});
  }
  return result;
}

}  // namespace flightdeck
