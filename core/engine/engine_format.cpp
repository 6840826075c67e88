// An engine directory:
//
//   engine.json                      EngineManifest (manifest_json.cpp) and "checksum": XXH3-128 of this file with 32
//                                    zeros in its place; "checksums" holds that of every other file
//   plan.json                        the operations (graph/plan_json.cpp)
//   weights-00001-of-0000N.safetensors
//   tokenizer.model, tokenizer_config.json, generation_config.json, … as the checkpoint had them
//
// Tensors, in the order of the plan's weights, a new file before one that would make it larger than 4 GiB:
//
//   vector                           F32 [cols]
//   matrix in full precision         F32, F16 or BF16 [rows, cols]
//   INT8, one scale a row            I8 [rows, cols], then "<name>.scales" F32 [rows]: value = code * scale
//   INT4, one scale a group          U8 [rows, cols / 2], column 2i in the low nibble, then "<name>.scales" F32
//                                    [rows, groups]: value = (nibble - 8) * scale
//   ".padding.<n>"                   U8 [1…63] zeros, so that every tensor begins at a multiple of 64
//
// The embedding keeps the build's dtype, and so does lm_head unless quantize_lm_head. A head that is the embedding, bit
// for bit, is not stored again. Groups are those of the manifest's group_size, or the next smaller that divides a row.
#include "core/engine/engine_format.h"

#include <algorithm>
#include <set>

#include "core/base/quote.h"
#include "core/engine/checksum.h"
#include "core/quantize/row_encoder.h"

namespace flightdeck {
namespace {

constexpr const char* kPadding = ".padding.";
constexpr int64_t kMaxElements = int64_t{1} << 44;

const char* dtype_name(WeightFormat format) {
  switch (format) {
    case WeightFormat::f32:
      return "F32";
    case WeightFormat::f16:
      return "F16";
    case WeightFormat::bf16:
      return "BF16";
    case WeightFormat::int8_channel:
      return "I8";
    case WeightFormat::int4_group:
      return "U8";
  }
  return "";
}

WeightFormat format_of(const WeightSpec& spec, const EngineManifest& manifest) {
  if (spec.role == WeightRole::vector) return WeightFormat::f32;
  const bool quantized =
      spec.role == WeightRole::linear || (spec.role == WeightRole::lm_head && manifest.quantize_lm_head);
  if (!quantized || manifest.qformat == QFormat::full_prec) return format_of_dtype(manifest.dtype);
  return manifest.qformat == QFormat::int8_wo ? WeightFormat::int8_channel : WeightFormat::int4_group;
}

bool same_rows(const WeightSpec& a, const WeightSpec& b) {
  const auto same_part = [](const WeightPart& x, const WeightPart& y) {
    return x.tensor == y.tensor && x.row_begin == y.row_begin && x.row_end == y.row_end;
  };
  return a.rows == b.rows && a.cols == b.cols && !a.normalize_rows && !b.normalize_rows && !a.parts.empty() &&
         std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), same_part);
}

Result<StoredWeight> store(const WeightSpec& spec, const EngineManifest& manifest) {
  if (spec.rows <= 0 || spec.cols <= 0 || spec.rows > kMaxElements / spec.cols)
    return fail(ErrorKind::corrupt, "weight {} of {} x {} is too large", quote(spec.name), spec.rows, spec.cols);
  StoredWeight stored{spec.name, format_of(spec, manifest), spec.rows, spec.cols};
  if (stored.format == WeightFormat::int4_group) {
    TRY(stored.group_cols, choose_group(spec.name, spec.cols, manifest.group_size));
  }
  stored.row_scales = RowEncoder{stored.format, stored.cols, stored.group_cols}.row_scales();
  stored.data_bytes = data_bytes(stored.format, static_cast<size_t>(spec.rows), static_cast<size_t>(spec.cols));
  stored.scale_bytes = static_cast<uint64_t>(spec.rows * stored.row_scales) * sizeof(float);
  return stored;
}

/// The tensors of one weight.
std::vector<SafetensorsWriter::Entry> entries_of(const StoredWeight& weight, WeightRole role) {
  const int64_t stored_cols = weight.format == WeightFormat::int4_group ? weight.cols / 2 : weight.cols;
  std::vector<int64_t> shape{weight.rows, stored_cols};
  if (role == WeightRole::vector) shape = {weight.cols};
  std::vector<SafetensorsWriter::Entry> entries{{weight.tensor, dtype_name(weight.format), shape, weight.data_bytes}};
  if (weight.scale_bytes > 0) {
    shape = {weight.rows};
    if (weight.format == WeightFormat::int4_group) shape.push_back(weight.row_scales);
    entries.push_back({scales_name(weight.tensor), "F32", shape, weight.scale_bytes});
  }
  return entries;
}

/// Fills files one after another.
class Shards {
 public:
  explicit Shards(uint64_t most_bytes) : most_bytes_(most_bytes) {}

