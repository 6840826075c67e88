// Small SentencePiece models written by hand, sound and broken ones.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <string>

#include "core/tokenizer/protobuf.h"
#include "core/tokenizer/sentencepiece_model.h"
#include "core/tokenizer/sentencepiece_tokenizer.h"

namespace flightdeck::test {

using PieceType = SentencePieceModel::PieceType;

/// A BPE model without dummy prefix: unknown, <s>, </s>, 256 bytes, then `pieces` (of rising cost).
inline SentencePieceModel byte_model(std::vector<SentencePieceModel::Piece> pieces = {}) {
  SentencePieceModel model;
  model.kind = SentencePieceModel::Kind::bpe;
  model.byte_fallback = true;
  model.add_dummy_prefix = false;
  model.remove_extra_blanks = false;
  model.pieces = {{"<unk>", 0, PieceType::unknown}, {"<s>", 0, PieceType::control}, {"</s>", 0, PieceType::control}};
  for (int byte = 0; byte < 256; ++byte) model.pieces.push_back({fmt::format("<0x{:02X}>", byte), 0, PieceType::byte});
  float score = 0;
  for (auto& piece : pieces) {
    piece.score = score--;
    model.pieces.push_back(piece);
  }
  return model;
}

inline Result<std::shared_ptr<const Tokenizer>> make(const SentencePieceModel& model, TokenizerConfig config = {}) {
  return make_sentencepiece_tokenizer(serialize(model), std::move(config), "test.model");
}

inline int32_t byte_id(uint8_t byte) { return 3 + byte; }

inline void write(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

}  // namespace flightdeck::test
