// What lies where in an engine directory: writer, reader and size estimates all ask here. Drawn in engine_format.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/engine/engine_dir.h"

namespace flightdeck {

constexpr const char* kEngineFile = "engine.json";
constexpr const char* kPlanFile = "plan.json";
constexpr uint64_t kShardBytes = uint64_t{4} << 30;
constexpr size_t kTensorAlignment = 64;

/// A weight of the plan as it is stored.
struct StoredWeight {
  std::string tensor;  // its scales: scales_name(tensor)
  WeightFormat format = WeightFormat::f32;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t group_cols = 0;  // int4_group: columns a scale
  int64_t row_scales = 0;  // 0: float formats
  bool is_shared = false;  // the tensor is another weight's: an unquantized head tied to the embedding
  uint64_t data_bytes = 0;
  uint64_t scale_bytes = 0;
};

struct EngineShard {
  std::string file;
  std::vector<SafetensorsWriter::Entry> entries;  // padding included
};

struct EngineLayout {
  std::vector<StoredWeight> weights;  // in the plan's order
  std::vector<EngineShard> shards;
  uint64_t weight_bytes = 0;  // data and scales, shared ones once
  uint64_t file_bytes = 0;    // of all shards, headers estimated from above
};

/// Names and sizes follow from plan and manifest alone. A weight that cannot be stored (group size) is invalid input.
Result<EngineLayout> lay_out(const Plan& plan, const EngineManifest& manifest, uint64_t shard_bytes = kShardBytes);

std::string weight_file_name(size_t index, size_t count);  // index from 0
std::string scales_name(const std::string& tensor);
bool is_padding(std::string_view tensor);
/// A name that stays in its directory on every system.
bool is_plain_file_name(std::string_view name);
/// float32, float16, bfloat16 → f32, f16, bf16.
WeightFormat format_of_dtype(std::string_view dtype);

/// The text of engine.json, its own checksum in it, and back. `path` is named in messages.
std::string engine_json_text(const EngineManifest& manifest);
Result<EngineManifest> parse_engine_json(std::string_view text, const std::string& path);

}  // namespace flightdeck
