#include "core/engine/engine_dir.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/base/quote.h"
#include "core/engine/checksum.h"
#include "core/engine/engine_format.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxManifestBytes = 16u << 20;
constexpr size_t kMaxPlanBytes = 64u << 20;
constexpr const char* kRebuild = "build the engine again";

/// An error of a file of the engine, with the one thing that helps.
tl::unexpected<Error> broken(const std::string& file, const Error& error) {
  if (error.kind == ErrorKind::not_found) return fail(ErrorKind::not_found, "{}: is missing: {}", file, kRebuild);
  if (error.kind == ErrorKind::corrupt) return tl::unexpected(with_next_step(error, kRebuild));
  return tl::unexpected(error);
}

Result<EngineManifest> read_manifest(const std::string& folder) {
  std::error_code code;
  if (!fs::exists(folder, code))
    return fail(ErrorKind::not_found, "{}: there is no such engine: check the path, or build the engine first",
                folder.empty() ? "''" : folder);
  if (!fs::is_directory(folder, code))
    return fail(ErrorKind::invalid_input, "{}: is a file: name the folder of an engine", folder);
  const std::string path = folder + "/" + kEngineFile;
  if (!fs::exists(path, code))
    return fail(ErrorKind::not_found, "{}: is not an engine (it has no {}): build one from a checkpoint first", folder,
                kEngineFile);
  TRY(const std::string text, read_file(path, kMaxManifestBytes));
  auto manifest = parse_engine_json(text, path);
  if (!manifest) return broken(path, manifest.error());
  return manifest;
}

Result<Plan> read_plan(const std::string& folder, const EngineManifest& manifest) {
  const std::string path = folder + "/" + kPlanFile;
  const auto text = read_file(path, kMaxPlanBytes);
  if (!text) return broken(path, text.error());
  const auto known = manifest.checksums.find(kPlanFile);
  if (known == manifest.checksums.end() || known->second != checksum_of(*text))
    return fail(ErrorKind::corrupt, "{}: damaged or edited (its checksum does not fit): {}", path, kRebuild);
  TRY(const Json json, parse_json(*text, path, {.max_bytes = kMaxPlanBytes}));
  TRY(Plan plan, plan_from_json(json, path));
  if (manifest.context_tokens() > plan.info.max_positions)
    return fail(ErrorKind::corrupt, "{}: max_input_len {} + max_output_len {} exceed the model's {} positions", folder,
                manifest.max_input_len, manifest.max_output_len, plan.info.max_positions);
  return plan;
}

}  // namespace

Result<EngineDir> EngineDir::open(const std::string& path) {
  EngineDir engine;
  engine.path_ = path;
  TRY(engine.manifest_, read_manifest(path));
  TRY(engine.plan_, read_plan(path, engine.manifest_));
  auto layout = lay_out(engine.plan_, engine.manifest_);
  if (!layout) return fail(ErrorKind::corrupt, "{}: {}", path, layout.error().message);
  engine.layout_ = std::make_shared<const EngineLayout>(std::move(*layout));
  TRY_VOID(engine.open_weights());
  TRY_VOID(engine.check_weights());
  return engine;
}

/// Exactly the files weights-0000i-of-0000N that the manifest lists; no name is taken from anywhere else.
Result<void> EngineDir::open_weights() {
  const auto is_weights = [](const auto& file) { return file.first.starts_with("weights-"); };
  const auto count =
      static_cast<size_t>(std::count_if(manifest_.checksums.begin(), manifest_.checksums.end(), is_weights));
  for (size_t i = 0; i < count; ++i) {
    const std::string file = weight_file_name(i, count);
    if (!manifest_.checksums.count(file))
      return fail(ErrorKind::corrupt, "{}: lists {} weight files, but not {}: {}", path_, count, file, kRebuild);
    auto opened = SafetensorsFile::open(path_ + "/" + file);
    if (!opened) return broken(path_ + "/" + file, opened.error());
    for (const TensorInfo& tensor : opened->tensors()) {
      if (is_padding(tensor.name)) continue;
      if (!tensors_.emplace(tensor.name, tensor).second)
        return fail(ErrorKind::corrupt, "{}/{}: tensor {} is in another file too: {}", path_, file, quote(tensor.name),
                    kRebuild);
    }
    files_.push_back(std::move(*opened));
  }
  return {};
}

