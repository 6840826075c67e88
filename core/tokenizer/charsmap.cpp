// A normalisation map as SentencePiece compiles it:
//   u32 size | Darts double array of size / 4 units | replacement texts, each ended by NUL
// A Darts unit: bits 0-7 label, bit 8 "has a value", bit 9 offset is in steps of 256, bits 10-30 offset, bit 31 "is a
// value". The library walks node ^ offset ^ byte without looking at bounds; so every node that a text can reach is
// visited here once.
#include <cstring>
#include <vector>

#include "core/tokenizer/sentencepiece_model.h"

namespace flightdeck {
namespace {

bool has_value(uint32_t unit) { return unit >> 8 & 1; }
uint32_t label(uint32_t unit) { return unit & ((1u << 31) | 0xff); }
uint32_t value(uint32_t unit) { return unit & ((1u << 31) - 1); }
uint32_t offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

// The library keeps this many matches of one walk and reads past its array when there are more.
constexpr uint8_t max_values_on_a_walk = 32;
constexpr size_t max_charsmap_bytes = 2u << 20;  // the largest known has 0.3 MB

class TrieWalk {
 public:
  TrieWalk(std::vector<uint32_t> units, std::string_view replacements)
      : units_(std::move(units)), replacements_(replacements), values_(units_.size(), unseen) {}

  bool is_sound() {
    reach(0, 0);
    while (!open_.empty()) {
      const uint32_t node = open_.back();
      open_.pop_back();
      if (!visit(node)) return false;
    }
    return true;
  }

 private:
  static constexpr int8_t unseen = -1;

  /// A node is visited again only when a walk with more values leads to it.
  void reach(uint32_t node, int8_t values) {
    if (values <= values_[node]) return;
    values_[node] = values;
    open_.push_back(node);
  }

  /// Children of a node stand at base ^ byte: the whole block of 256 must exist.
  bool visit(uint32_t node) {
    const uint32_t base = node ^ offset(units_[node]);
    if ((base | 0xffu) >= units_.size()) return false;
    if (has_value(units_[node]) && value(units_[base]) >= replacements_.size()) return false;
    const auto values = static_cast<int8_t>(values_[node] + has_value(units_[node]));
    if (values > max_values_on_a_walk) return false;
    for (uint32_t byte = 0; byte < 256; ++byte)
      if (label(units_[base ^ byte]) == byte) reach(base ^ byte, values);
    return true;
  }

  std::vector<uint32_t> units_;
  std::string_view replacements_;
  std::vector<int8_t> values_;  // on the walk to each node, at most
  std::vector<uint32_t> open_;
};

}  // namespace

bool charsmap_is_sound(std::string_view charsmap) {
  uint32_t trie_bytes = 0;
  if (charsmap.size() <= sizeof trie_bytes || charsmap.size() > max_charsmap_bytes) return false;
  std::memcpy(&trie_bytes, charsmap.data(), sizeof trie_bytes);
  charsmap.remove_prefix(sizeof trie_bytes);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes >= charsmap.size() || charsmap.back() != '\0') return false;
  std::vector<uint32_t> units(trie_bytes / 4);
  std::memcpy(units.data(), charsmap.data(), trie_bytes);
  return TrieWalk(std::move(units), charsmap.substr(trie_bytes)).is_sound();
}

}  // namespace flightdeck
