#include "core/tokenizer/tokenizer.h"

#include <algorithm>
#include <filesystem>

#include "core/base/file.h"
#include "core/tokenizer/sentencepiece_model.h"
#include "core/tokenizer/sentencepiece_tokenizer.h"

namespace flightdeck {
namespace {

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Result<Json> read_optional_json(const std::string& path) {
  if (!exists(path)) return Json();
  return read_json_file(path);
}

}  // namespace

SpecialMatch Tokenizer::special_at(std::string_view text) const {
  constexpr size_t longest = 64;
  for (size_t length = std::min(longest, text.size()); length > 0; --length) {
    const int32_t id = id_of(text.substr(0, length));
    if (id >= 0 && is_control(id)) return {id, length};
  }
  return {};
}

std::string Tokenizer::decode(const std::vector<int32_t>& ids) const {
  StreamingDetokenizer stream(*this, true);
  std::string text;
  for (const int32_t id : ids) text += stream.push(id);
  return text + stream.finish();
}

Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const std::string& folder) {
  std::error_code code;
  if (!std::filesystem::is_directory(folder, code))
    return fail(ErrorKind::not_found, "{}: there is no such folder: choose the folder of a model or an engine",
                folder.empty() ? "''" : folder);
  const std::string path = folder + "/tokenizer.model";
  if (!exists(path)) {
    if (exists(folder + "/tokenizer.json"))
      return fail(ErrorKind::unsupported,
                  "{}: has only tokenizer.json, this version reads SentencePiece's tokenizer.model: choose a model "
                  "that has one",
                  folder);
    return fail(ErrorKind::not_found, "{}: no tokenizer.model there: choose the folder of a complete model", folder);
  }
  TRY(const Json tokenizer_config, read_optional_json(folder + "/tokenizer_config.json"));
  TRY(const Json added_tokens, read_optional_json(folder + "/added_tokens.json"));
  TRY(TokenizerConfig config, parse_tokenizer_config(tokenizer_config, added_tokens, folder));
  TRY(const std::string model, read_file(path, SentencePieceModel::max_bytes));
  return make_sentencepiece_tokenizer(model, std::move(config), path);
}

}  // namespace flightdeck
