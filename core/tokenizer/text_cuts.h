// Places where a long text can be cut without changing its ids: SentencePiece's time and memory grow faster than the
// text (measured on 1 MB of words: 1.2 s whole, 0.3 s in parts of 4 KiB).
#pragma once

#include <string_view>

#include "core/tokenizer/sentencepiece_model.h"

namespace flightdeck {

/// BPE only joins neighbours into pieces of the vocabulary. Where no piece has a blank behind another character,
/// nothing ever joins across such a place, whatever stands on either side. True for every known model that keeps blanks
/// as they are; a model that rewrites text (charsmap, extra blanks) is left alone.
bool can_cut_before_blanks(const SentencePieceModel& model);

/// Length of the next part of `text`: a few KiB, up to a blank behind another character, or all of it.
size_t next_part(std::string_view text);

}  // namespace flightdeck
