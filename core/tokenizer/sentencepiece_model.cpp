#include "core/tokenizer/sentencepiece_model.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "core/base/quote.h"
#include "core/tokenizer/protobuf.h"

namespace flightdeck {
namespace {

// Field numbers of sentencepiece_model.proto.
namespace model_field {
enum : uint32_t { piece = 1, trainer = 2, normalizer = 3 };
}
namespace piece_field {
enum : uint32_t { text = 1, score = 2, type = 3 };
}
namespace trainer_field {
enum : uint32_t {
  kind = 3,
  vocab_size = 4,
  blank_as_suffix = 24,
  byte_fallback = 35,
  unknown_id = 40,
  bos_id = 41,
  eos_id = 42,
  pad_id = 43,
  unknown_text = 44,
  unknown_piece = 45,
  bos_piece = 46,
  eos_piece = 47,
  pad_piece = 48
};
}
namespace normalizer_field {
enum : uint32_t { name = 1, charsmap = 2, add_dummy_prefix = 3, remove_extra_blanks = 4, escape_blanks = 5 };
}

using Model = SentencePieceModel;
using PieceType = Model::PieceType;

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool read_piece(std::string_view message, Model::Piece& piece) {
  ProtobufReader reader(message);
  uint64_t type = 1;
  while (reader.next()) switch (reader.field()) {
      case piece_field::text:
        piece.text = reader.bytes();
        break;
      case piece_field::score:
        piece.score = reader.real();
        break;
      case piece_field::type:
        type = reader.number();
        break;
      default:
        break;
    }
  piece.type = static_cast<PieceType>(type);
  return reader.ok() && type >= 1 && type <= 6;
}

bool read_trainer(std::string_view message, Model& model) {
  ProtobufReader reader(message);
  uint64_t kind = static_cast<uint64_t>(model.kind);
  while (reader.next()) switch (reader.field()) {
      case trainer_field::kind:
        kind = reader.number();
        break;
      case trainer_field::blank_as_suffix:
        model.blank_as_suffix = reader.boolean();
        break;
      case trainer_field::byte_fallback:
        model.byte_fallback = reader.boolean();
        break;
      case trainer_field::unknown_text:
        model.unknown_text = reader.bytes();
        break;
      case trainer_field::unknown_piece:
        model.unknown_piece = reader.bytes();
        break;
      case trainer_field::bos_piece:
        model.bos_piece = reader.bytes();
        break;
      case trainer_field::eos_piece:
        model.eos_piece = reader.bytes();
        break;
      case trainer_field::pad_piece:
        model.pad_piece = reader.bytes();
        break;
      default:
        break;
    }
  model.kind = static_cast<Model::Kind>(kind);
  return reader.ok() && kind >= 1 && kind <= 4;
}

bool read_normalizer(std::string_view message, Model& model) {
  ProtobufReader reader(message);
  while (reader.next()) switch (reader.field()) {
      case normalizer_field::charsmap:
        model.charsmap = reader.bytes();
        break;
      case normalizer_field::add_dummy_prefix:
        model.add_dummy_prefix = reader.boolean();
        break;
      case normalizer_field::remove_extra_blanks:
        model.remove_extra_blanks = reader.boolean();
        break;
      case normalizer_field::escape_blanks:
        model.escape_blanks = reader.boolean();
        break;
      default:
        break;
    }
  return reader.ok();
}

Result<void> read_fields(std::string_view file, const std::string& name, Model& model) {
  ProtobufReader reader(file);
  bool ok = true;
  while (ok && reader.next()) switch (reader.field()) {
      case model_field::piece:
        if (model.pieces.size() >= Model::max_pieces)
          return fail(ErrorKind::corrupt, "{}: more than {} pieces", name, Model::max_pieces);
        ok = read_piece(reader.bytes(), model.pieces.emplace_back());
        break;
      case model_field::trainer:
        ok = read_trainer(reader.bytes(), model);
        break;
      case model_field::normalizer:
        ok = read_normalizer(reader.bytes(), model);
        break;
      default:
        break;
    }
  if (!ok || !reader.ok())
    return fail(ErrorKind::corrupt,
                "{}: not a SentencePiece model, or a damaged one (after {} pieces): download the file again", name,
                model.pieces.size());
  return {};
}

Result<void> check_piece(const Model::Piece& piece, size_t id, const std::string& name) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorKind::corrupt, "{}: piece {} ({}) {}: download the file again", name, id, quote(piece.text), what);
  };
  if (piece.text.empty()) return refuse("is empty");
  if (piece.text.find('\0') != std::string::npos) return refuse("holds a NUL byte");
  if (!valid_utf8(piece.text)) return refuse("is not UTF-8");
  if (!std::isfinite(piece.score) || std::fabs(piece.score) > 1e9f) return refuse("has a score that is no number");
  if (piece.type == PieceType::byte && byte_of_piece(piece.text) < 0) return refuse("is no byte from <0x00> to <0xFF>");
  return {};
}

