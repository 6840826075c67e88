#include "core/checkpoint/checkpoint.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/base/json.h"
#include "core/base/quote.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

bool is_file(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

/// A file of the folder itself and nothing else.
bool is_plain_file_name(std::string_view name) {
  const bool printable = std::none_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20; });
  return printable && !name.empty() && name.size() <= 255 && name.find_first_of("/\\:") == name.npos &&
         name.find("..") == name.npos && name.ends_with(".safetensors");
}

/// At most ten names, then how many more.
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size() && i < 10; ++i) out += (i ? ", " : "") + quote(names[i]);
  return names.size() > 10 ? fmt::format("{} and {} more", out, names.size() - 10) : out;
}

/// The index's weight_map: tensor name → shard.
Result<std::map<std::string, std::string>> read_index(const std::string& path) {
  TRY(const Json index, read_json_file(path));
  const auto found = index.is_object() ? index.find("weight_map") : index.end();
  if (!index.is_object() || found == index.end() || !found->is_object() || found->empty())
    return fail(ErrorKind::corrupt, "{}: has no weight_map", path);
  std::map<std::string, std::string> weight_map;
  for (const auto& [tensor, shard] : found->items()) {
    if (!shard.is_string() || !is_plain_file_name(shard.get_ref<const std::string&>()))
      return fail(ErrorKind::corrupt,
                  "{}: tensor {} is said to lie in {}, which is not the name of a .safetensors file of this folder",
                  path, quote(tensor),
                  shard.is_string() ? quote(shard.get_ref<const std::string&>()) : "something that is no text");
    weight_map.emplace(tensor, shard.get<std::string>());
  }
  return weight_map;
}

/// Why a folder without safetensors cannot be opened.
tl::unexpected<Error> no_weights(const std::string& folder) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("pytorch_model") && (name.ends_with(".bin") || name.ends_with(".bin.index.json")))
      return fail(ErrorKind::unsupported,
                  "{}: has only pytorch_model.bin, which this version cannot read yet; convert it to safetensors",
                  folder);
    if (name.ends_with(".gguf"))
      return fail(ErrorKind::unsupported,
                  "{}: has only {}, which this version cannot read yet; use the original model in safetensors", folder,
                  quote(name));
  }
  return fail(ErrorKind::not_found, "{}: has no {} and no {}: choose the folder of a model in Hugging Face's layout",
              folder, kSingle, kIndex);
}

/// Shards of the same series that the index does not name: left over from another download; not read.
void warn_of_extra_shards(const std::string& folder, const std::set<std::string>& known) {
  std::vector<std::string> extra;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("model-") && name.ends_with(".safetensors") && !known.count(name)) extra.push_back(name);
  }
  if (!extra.empty()) spdlog::warn("{}: the index does not name {}: not read", folder, listed(extra));
}

/// config.vocab_size and hidden_size against the embedding: a lie here would index past it later.
Result<void> check_embedding(const Checkpoint& checkpoint) {
  const ModelConfig& config = checkpoint.config();
  const TensorInfo* embedding = checkpoint.find("model.embed_tokens.weight");
  if (!embedding || embedding->shape == std::vector<int64_t>{config.vocab_size, config.hidden_size}) return {};
  return fail(ErrorKind::corrupt,
              "{}: config.json says vocab_size {} and hidden_size {}, but model.embed_tokens.weight is [{}]",
              checkpoint.folder(), config.vocab_size, config.hidden_size, fmt::join(embedding->shape, ", "));
}

}  // namespace

Result<Checkpoint> Checkpoint::open(const std::string& folder) {
  auto opened = read(folder);
  if (!opened && opened.error().kind == ErrorKind::corrupt)
    return tl::unexpected(with_next_step(opened.error(), "download the model again"));
  return opened;
}

Result<Checkpoint> Checkpoint::read(const std::string& folder) {
  std::error_code code;
  if (!fs::exists(folder, code))
    return fail(ErrorKind::not_found,
                "{}: there is no such folder: name the folder that holds config.json and the weights",
                folder.empty() ? "''" : folder);
  if (!fs::is_directory(folder, code))
    return fail(ErrorKind::invalid_input, "{}: is a file; name the folder that holds config.json and the weights",
                folder);
  if (!fs::exists(folder + "/config.json", code))
    return fail(ErrorKind::not_found, "{}: has no config.json: choose the folder of a model in Hugging Face's layout",
                folder);
  Checkpoint result;
  result.folder_ = folder;
  TRY(const Json config, read_json_file(folder + "/config.json", {.max_bytes = 4u << 20}));
  Json generation;
  if (is_file(folder + "/generation_config.json")) {
    TRY(generation, read_json_file(folder + "/generation_config.json", {.max_bytes = 4u << 20}));
  }
  TRY(result.config_, parse_model_config(config, generation, folder + "/config.json"));
  if (is_file(fs::path(folder) / kSingle)) {  // like transformers: one whole file goes before an index
    TRY_VOID(result.add_shard(kSingle));
  } else if (is_file(fs::path(folder) / kIndex)) {
    TRY(const auto weight_map, read_index(folder + "/" + kIndex));
    TRY_VOID(result.open_shards(weight_map));
  } else {
    return no_weights(folder);
  }
  TRY_VOID(check_embedding(result));
  return result;
}