  void add(std::vector<SafetensorsWriter::Entry> entries) {
    uint64_t bytes = 0;
    for (const auto& entry : entries) bytes += entry.bytes;
    if (shards_.empty() || (bytes_ > 0 && bytes_ + bytes > most_bytes_)) {
      shards_.emplace_back();
      bytes_ = 0;
    }
    for (auto& entry : entries) {
      pad();
      bytes_ += entry.bytes;
      shards_.back().entries.push_back(std::move(entry));
    }
  }

  std::vector<EngineShard> take() {
    for (size_t i = 0; i < shards_.size(); ++i) shards_[i].file = weight_file_name(i, shards_.size());
    return std::move(shards_);
  }

 private:
  void pad() {
    const uint64_t missing = (kTensorAlignment - bytes_ % kTensorAlignment) % kTensorAlignment;
    if (missing == 0) return;
    shards_.back().entries.push_back(
        {kPadding + std::to_string(++paddings_), "U8", {static_cast<int64_t>(missing)}, missing});
    bytes_ += missing;
  }

  uint64_t most_bytes_, bytes_ = 0;
  int paddings_ = 0;
  std::vector<EngineShard> shards_;
};

uint64_t file_bytes_of(const std::vector<EngineShard>& shards) {
  constexpr uint64_t kHeader = 256, kEntry = 112;  // JSON of a tensor beside its name
  uint64_t bytes = 0;
  for (const EngineShard& shard : shards) {
    bytes += kHeader;
    for (const auto& entry : shard.entries) bytes += entry.bytes + entry.name.size() + kEntry;
  }
  return bytes;
}

Result<void> check_names(const std::vector<EngineShard>& shards) {
  std::set<std::string> names;
  for (const EngineShard& shard : shards)
    for (const auto& entry : shard.entries)
      if (entry.name.empty() || !names.insert(entry.name).second)
        return fail(ErrorKind::corrupt, "two tensors have the name {}", quote(entry.name));
  return {};
}

}  // namespace

Result<EngineLayout> lay_out(const Plan& plan, const EngineManifest& manifest, uint64_t shard_bytes) {
  EngineLayout layout;
  Shards shards(shard_bytes);
  const WeightSpec* embedding = nullptr;
  for (const WeightSpec& spec : plan.weights) {
    TRY(StoredWeight stored, store(spec, manifest));
    if (spec.role == WeightRole::embedding) embedding = &spec;
    stored.is_shared = spec.role == WeightRole::lm_head && embedding && same_rows(spec, *embedding) &&
                       stored.format == format_of(*embedding, manifest);
    if (stored.is_shared) {
      stored.tensor = embedding->name;
    } else {
      layout.weight_bytes += stored.data_bytes + stored.scale_bytes;
      shards.add(entries_of(stored, spec.role));
    }
    layout.weights.push_back(std::move(stored));
  }
  layout.shards = shards.take();
  layout.file_bytes = file_bytes_of(layout.shards);
  TRY_VOID(check_names(layout.shards));
  return layout;
}

std::string weight_file_name(size_t index, size_t count) {
  return fmt::format("weights-{:05}-of-{:05}.safetensors", index + 1, count);
}

std::string scales_name(const std::string& tensor) { return tensor + ".scales"; }

bool is_padding(std::string_view tensor) { return tensor.starts_with(kPadding); }

bool is_plain_file_name(std::string_view name) {
  const bool printable = std::none_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20; });
  return printable && !name.empty() && name.size() <= 255 && name[0] != '.' &&
         name.find_first_of("/\\:") == name.npos && name.back() != ' ' && name.back() != '.';
}

WeightFormat format_of_dtype(std::string_view dtype) {
  return dtype == "float32" ? WeightFormat::f32 : dtype == "bfloat16" ? WeightFormat::bf16 : WeightFormat::f16;
}

std::string engine_json_text(const EngineManifest& manifest) {
  Json json = to_json(manifest);
  const std::string zeros(32, '0');
  json["checksum"] = zeros;
  std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  const size_t at = text.find("\"checksum\": \"" + zeros) + std::string_view("\"checksum\": \"").size();
  return text.replace(at, zeros.size(), checksum_of(text));
}

Result<EngineManifest> parse_engine_json(std::string_view text, const std::string& path) {
  TRY(const Json json, parse_json(text, path, {.max_bytes = 16u << 20}));
  const JsonReader reader(json, path);
  TRY(const int64_t version, reader.integer("format_version", 1, INT32_MAX));
  if (version > kEngineFormatVersion)
    return fail(ErrorKind::unsupported,
                "{}: made by a newer Flightdeck (format {}, this program reads up to {}): update Flightdeck, or build "
                "the engine again",
                path, version, kEngineFormatVersion);
  TRY(const std::string written, reader.text("checksum"));
  const size_t at = is_checksum(written) ? text.find(written) : text.npos;
  if (at == text.npos) return fail(ErrorKind::corrupt, "{}: its checksum is {}", path, quote(written));
  const std::string zeroed = std::string(text).replace(at, written.size(), written.size(), '0');
  if (checksum_of(zeroed) != written)
    return fail(ErrorKind::corrupt, "{}: damaged or edited (its checksum does not fit): build the engine again", path);
  return manifest_from_json(json, path);
}

}  // namespace flightdeck
