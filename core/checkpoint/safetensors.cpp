// Opening and writing safetensors files; the layout is drawn in safetensors_header.cpp.
#include <algorithm>
#include <array>
#include <set>

#include "core/base/json_sax.h"
#include "core/base/quote.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/safetensors_header.h"

namespace flightdeck {
namespace {

/// What a file really is, when its first bytes say that it is not safetensors.
std::string_view other_format(std::string_view start) {
  using namespace std::string_view_literals;
  if (start.starts_with("GGUF")) return "a GGUF file";
  if (start.starts_with("PK\x03\x04")) return "a zip file, probably a PyTorch checkpoint";
  if (start.starts_with("7z\xbc\xaf")) return "a 7z archive";
  if (start.starts_with("\x1f\x8b")) return "a gzip file";
  if (start.starts_with("\x80\x02"sv) || start.starts_with("\x80\x04"sv)) return "a Python pickle";
  if (start.starts_with("version https://git-lfs"))
    return "a Git LFS pointer: fetch the real file with \"git lfs pull\"";
  if (start.starts_with("<!DOCTYPE") || start.starts_with("<html")) return "a web page: download the file again";
  return {};
}

/// Data that begins at a multiple of this many bytes of the file suits every vector load.
constexpr size_t kHeaderAlignment = 64;

Result<std::string> header_of(const std::string& path, const std::vector<SafetensorsWriter::Entry>& entries,
                              const std::map<std::string, std::string>& metadata) {
  std::string header = "{\"__metadata__\":{";
  for (const auto& [key, value] : metadata)
    header += fmt::format("{}{}:{}", header.ends_with('{') ? "" : ",", json_string(key), json_string(value));
  header += '}';
  std::set<std::string> names{"__metadata__"};
  uint64_t offset = 0;
  for (const auto& entry : entries) {
    if (safetensors_bytes(entry.dtype, entry.shape) != entry.bytes || !names.insert(entry.name).second)
      return fail(ErrorKind::invalid_input,
                  "{}: tensor {} appears twice, or {} bytes do not match its shape and dtype {}", path,
                  quote(entry.name), entry.bytes, quote(entry.dtype));
    header += fmt::format(R"(,{}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", json_string(entry.name),
                          entry.dtype, fmt::join(entry.shape, ","), offset, offset + entry.bytes);
    offset += entry.bytes;
  }
  header += '}';
  header.resize((header.size() + 8 + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment - 8, ' ');
  return header;
}

}  // namespace

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  SafetensorsFile result;
  TRY(auto mapped, MappedFile::open(path));
  result.file_ = std::make_shared<MappedFile>(std::move(mapped));
  const auto bytes = result.file_->bytes();
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 32));
  if (const auto other = other_format(start); !other.empty())
    return fail(ErrorKind::corrupt, "{}: is not a safetensors file but {}", path, other);
  auto header = parse_safetensors(bytes, path);
  TRY_VOID(result.file_->unchanged());
  if (!header) return tl::unexpected(std::move(header).error());
  result.tensors_ = std::move(header->tensors);
  result.skipped_ = std::move(header->skipped);
  result.metadata_ = std::move(header->metadata);
  return result;
}

Result<std::vector<TensorInfo>> SafetensorsFile::parse(std::span<const std::byte> file, const std::string& name) {
  TRY(auto header, parse_safetensors(file, name));
  return std::move(header.tensors);
}

Result<SafetensorsWriter> SafetensorsWriter::create(const std::string& path, const std::vector<Entry>& entries,
                                                    const std::map<std::string, std::string>& metadata) {
  TRY(const std::string header, header_of(path, entries, metadata));
  TRY(auto file, AtomicFile::create(path));
  std::array<std::byte, 8> length;
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<std::byte>(header.size() >> (8 * i));
  TRY_VOID(file.write(length));
  TRY_VOID(file.write(header));
  SafetensorsWriter writer(std::move(file));
  for (const Entry& entry : entries) writer.expected_bytes_ += entry.bytes;
  return writer;
}

Result<void> SafetensorsWriter::append(std::span<const std::byte> bytes) {
  if (bytes.size() > expected_bytes_ - written_bytes_)
    return fail(ErrorKind::invalid_input, "safetensors writer: {} bytes appended, {} left of the promised {}",
                bytes.size(), expected_bytes_ - written_bytes_, expected_bytes_);
  TRY_VOID(file_.write(bytes));
  written_bytes_ += bytes.size();
  return {};
}

Result<void> SafetensorsWriter::finish() {
  if (written_bytes_ != expected_bytes_)
    return fail(ErrorKind::invalid_input, "safetensors writer: finished after {} of {} bytes", written_bytes_,
                expected_bytes_);
  return file_.commit();
}

}  // namespace flightdeck
