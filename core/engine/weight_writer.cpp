#include "core/engine/weight_writer.h"

#include <array>

namespace flightdeck {

Result<void> WeightWriter::append(const std::string& tensor, std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  if (shard_ >= layout_.shards.size())
    return fail(ErrorKind::invalid_input, "weight files: {} follows the last tensor", tensor);
  const EngineShard& shard = layout_.shards[shard_];
  if (!file_) {
    TRY(file_, SafetensorsWriter::create(folder_ + "/" + shard.file, shard.entries, {{"format", "flightdeck"}}));
  }
  const auto& entry = shard.entries[entry_];
  if (entry.name != tensor || bytes.size() > entry.bytes - entry_bytes_)
    return fail(ErrorKind::invalid_input, "weight files: {} bytes of {} where {} of {} are due", bytes.size(), tensor,
                entry.bytes - entry_bytes_, entry.name);
  TRY_VOID(file_->append(bytes));
  entry_bytes_ += bytes.size();
  if (entry_bytes_ < entry.bytes) return {};
  return next_entry();
}

Result<void> WeightWriter::next_entry() {
  const EngineShard& shard = layout_.shards[shard_];
  entry_bytes_ = 0;
  ++entry_;
  if (entry_ < shard.entries.size() && is_padding(shard.entries[entry_].name)) {
    constexpr std::array<std::byte, kTensorAlignment> kZeros{};
    TRY_VOID(file_->append(std::span(kZeros).first(shard.entries[entry_].bytes)));
    ++entry_;
  }
  if (entry_ < shard.entries.size()) return {};
  TRY_VOID(file_->finish());
  file_.reset();
  entry_ = 0;
  ++shard_;
  return {};
}

Result<void> WeightWriter::finish() {
  if (shard_ != layout_.shards.size() || file_)
    return fail(ErrorKind::invalid_input, "weight files: only {} of {} are whole", shard_, layout_.shards.size());
  return {};
}

}  // namespace flightdeck
