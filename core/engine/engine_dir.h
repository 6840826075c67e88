// The engine directory: read and checked. Its layout is drawn at the top of engine_format.cpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/checkpoint/checkpoint.h"
#include "core/graph/passes.h"
#include "core/graph/plan.h"

namespace flightdeck {

constexpr int kEngineFormatVersion = 1;

enum class QFormat : uint8_t { full_prec, int8_wo, int4_wo };
std::string_view name_of(QFormat format);
Result<QFormat> parse_qformat(std::string_view name);

/// What the build found out, kept in engine.json and shown on the Build page.
struct ReportCard {
  uint64_t checkpoint_bytes = 0;
  uint64_t engine_bytes = 0;
  uint64_t peak_host_bytes = 0;
  std::vector<PassReport> passes;
  int operations_before = 0;
  int operations_after = 0;
  std::vector<std::pair<std::string, double>> phase_seconds;
  double max_logit_error = -1;  // against full precision on a sample, -1: not measured
  double mean_logit_error = -1;
  double top1_agreement = -1;  // share of sample positions with the same most likely token
};

struct EngineManifest {
  int format_version = kEngineFormatVersion;
  std::string name;
  std::string source;                               // checkpoint folder
  std::string hub, repository, revision;            // where that came from, when it is known; else empty
  std::map<std::string, std::string> source_files;  // name → sha256
  QFormat qformat = QFormat::full_prec;
  std::string dtype = "float16";  // of what is not quantized: float32, float16, bfloat16
  int group_size = 0;             // int4: columns a scale, 0: one scale a row
  bool quantize_lm_head = false;
  int max_batch_size = 8;
  int max_input_len = 0;
  int max_output_len = 0;
  int tokens_per_block = 16;
  std::string kv_cache_dtype = "auto";           // auto: float32 for float32 engines, else float16
  std::string created;                           // ISO 8601, UTC
  std::map<std::string, std::string> checksums;  // file → xxh3-128 of every file but engine.json
  ReportCard report;

  int context_tokens() const { return max_input_len + max_output_len; }
};

Json to_json(const EngineManifest& manifest);
Result<EngineManifest> manifest_from_json(const Json& json, const std::string& name);

struct EngineLayout;  // engine_format.h
struct StoredWeight;

/// An engine directory opened for reading. Const after open, thread-safe.
class EngineDir {
 public:
  /// Checks manifest, plan and tensor headers against each other. Checksums of the weights are checked by verify().
  static Result<EngineDir> open(const std::string& path);
  /// Reads every file and compares its checksum: a flipped bit is found before the weights are used.
  Result<void> verify(const std::function<bool(double)>& progress = {}) const;

  const std::string& path() const { return path_; }
  const EngineManifest& manifest() const { return manifest_; }
  const Plan& plan() const { return plan_; }
  /// The canonical weight, pointing into the mapped file (int8/int4: with scales).
  Result<WeightView> weight(const WeightSpec& spec) const;
  /// A vector weight as float32.
  Result<std::vector<float>> vector(const WeightSpec& spec) const;
  uint64_t weight_bytes() const;
  /// Pages of this weight will not be read again.
  void drop(const WeightSpec& spec) const;

 private:
  Result<void> open_weights();
  Result<void> check_weights() const;
  const StoredWeight* find(const std::string& weight) const;
  const SafetensorsFile* file_of(const TensorInfo& tensor) const;

  std::string path_;
  EngineManifest manifest_;
  Plan plan_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, TensorInfo> tensors_;
  std::shared_ptr<const EngineLayout> layout_;
};

/// Engines found in a folder, with those that cannot be opened and why.
struct EngineListing {
  std::string path;
  std::string name;
  EngineManifest manifest;
  std::string error;  // not empty: damaged, and how
};
std::vector<EngineListing> list_engines(const std::string& folder);
/// Removes leftovers of builds that were killed (`*.partial` that no process holds).
void remove_partial_builds(const std::string& folder);

}  // namespace flightdeck