Result<void> Checkpoint::open_shards(const std::map<std::string, std::string>& weight_map) {
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : weight_map) shards.insert(shard);
  std::vector<std::string> missing;
  for (const std::string& shard : shards)
    if (!is_file(fs::path(folder_) / shard)) missing.push_back(shard);
  if (!missing.empty())
    return fail(ErrorKind::not_found, "{}: {} of {} weight files are missing: {}; download them again", folder_,
                missing.size(), shards.size(), listed(missing));
  for (const std::string& shard : shards) {
    TRY_VOID(add_shard(shard));
    const SafetensorsFile& file = shards_.back();
    const auto belongs = [&](const std::string& name) {
      const auto found = weight_map.find(name);
      return found != weight_map.end() && found->second == shard;
    };
    std::vector<std::string> extra;
    for (const auto& tensor : file.tensors())
      if (!belongs(tensor.name)) extra.push_back(tensor.name);
    for (const auto& tensor : file.skipped())
      if (!belongs(tensor.name)) extra.push_back(tensor.name);
    if (!extra.empty())
      return fail(ErrorKind::corrupt, "{}/{}: holds tensors that the index does not place there: {}", folder_, shard,
                  listed(extra));
  }
  for (const auto& [tensor, shard] : weight_map)
    if (!tensors_.count(tensor) && !skipped_.count(tensor)) missing.push_back(tensor);
  if (!missing.empty())
    return fail(ErrorKind::corrupt, "{}: {} tensors of the index are in no weight file: {}", folder_, missing.size(),
                listed(missing));
  warn_of_extra_shards(folder_, shards);
  return {};
}

Result<void> Checkpoint::add_shard(const std::string& file) {
  TRY(auto shard, SafetensorsFile::open(folder_ + "/" + file));
  for (const TensorInfo& tensor : shard.tensors()) {
    if (!tensors_.emplace(tensor.name, tensor).second)
      return fail(ErrorKind::corrupt, "{}/{}: tensor {} is already in another weight file", folder_, file,
                  quote(tensor.name));
    total_bytes_ += tensor.data.size();
  }
  for (const SkippedTensor& tensor : shard.skipped()) skipped_.emplace(tensor.name, tensor.dtype);
  shards_.push_back(std::move(shard));
  files_.push_back(file);
  return {};
}

const TensorInfo* Checkpoint::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

Result<const TensorInfo*> Checkpoint::weight(const std::string& name, const std::vector<int64_t>& shape) const {
  const TensorInfo* tensor = find(name);
  const auto skipped = skipped_.find(name);
  if (!tensor && skipped == skipped_.end())
    return fail(ErrorKind::corrupt, "{}: tensor {} is missing: the checkpoint is not complete", folder_, name);
  if (!tensor || tensor->dtype == DType::i8 || tensor->dtype == DType::i32)
    return fail(ErrorKind::unsupported, "{}: needs F16, BF16 or F32, got {} for tensor {}", folder_,
                tensor ? "integers" : skipped->second, name);
  if (tensor->shape != shape)
    return fail(ErrorKind::corrupt, "{}: tensor {} is [{}], config.json asks for [{}]", folder_, name,
                fmt::join(tensor->shape, ", "), fmt::join(shape, ", "));
  return tensor;
}

void Checkpoint::drop(const TensorInfo& tensor) const {
  for (const SafetensorsFile& shard : shards_) {
    const auto bytes = shard.file().bytes();
    if (tensor.data.data() >= bytes.data() && tensor.data.data() < bytes.data() + bytes.size())
      return shard.file().drop(tensor.data);
  }
}

Result<void> Checkpoint::unchanged() const {
  for (const SafetensorsFile& shard : shards_) TRY_VOID(shard.file().unchanged());
  return {};
}

std::string checkpoint_name(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder + "/").lexically_normal().parent_path();
  return (path.filename() == "model" ? path.parent_path() : path).filename().string();
}

}  // namespace flightdeck
