#include "core/tokenizer/text_cuts.h"

#include <algorithm>

namespace flightdeck {
namespace {

constexpr size_t min_part_bytes = 4096;
constexpr std::string_view blank_mark = "\xe2\x96\x81";  // ▁

bool ends_with_blank(std::string_view text) { return text.ends_with(' ') || text.ends_with(blank_mark); }

bool has_blank_inside(std::string_view piece) {
  for (size_t at = 1; at < piece.size(); ++at) {
    const std::string_view rest = piece.substr(at);
    if ((rest.starts_with(' ') || rest.starts_with(blank_mark)) && !ends_with_blank(piece.substr(0, at))) return true;
  }
  return false;
}

}  // namespace

bool can_cut_before_blanks(const SentencePieceModel& model) {
  return model.kind == SentencePieceModel::Kind::bpe && model.charsmap.empty() && !model.remove_extra_blanks &&
         !model.blank_as_suffix && model.escape_blanks &&
         std::none_of(model.pieces.begin(), model.pieces.end(),
                      [](const SentencePieceModel::Piece& piece) { return has_blank_inside(piece.text); });
}

size_t next_part(std::string_view text) {
  for (size_t at = text.find(' ', std::min(min_part_bytes, text.size())); at < text.size(); at = text.find(' ', at + 1))
    if (!ends_with_blank(text.substr(0, at))) return at;
  return text.size();
}

}  // namespace flightdeck
