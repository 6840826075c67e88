// Text ↔ token ids. Const after load, thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace flightdeck {

enum class SpecialTokens : uint8_t {
  as_text,  // user text that spells a control token is plain text
  parse,    // spelled control tokens become their ids
};

struct SpecialMatch {
  int32_t id = -1;  // -1: none begins here
  size_t length = 0;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual int vocab_size() const = 0;
  virtual std::vector<int32_t> encode(std::string_view text, SpecialTokens special = SpecialTokens::as_text) const = 0;
  /// Bytes of one token as they stand in the text: a byte-fallback piece is one byte, control tokens are empty.
  virtual std::string token_bytes(int32_t id) const = 0;
  /// The piece as the vocabulary spells it, for people ("▁the", "<0x0A>", "<s>").
  virtual std::string piece(int32_t id) const = 0;
  /// Id of a piece or added token by its exact spelling, -1 when there is none.
  virtual int32_t id_of(std::string_view piece) const = 0;
  virtual bool is_control(int32_t id) const = 0;
  /// The longest token at the front of the text that SpecialTokens::parse would take there. As it stands here: control
  /// tokens by their spelling.
  virtual SpecialMatch special_at(std::string_view text) const;
  /// SentencePiece puts a blank before the first word of a text; the first token's text must lose it again.
  virtual bool adds_leading_space() const = 0;
  virtual int32_t bos_id() const = 0;  // -1: none
  virtual int32_t eos_id() const = 0;
  /// Whether a plain prompt starts with bos (tokenizer_config.json: add_bos_token).
  virtual bool add_bos() const = 0;

  /// The text of the ids, invalid UTF-8 replaced by U+FFFD, control tokens left out.
  std::string decode(const std::vector<int32_t>& ids) const;
};

/// Reads tokenizer.model (SentencePiece), tokenizer_config.json and added_tokens.json of a folder.
Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const std::string& folder);

/// Turns one sequence's ids into text as they come: hands out whole UTF-8 characters only. Not thread-safe.
class StreamingDetokenizer {
 public:
  explicit StreamingDetokenizer(const Tokenizer& tokenizer, bool at_text_start = false)
      : tokenizer_(tokenizer), strip_space_(at_text_start && tokenizer.adds_leading_space()) {}
  /// Text completed by this token, maybe empty.
  std::string push(int32_t id);
  /// What is left: an unfinished character becomes U+FFFD.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool strip_space_;
  std::string pending_;
};

}  // namespace flightdeck
