// Arguments before they are parsed: both spellings of flags, free texts, and what was meant by a misspelt word.
#pragma once

#include <string>
#include <vector>

namespace flightdeck::cli {

/// Flags in one spelling (--max-output-len → --max_output_len) and repeated text flags written out (--input_text a b →
/// --input_text a --input_text b). Values stay as they are.
std::vector<std::string> normalized(const std::vector<std::string>& arguments);

/// The word most like `word` among `known`, empty when none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace flightdeck::cli
