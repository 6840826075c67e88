// What the report card's error is measured on: a little text of everyday kinds, in the model's own tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flightdeck {

/// Token ids of four short texts (English, Chinese, a dialogue, code); empty when the folder has no tokenizer that can
/// be read.
std::vector<std::vector<int32_t>> sample_text(const std::string& model_dir);

}  // namespace flightdeck
