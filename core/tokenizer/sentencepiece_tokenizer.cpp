#include "core/tokenizer/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include <unordered_map>

#include "core/base/quote.h"
#include "core/tokenizer/sentencepiece_model.h"
#include "core/tokenizer/special_matcher.h"
#include "core/tokenizer/text_cuts.h"

namespace flightdeck {
namespace {

constexpr std::string_view blank_mark = "\xe2\x96\x81";  // ▁

std::string with_blanks(std::string_view piece) {
  std::string text;
  for (size_t at = 0; at < piece.size();) {
    const bool is_mark = piece.substr(at).starts_with(blank_mark);
    text += is_mark ? ' ' : piece[at];
    at += is_mark ? blank_mark.size() : 1;
  }
  return text;
}

class SentencePieceTokenizer : public Tokenizer {
 public:
  using PieceType = SentencePieceModel::PieceType;

  static Result<std::shared_ptr<const Tokenizer>> make(SentencePieceModel model, TokenizerConfig config,
                                                       const std::string& name) {
    auto self = std::make_shared<SentencePieceTokenizer>();
    TRY_VOID(self->add_tokens(model, config, name));
    self->fill_entries(model, config);
    self->find_special_ids(model, config);
    hide_control_characters(model);
    TRY_VOID(self->load_processor(model, name));
    return self;
  }

  int vocab_size() const override { return static_cast<int>(entries_.size()); }

  std::vector<int32_t> encode(std::string_view text, SpecialTokens special) const override {
    std::vector<int32_t> ids;
    if (special == SpecialTokens::as_text) {
      append_plain(text, ids);
      return ids;
    }
    size_t start = 0;
    for (size_t at = 0; at < text.size();) {
      const SpecialMatcher::Match match = matcher_.longest(text.substr(at));
      if (match.id < 0) {
        ++at;
        continue;
      }
      append_plain(text.substr(start, at - start), ids);
      ids.push_back(match.id);
      start = at += match.length;
    }
    append_plain(text.substr(start), ids);
    return ids;
  }

  std::string token_bytes(int32_t id) const override { return has(id) ? entries_[at(id)].bytes : std::string(); }
  std::string piece(int32_t id) const override { return has(id) ? entries_[at(id)].piece : std::string(); }
  int32_t id_of(std::string_view piece) const override {
    const auto found = ids_.find(std::string(piece));
    return found == ids_.end() ? -1 : found->second;
  }
  bool is_control(int32_t id) const override { return has(id) && entries_[at(id)].control; }
  SpecialMatch special_at(std::string_view text) const override { return matcher_.longest(text); }
  bool adds_leading_space() const override { return adds_leading_space_; }
  int32_t bos_id() const override { return bos_; }
  int32_t eos_id() const override { return eos_; }
  bool add_bos() const override { return add_bos_; }

 private:
  struct Entry {
    std::string piece, bytes;
    bool control = false;
  };

  static size_t at(int32_t id) { return static_cast<size_t>(id); }
  bool has(int32_t id) const { return id >= 0 && at(id) < entries_.size(); }

  /// Pieces that the folder's config marks as special become control pieces before the library sees them: so plain
  /// text can never turn into them.
  Result<void> add_tokens(SentencePieceModel& model, const TokenizerConfig& config, const std::string& name) {
    std::unordered_map<std::string_view, size_t> known;
    for (size_t id = 0; id < model.pieces.size(); ++id) known.emplace(model.pieces[id].text, id);
    for (const auto& [id, token] : config.added) {
      const auto same_text = known.find(token.text);
      if (same_text != known.end() && same_text->second != at(id))
        return fail(ErrorKind::corrupt, "{}: added token {} has id {}, the vocabulary says {}", name, quote(token.text),
                    id, same_text->second);
      if (at(id) >= model.pieces.size() || !token.special) continue;
      PieceType& type = model.pieces[at(id)].type;
      if (type == PieceType::normal || type == PieceType::user_defined) type = PieceType::control;
    }
    return {};
  }

  /// The library takes a control piece of one character for that character in a text, and then fails.
  static void hide_control_characters(SentencePieceModel& model) {
    for (size_t id = 0; id < model.pieces.size(); ++id) {
      SentencePieceModel::Piece& piece = model.pieces[id];
      if (piece.type == PieceType::control && utf8_length(piece.text) == piece.text.size())
        piece.text = fmt::format("<control piece {}>", id);
    }
  }

