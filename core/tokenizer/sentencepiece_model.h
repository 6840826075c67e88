// tokenizer.model, read and checked by us before the SentencePiece library sees anything: the library trusts its files
// (CVE-2026-1260), so it only ever gets the bytes of serialize(), rebuilt from values that passed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace flightdeck {

struct SentencePieceModel {
  static constexpr size_t max_bytes = 64u << 20;
  static constexpr size_t max_pieces = 4u << 20;

  enum class Kind : uint8_t { unigram = 1, bpe = 2, word = 3, character = 4 };
  enum class PieceType : uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };
  struct Piece {
    std::string text;
    float score = 0;
    PieceType type = PieceType::normal;
  };

  Kind kind = Kind::unigram;
  std::vector<Piece> pieces;  // index is the id
  bool byte_fallback = false;
  bool blank_as_suffix = false;  // treat_whitespace_as_suffix
  bool add_dummy_prefix = true;  // a blank before the text
  bool remove_extra_blanks = true;
  bool escape_blanks = true;  // blanks are spelled ▁
  std::string charsmap;       // precompiled normalisation: u32 trie bytes, trie, replacements ending in NUL each
  std::string unknown_text = " \xe2\x81\x87 ";  // what an unknown token decodes to, U+2047 by default
  std::string unknown_piece = "<unk>", bos_piece = "<s>", eos_piece = "</s>", pad_piece = "<pad>";
};

/// `name` is what messages call the file.
Result<SentencePieceModel> parse_sentencepiece_model(std::string_view file, const std::string& name);

/// The model as the SentencePiece library reads it.
std::string serialize(const SentencePieceModel& model);

/// The value of a byte piece spelled "<0x0A>", -1 for any other text.
int byte_of_piece(std::string_view piece);

/// Whether every walk through a precompiled normalisation map stays inside it (the library does not check).
bool charsmap_is_sound(std::string_view charsmap);

}  // namespace flightdeck
