// A SentencePiece vocabulary (BPE or unigram) with the tokens that were added to it. Const after load, thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "core/tokenizer/added_tokens.h"
#include "core/tokenizer/tokenizer.h"

namespace flightdeck {

/// `model` is the content of tokenizer.model, `name` what messages call it.
Result<std::shared_ptr<const Tokenizer>> make_sentencepiece_tokenizer(std::string_view model, TokenizerConfig config,
                                                                      const std::string& name);

}  // namespace flightdeck
