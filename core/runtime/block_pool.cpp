#include "core/runtime/block_pool.h"

#include <algorithm>
#include <cassert>

namespace flightdeck {
namespace {

uint64_t mix(uint64_t x) {  // SplitMix64's finaliser
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t key_of(uint64_t parent_key, std::span<const int32_t> tokens) {
  uint64_t key = mix(parent_key);
  for (int32_t token : tokens) key = mix(key ^ static_cast<uint32_t>(token));
  return key == 0 ? 1 : key;
}

}  // namespace

BlockPool::BlockPool(int blocks, int block_size) : block_size_(block_size), blocks_(blocks) {
  for (int i = 0; i < blocks; ++i) blocks_[i].place = free_.insert(free_.end(), i);
}

int BlockPool::take() {
  if (free_.empty()) return -1;
  const int block = free_.front();
  free_.pop_front();
  cached_ -= blocks_[block].key != 0;
  forget(block);
  blocks_[block].holders = 1;
  return block;
}

void BlockPool::release(std::span<const int> blocks) {
  // The end of a sequence is the least likely to be shared, so it goes first when memory is needed.
  for (auto it = blocks.rbegin(); it != blocks.rend(); ++it) {
    Block& block = blocks_[*it];
    assert(block.holders > 0);
    if (--block.holders > 0) continue;
    cached_ += block.key != 0;
    block.place = free_.insert(block.key != 0 ? free_.end() : free_.begin(), *it);
  }
}

std::vector<int> BlockPool::find_prefix(std::span<const int32_t> tokens, int max_tokens) const {
  std::vector<int> found;
  uint64_t parent_key = 0;
  for (int at = 0; at + block_size_ <= max_tokens; at += block_size_) {
    const int block = find(parent_key, tokens.subspan(at, block_size_));
    if (block < 0) break;
    found.push_back(block);
    parent_key = blocks_[block].key;
  }
  return found;
}

void BlockPool::hold(std::span<const int> blocks) {
  for (int block : blocks) {
    if (blocks_[block].holders++ > 0) continue;
    free_.erase(blocks_[block].place);
    cached_ -= blocks_[block].key != 0;
  }
}

int BlockPool::unheld(std::span<const int> blocks) const {
  return static_cast<int>(
      std::count_if(blocks.begin(), blocks.end(), [this](int b) { return blocks_[b].holders == 0; }));
}

void BlockPool::remember(std::span<const int> blocks, int index, std::span<const int32_t> tokens) {
  Block& block = blocks_[blocks[index]];
  if (block.key != 0) return;
  const uint64_t parent_key = index == 0 ? 0 : blocks_[blocks[index - 1]].key;
  if (index > 0 && parent_key == 0) return;  // the block before lost its name to an equal one: this chain ends there
  const auto content = tokens.subspan(static_cast<size_t>(index) * block_size_, block_size_);
  const uint64_t key = key_of(parent_key, content);
  if (!by_key_.emplace(key, blocks[index]).second) return;  // an equal block is known already
  block.key = key;
  block.parent_key = parent_key;
  block.tokens.assign(content.begin(), content.end());
}

int BlockPool::find(uint64_t parent_key, std::span<const int32_t> tokens) const {
  const auto it = by_key_.find(key_of(parent_key, tokens));
  if (it == by_key_.end()) return -1;
  const Block& block = blocks_[it->second];
  const bool same = block.parent_key == parent_key &&
                    std::equal(tokens.begin(), tokens.end(), block.tokens.begin(), block.tokens.end());
  return same ? it->second : -1;
}

void BlockPool::forget(int block) {
  Block& b = blocks_[block];
  if (b.key != 0) by_key_.erase(b.key);
  b.key = b.parent_key = 0;
  b.tokens.clear();
}

}  // namespace flightdeck
