// The blocks of the paged KV cache: who holds which, and which hold a prefix that can be used again.
// Pure bookkeeping, no device memory. Engine thread only.
#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>
#include <vector>

namespace flightdeck {

/// A full block is known by its tokens and everything before them, so equal prompts share blocks (as in vLLM's
/// automatic prefix caching). A released block keeps its content until its memory is needed, least recently used first.
class BlockPool {
 public:
  BlockPool(int blocks, int block_size);

  int blocks() const { return static_cast<int>(blocks_.size()); }
  int block_size() const { return block_size_; }
  /// Blocks nobody holds, those with reusable content included.
  int free_blocks() const { return static_cast<int>(free_.size()); }
  int used_blocks() const { return blocks() - free_blocks(); }
  int cached_blocks() const { return cached_; }  // free, with content
  int blocks_for(int tokens) const { return (tokens + block_size_ - 1) / block_size_; }

  /// Takes a free block, forgetting its content; -1 when there is none.
  int take();
  /// Gives back one hold on each block.
  void release(std::span<const int> blocks);

  /// The longest run of blocks that already hold the first tokens of `tokens`, at most `max_tokens` of them.
  /// Looks only; hold() takes them.
  std::vector<int> find_prefix(std::span<const int32_t> tokens, int max_tokens) const;
  void hold(std::span<const int> blocks);
  /// How many of `blocks` nobody holds now: holding them shrinks the free list by as many.
  int unheld(std::span<const int> blocks) const;
  /// blocks[index] is full with tokens[index * block_size ...]: it can be found from now on.
  void remember(std::span<const int> blocks, int index, std::span<const int32_t> tokens);

 private:
  struct Block {
    int holders = 0;
    uint64_t key = 0;  // of its content, 0: none
    uint64_t parent_key = 0;
    std::vector<int32_t> tokens;  // compared on lookup, a hash alone is not trusted
    std::list<int>::iterator place;
  };
  int find(uint64_t parent_key, std::span<const int32_t> tokens) const;
  void forget(int block);

  int block_size_;
  std::vector<Block> blocks_;
  int cached_ = 0;
  std::list<int> free_;  // least recently used first
  std::unordered_map<uint64_t, int> by_key_;
};

}  // namespace flightdeck
