#include "core/executor/step_buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace flightdeck {
namespace {

constexpr int kFewestBlocks = 8;
constexpr size_t kRoomForEdits =
    1024 * sizeof(LogitEdit);  // behind a step, so that the usual few cost no copy of theirs

template <class T>
T* at(const Buffer& buffer, size_t offset) {
  return reinterpret_cast<T*>(buffer.as<std::byte>() + offset);
}

}  // namespace

StepLayout::StepLayout(int tokens, int sequences, int rows, int max_blocks) {
  const auto take = [this](size_t bytes) { return std::exchange(total, total + (bytes + 63) / 64 * 64); };
  const auto integers = [&](int count) { return take(static_cast<size_t>(count) * sizeof(int32_t)); };
  token_ids = integers(tokens);
  positions = integers(tokens);
  sequence_of = integers(tokens);
  query_offsets = integers(sequences + 1);
  kv_lengths = integers(sequences);
  logit_rows = integers(rows);
  samples = take(static_cast<size_t>(rows) * sizeof(SampleRow));
  block_tables = integers(sequences * max_blocks);
}

StepBuffer::StepBuffer(Backend& backend, int max_tokens, int max_sequences, int max_rows, int max_blocks)
    : backend_(backend), most_blocks_(max_blocks) {
  const size_t bytes = StepLayout(max_tokens, max_sequences, max_rows, max_blocks).total + kRoomForEdits;
  device_ = backend.allocate(bytes);
  for (Buffer& host : host_) host = backend.allocate_host(bytes);
}

int StepBuffer::width_of(int max_blocks) const {
  int width = kFewestBlocks;
  while (width < max_blocks) width *= 2;
  return std::min(width, most_blocks_);
}

/// A row's list of changed logits can be as long as its context, so this memory grows with need.
LogitEdit* StepBuffer::put_edits(const std::vector<LogitEdit>& edits, size_t& end) {
  const size_t bytes = edits.size() * sizeof(LogitEdit);
  if (bytes == 0) return nullptr;
  if (bytes <= kRoomForEdits) {
    std::memcpy(at<std::byte>(host_[turn_], end), edits.data(), bytes);
    return at<LogitEdit>(device_, std::exchange(end, end + bytes));
  }
  if (bytes > device_edits_.bytes()) {
    backend_.synchronize();  // a step under way reads the old ones
    device_edits_ = backend_.allocate(2 * bytes);
    for (Buffer& host : host_edits_) host = backend_.allocate_host(2 * bytes);
  }
  std::memcpy(host_edits_[turn_].data(), edits.data(), bytes);
  backend_.upload(device_edits_.data(), host_edits_[turn_].data(), bytes);
  return device_edits_.as<LogitEdit>();
}

void StepBuffer::put(const StepInput& input) {
  turn_ ^= 1;
  const Buffer& host = host_[turn_];
  const int tokens = static_cast<int>(input.token_ids.size()), sequences = static_cast<int>(input.kv_lengths.size());
  const int rows = static_cast<int>(input.logit_rows.size()), width = width_of(input.max_blocks);
  assert(input.max_blocks <= width && (input.samples.empty() || input.samples.size() == input.logit_rows.size()));
  const StepLayout layout(tokens, sequences, rows, width);
  const auto put = [&](size_t offset, const std::vector<int32_t>& values) {
    std::copy(values.begin(), values.end(), at<int32_t>(host, offset));
    return at<int32_t>(device_, offset);
  };
  token_ids_ = put(layout.token_ids, input.token_ids);
  logit_rows_ = put(layout.logit_rows, input.logit_rows);
  batch_ = {tokens,
            sequences,
            width,
            token_ids_,
            put(layout.positions, input.positions),
            put(layout.sequence_of, input.sequence_of),
            put(layout.query_offsets, input.query_offsets),
            put(layout.kv_lengths, input.kv_lengths),
            at<int32_t>(device_, layout.block_tables)};
  auto* table = at<int32_t>(host, layout.block_tables);
  for (int s = 0; s < sequences; ++s, table += width) {
    const auto row = input.block_tables.begin() + static_cast<std::ptrdiff_t>(s) * input.max_blocks;
    std::fill(std::copy(row, row + input.max_blocks, table), table + width, 0);
  }
  size_t end = layout.total;
  const LogitEdit* edits = put_edits(input.edits, end);
  auto* samples = at<SampleRow>(host, layout.samples);
  for (const SampleInput& sample : input.samples) {
    *samples = sample.row;
    samples->edits = sample.row.edit_count > 0 ? edits + sample.first_edit : nullptr;
    ++samples;
  }
  samples_ = input.samples.empty() ? nullptr : at<SampleRow>(device_, layout.samples);
  backend_.upload(device_.data(), host.data(), end);
}

}  // namespace flightdeck
