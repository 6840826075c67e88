// A checkpoint folder: config.json and the tensors of its safetensors files, memory-mapped. Hostile until proven
// otherwise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/checkpoint/model_config.h"
#include "kernels/tensor.h"

namespace flightdeck {

/// A named tensor inside a mapped file.
struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;  // f32, f16, bf16, i8 (engines: also raw u8, kept as i8), i32
  std::vector<int64_t> shape;
  std::span<const std::byte> data;  // little-endian, row-major; not aligned
};

/// A tensor of a legal dtype that no operation reads (int64 buffers, masks): kept by name for messages.
struct SkippedTensor {
  std::string name;
  std::string dtype;  // "I64", "BOOL", "F8_E4M3", …
};

/// One strictly parsed safetensors file: no overlap, no hole, no duplicate, every offset inside the file.
class SafetensorsFile {
 public:
  static Result<SafetensorsFile> open(const std::string& path);
  /// The header's checks alone, for fuzzing: `file` is the whole file.
  static Result<std::vector<TensorInfo>> parse(std::span<const std::byte> file, const std::string& name);

  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  const std::vector<SkippedTensor>& skipped() const { return skipped_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const MappedFile& file() const { return *file_; }

 private:
  std::shared_ptr<MappedFile> file_;
  std::vector<TensorInfo> tensors_;
  std::vector<SkippedTensor> skipped_;
  std::map<std::string, std::string> metadata_;
};

/// Reads a folder with config.json and model.safetensors, or shards with model.safetensors.index.json. Const after
/// open.
class Checkpoint {
 public:
  static Result<Checkpoint> open(const std::string& folder);

  const std::string& folder() const { return folder_; }
  const ModelConfig& config() const { return config_; }
  const TensorInfo* find(const std::string& name) const;  // null when absent
  /// A weight that must be there in F32, F16 or BF16 with this shape; the error says which of these it is not.
  Result<const TensorInfo*> weight(const std::string& name, const std::vector<int64_t>& shape) const;
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  uint64_t total_bytes() const { return total_bytes_; }
  const std::vector<std::string>& files() const { return files_; }  // weight files, names relative to folder()
  /// Tells the system that this tensor's pages will not be read again soon.
  void drop(const TensorInfo& tensor) const;
  /// Error when a weight file was shortened or written to since open(): ask before trusting what was read.
  Result<void> unchanged() const;

 private:
  static Result<Checkpoint> read(const std::string& folder);
  Result<void> open_shards(const std::map<std::string, std::string>& weight_map);
  Result<void> add_shard(const std::string& file);

  std::string folder_;
  ModelConfig config_;
  std::vector<SafetensorsFile> shards_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> skipped_;  // name → dtype
  std::vector<std::string> files_;
  uint64_t total_bytes_ = 0;
};

/// What people call the model in this folder: the folder's name, or the name above it where it is only "model".
std::string checkpoint_name(const std::string& folder);

/// One checkpoint tensor's rows [begin, end) as float32, converted from F32, F16 or BF16.
void convert_to_f32(const TensorInfo& tensor, int64_t row_begin, int64_t row_end, float* out);

/// Writes safetensors: tensors are appended one after the other and the header is known beforehand.
/// Used for engines; the file appears whole on finish().
class SafetensorsWriter {
 public:
  struct Entry {
    std::string name;
    std::string dtype;  // "F32", "I8", "U8", …
    std::vector<int64_t> shape;
    uint64_t bytes = 0;
  };
  static Result<SafetensorsWriter> create(const std::string& path, const std::vector<Entry>& entries,
                                          const std::map<std::string, std::string>& metadata);
  /// Bytes of the next entry in order, in pieces of any size.
  Result<void> append(std::span<const std::byte> bytes);
  /// Error unless exactly the promised bytes were appended.
  Result<void> finish();

 private:
  explicit SafetensorsWriter(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
  uint64_t expected_bytes_ = 0;
  uint64_t written_bytes_ = 0;
};

}  // namespace flightdeck