/// Every tensor the plan needs, as it must be, and no other.
Result<void> EngineDir::check_weights() const {
  size_t expected = 0;
  for (const EngineShard& shard : layout_->shards)
    for (const auto& entry : shard.entries) {
      if (is_padding(entry.name)) continue;
      ++expected;
      const auto found = tensors_.find(entry.name);
      if (found == tensors_.end())
        return fail(ErrorKind::corrupt, "{}: tensor {} is missing: {}", path_, quote(entry.name), kRebuild);
      const TensorInfo& tensor = found->second;
      const DType dtype = entry.dtype == "F32"    ? DType::f32
                          : entry.dtype == "F16"  ? DType::f16
                          : entry.dtype == "BF16" ? DType::bf16
                                                  : DType::i8;
      if (tensor.dtype != dtype || tensor.shape != entry.shape || tensor.data.size() != entry.bytes)
        return fail(ErrorKind::corrupt, "{}: tensor {} is [{}] of {} bytes, the plan needs {} [{}]: {}", path_,
                    quote(entry.name), fmt::join(tensor.shape, ", "), tensor.data.size(), entry.dtype,
                    fmt::join(entry.shape, ", "), kRebuild);
      if (reinterpret_cast<uintptr_t>(tensor.data.data()) % sizeof(float) != 0)
        return fail(ErrorKind::corrupt, "{}: tensor {} does not begin at a multiple of 4 bytes: {}", path_,
                    quote(entry.name), kRebuild);
    }
  if (expected != tensors_.size())
    return fail(ErrorKind::corrupt, "{}: holds {} tensors, the plan needs {}: {}", path_, tensors_.size(), expected,
                kRebuild);
  return {};
}

Result<void> EngineDir::verify(const std::function<bool(double)>& progress) const {
  TRY_VOID(read_manifest(path_));
  std::error_code code;
  uint64_t total = 1, done = 0;
  for (const auto& [file, checksum] : manifest_.checksums) {
    const auto size = fs::file_size(path_ + "/" + file, code);
    total += code ? 0 : size;
  }
  for (const auto& [file, checksum] : manifest_.checksums) {
    const auto found = checksum_of_file(path_ + "/" + file, [&](uint64_t bytes) {
      done += bytes;
      return !progress || progress(static_cast<double>(done) / static_cast<double>(total));
    });
    if (!found) return broken(path_ + "/" + file, found.error());
    if (*found != checksum)
      return fail(ErrorKind::corrupt, "{}/{}: damaged (its checksum does not fit): {}", path_, file, kRebuild);
  }
  return {};
}

const StoredWeight* EngineDir::find(const std::string& weight) const {
  for (size_t i = 0; i < plan_.weights.size(); ++i)
    if (plan_.weights[i].name == weight) return &layout_->weights[i];
  return nullptr;
}

Result<WeightView> EngineDir::weight(const WeightSpec& spec) const {
  const StoredWeight* stored = find(spec.name);
  if (!stored || spec.role == WeightRole::vector)
    return fail(ErrorKind::invalid_input, "{}: has no matrix {}", path_, quote(spec.name));
  WeightView view;
  view.format = stored->format;
  view.rows = static_cast<int>(stored->rows);
  view.cols = static_cast<int>(stored->cols);
  view.group_size = static_cast<int>(stored->group_cols);
  view.data = tensors_.at(stored->tensor).data.data();
  if (stored->row_scales == 0) return view;
  const auto bytes = tensors_.at(scales_name(stored->tensor)).data;
  view.scales = reinterpret_cast<const float*>(bytes.data());
  const bool finite = std::all_of(view.scales, view.scales + bytes.size() / sizeof(float),
                                  [](float scale) { return std::isfinite(scale); });
  if (!finite)
    return fail(ErrorKind::corrupt, "{}: scales of {} are infinite or no numbers: {}", path_, quote(spec.name),
                kRebuild);
  return view;
}

Result<std::vector<float>> EngineDir::vector(const WeightSpec& spec) const {
  const StoredWeight* stored = find(spec.name);
  if (!stored || spec.role != WeightRole::vector)
    return fail(ErrorKind::invalid_input, "{}: has no vector {}", path_, quote(spec.name));
  const auto bytes = tensors_.at(stored->tensor).data;
  const auto* values = reinterpret_cast<const float*>(bytes.data());
  return std::vector<float>(values, values + bytes.size() / sizeof(float));
}

uint64_t EngineDir::weight_bytes() const { return layout_->weight_bytes; }

const SafetensorsFile* EngineDir::file_of(const TensorInfo& tensor) const {
  for (const SafetensorsFile& file : files_) {
    const auto bytes = file.file().bytes();
    if (tensor.data.data() >= bytes.data() && tensor.data.data() < bytes.data() + bytes.size()) return &file;
  }
  return nullptr;
}

void EngineDir::drop(const WeightSpec& spec) const {
  const StoredWeight* stored = find(spec.name);
  if (!stored) return;
  for (const std::string& name : {stored->tensor, scales_name(stored->tensor)}) {
    const auto found = tensors_.find(name);
    const SafetensorsFile* file = found == tensors_.end() ? nullptr : file_of(found->second);
    if (file) file->file().drop(found->second.data);
  }
}

std::vector<EngineListing> list_engines(const std::string& folder) {
  std::vector<EngineListing> engines;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".partial" || !fs::exists(path / kEngineFile, code)) continue;
    EngineListing listing{path.string(), path.filename().string(), {}, {}};
    if (auto engine = EngineDir::open(listing.path)) {
      listing.manifest = engine->manifest();
    } else {
      listing.error = engine.error().message;
      if (auto manifest = read_manifest(listing.path)) listing.manifest = std::move(*manifest);
    }
    engines.push_back(std::move(listing));
  }
  std::sort(engines.begin(), engines.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return engines;
}

}  // namespace flightdeck