/// The library keeps 64 matches of one walk through the user-defined pieces and reads past its array when there are
/// more.
bool nests_too_deep(const Model& model) {
  std::vector<std::string_view> sorted, prefixes;
  for (const Model::Piece& piece : model.pieces)
    if (piece.type == PieceType::user_defined) sorted.push_back(piece.text);
  std::sort(sorted.begin(), sorted.end());
  for (const std::string_view text : sorted) {
    while (!prefixes.empty() && !text.starts_with(prefixes.back())) prefixes.pop_back();
    prefixes.push_back(text);
    if (prefixes.size() > 64) return true;
  }
  return false;
}

Result<void> check_pieces(const Model& model, const std::string& name) {
  if (model.pieces.empty())
    return fail(ErrorKind::corrupt, "{}: no pieces in it: not a SentencePiece model, or a damaged one", name);
  std::unordered_set<std::string_view> seen;
  int unknowns = 0, bytes = 0;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const Model::Piece& piece = model.pieces[id];
    TRY_VOID(check_piece(piece, id, name));
    if (!seen.insert(piece.text).second)
      return fail(ErrorKind::corrupt, "{}: piece {} appears twice", name, quote(piece.text));
    unknowns += piece.type == PieceType::unknown;
    bytes += piece.type == PieceType::byte;
  }
  if (unknowns != 1) return fail(ErrorKind::corrupt, "{}: {} pieces for unknown text, expected 1", name, unknowns);
  if (bytes != (model.byte_fallback ? 256 : 0))
    return fail(ErrorKind::corrupt, "{}: {} byte pieces, expected {}", name, bytes, model.byte_fallback ? 256 : 0);
  if (nests_too_deep(model)) return fail(ErrorKind::corrupt, "{}: more than 64 user-defined pieces begin alike", name);
  return {};
}

std::string serialize(const Model::Piece& piece) {
  ProtobufWriter out;
  out.bytes(piece_field::text, piece.text);
  out.real(piece_field::score, piece.score);
  out.number(piece_field::type, static_cast<uint64_t>(piece.type));
  return out.message();
}

std::string serialize_trainer(const Model& model) {
  ProtobufWriter out;
  out.number(trainer_field::kind, static_cast<uint64_t>(model.kind));
  out.number(trainer_field::vocab_size, model.pieces.size());
  out.number(trainer_field::blank_as_suffix, model.blank_as_suffix);
  out.number(trainer_field::byte_fallback, model.byte_fallback);
  out.bytes(trainer_field::unknown_piece, model.unknown_piece);
  out.bytes(trainer_field::bos_piece, model.bos_piece);
  out.bytes(trainer_field::eos_piece, model.eos_piece);
  out.bytes(trainer_field::pad_piece, model.pad_piece);
  return out.message();
}

std::string serialize_normalizer(const Model& model) {
  ProtobufWriter out;
  out.bytes(normalizer_field::name, "checked");
  if (!model.charsmap.empty()) out.bytes(normalizer_field::charsmap, model.charsmap);
  out.number(normalizer_field::add_dummy_prefix, model.add_dummy_prefix);
  out.number(normalizer_field::remove_extra_blanks, model.remove_extra_blanks);
  out.number(normalizer_field::escape_blanks, model.escape_blanks);
  return out.message();
}

}  // namespace

int byte_of_piece(std::string_view piece) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return -1;
  const int high = digit(piece[3]), low = digit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

Result<SentencePieceModel> parse_sentencepiece_model(std::string_view file, const std::string& name) {
  if (file.size() > Model::max_bytes)
    return fail(ErrorKind::corrupt, "{}: {} bytes, at most {} are read", name, file.size(), Model::max_bytes);
  Model model;
  TRY_VOID(read_fields(file, name, model));
  TRY_VOID(check_pieces(model, name));
  if (!model.charsmap.empty() && !charsmap_is_sound(model.charsmap))
    return fail(ErrorKind::corrupt, "{}: its normalisation map points outside itself: download the file again", name);
  if (!valid_utf8(model.unknown_text)) model.unknown_text = "\xef\xbf\xbd";
  return model;
}

std::string serialize(const SentencePieceModel& model) {
  ProtobufWriter out;
  for (const Model::Piece& piece : model.pieces) out.bytes(model_field::piece, serialize(piece));
  out.bytes(model_field::trainer, serialize_trainer(model));
  out.bytes(model_field::normalizer, serialize_normalizer(model));
  return out.message();
}

}  // namespace flightdeck