  /// A text in parts gets its leading blank from us, once.
  Result<void> load_processor(SentencePieceModel& model, const std::string& name) {
    adds_leading_space_ = model.add_dummy_prefix && !model.blank_as_suffix;
    cuts_ = can_cut_before_blanks(model);
    if (cuts_) model.add_dummy_prefix = false;
    try {
      const auto status = processor_.LoadFromSerializedProto(serialize(model));
      if (status.ok()) return {};
      return fail(ErrorKind::corrupt, "{}: SentencePiece refuses it: {}", name, quote(status.error_message(), 200));
    } catch (const std::exception& error) {
      return fail(ErrorKind::corrupt, "{}: SentencePiece refuses it: {}", name, quote(error.what(), 200));
    }
  }

  Entry entry_of(const SentencePieceModel::Piece& piece, const SentencePieceModel& model) const {
    switch (piece.type) {
      case PieceType::control:
        return {piece.text, "", true};
      case PieceType::unknown:
        return {piece.text, model.unknown_text, false};
      case PieceType::byte:
        return {piece.text, std::string(1, static_cast<char>(byte_of_piece(piece.text))), false};
      default:
        return {piece.text, model.escape_blanks ? with_blanks(piece.text) : piece.text, false};
    }
  }

  void fill_entries(const SentencePieceModel& model, const TokenizerConfig& config) {
    for (size_t id = 0; id < model.pieces.size(); ++id) {
      const SentencePieceModel::Piece& piece = model.pieces[id];
      entries_.push_back(entry_of(piece, model));
    }
    for (const auto& [id, token] : config.added) {
      if (entries_.size() <= at(id)) entries_.resize(at(id) + 1);
      Entry& entry = entries_[at(id)];
      if (entry.piece != token.text) entry = {token.text, token.special ? "" : token.text, token.special};
    }
    std::vector<std::pair<std::string, int32_t>> spelled;
    for (size_t id = 0; id < entries_.size(); ++id) {
      const Entry& entry = entries_[id];
      const auto number = static_cast<int32_t>(id);
      if (!entry.piece.empty()) ids_.emplace(entry.piece, number);
      if (entry.control || config.added.contains(number)) spelled.emplace_back(entry.piece, number);
    }
    matcher_ = SpecialMatcher(std::move(spelled));
  }

  int32_t special_id(const std::optional<std::string>& configured, const std::string& piece) const {
    if (configured) return configured->empty() ? -1 : id_of(*configured);
    const int32_t id = id_of(piece);
    return is_control(id) ? id : -1;
  }

  void find_special_ids(const SentencePieceModel& model, const TokenizerConfig& config) {
    bos_ = special_id(config.bos, model.bos_piece);
    eos_ = special_id(config.eos, model.eos_piece);
    add_bos_ = bos_ >= 0 && config.add_bos.value_or(true);  // true is LlamaTokenizer's default
  }

  void append_plain(std::string_view text, std::vector<int32_t>& ids) const {
    if (text.empty()) return;
    if (!cuts_) return append_part(text, ids);
    std::string prefixed(adds_leading_space_ ? 1 : 0, ' ');
    prefixed += text;
    for (std::string_view rest = prefixed; !rest.empty();) {
      const size_t length = next_part(rest);
      append_part(rest.substr(0, length), ids);
      rest.remove_prefix(length);
    }
  }

  void append_part(std::string_view text, std::vector<int32_t>& ids) const {
    std::vector<int> found;
    try {
      if (!processor_.Encode(text, &found).ok()) found.clear();
    } catch (const std::exception&) {
      found.clear();
    }
    ids.insert(ids.end(), found.begin(), found.end());
  }

  sentencepiece::SentencePieceProcessor processor_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, int32_t> ids_;
  SpecialMatcher matcher_;
  bool adds_leading_space_ = false;
  bool cuts_ = false;  // long texts are encoded in parts
  bool add_bos_ = false;
  int32_t bos_ = -1, eos_ = -1;
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_sentencepiece_tokenizer(std::string_view model, TokenizerConfig config,
                                                                      const std::string& name) {
  TRY(SentencePieceModel parsed, parse_sentencepiece_model(model, name));
  return SentencePieceTokenizer::make(std::move(parsed), std::move(config), name);
}

}  // namespace flightdeck
