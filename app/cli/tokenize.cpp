#include <fmt/ranges.h>

#include "app/cli/commands.h"
#include "app/cli/terminal.h"
#include "core/base/quote.h"
#include "core/tokenizer/tokenizer.h"

namespace flightdeck::cli {
namespace {

struct Flags {
  std::string modelDir, text;
  std::vector<int32_t> ids;
  bool hasText = false, addBos = false, parseSpecial = false;
};

Result<int> printIds(const Flags& flags, const Tokenizer& tokenizer) {
  std::vector<int32_t> ids =
      tokenizer.encode(flags.text, flags.parseSpecial ? SpecialTokens::parse : SpecialTokens::as_text);
  if (flags.addBos && tokenizer.bos_id() >= 0) ids.insert(ids.begin(), tokenizer.bos_id());
  std::vector<std::string> pieces;
  for (const int32_t id : ids) pieces.push_back(quote(tokenizer.piece(id)));
  fmt::print("{}\n{}\n", fmt::join(ids, " "), fmt::join(pieces, " "));
  fmt::print(stderr, "{} tokens\n", ids.size());
  return 0;
}

Result<int> tokenize(const Flags& flags) {
  TRY(const std::shared_ptr<const Tokenizer> tokenizer, load_tokenizer(flags.modelDir));
  if (flags.hasText) return printIds(flags, *tokenizer);
  for (const int32_t id : flags.ids)
    if (id < 0 || id >= tokenizer->vocab_size())
      return fail(ErrorKind::invalid_input, "id {}: this tokenizer's ids are 0 to {}", id, tokenizer->vocab_size() - 1);
  printModelText(tokenizer->decode(flags.ids) + "\n");
  return 0;
}

/// "1 2 3" and "1,2,3" as well as separate arguments.
std::string parseIds(const CLI::results_t& words, std::vector<int32_t>& ids) {
  for (std::string word : words) {
    std::replace(word.begin(), word.end(), ',', ' ');
    for (const std::string& number : CLI::detail::split(word, ' ')) {
      int32_t id = 0;
      if (number.empty()) continue;
      if (!CLI::detail::lexical_cast(number, id)) return number;
      ids.push_back(id);
    }
  }
  return {};
}

}  // namespace

void addTokenize(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("tokenize", "Text -> token ids and pieces, or ids -> text");
  command->add_option("--model_dir", flags->modelDir, "A checkpoint or an engine with its tokenizer files")->required();
  const auto takeText = [flags](const std::string& text) { flags->text = text, flags->hasText = true; };
  CLI::Option* text = command->add_option_function<std::string>("--text", takeText, "Text to encode");
  const auto takeIds = [flags](const CLI::results_t& words) {
    const std::string wrong = parseIds(words, flags->ids);
    if (!wrong.empty()) throw CLI::ValidationError("--ids", quote(wrong, 24) + " is no token id");
    return true;
  };
  CLI::Option* ids =
      command->add_option("--ids", takeIds, "Ids to decode: \"1 2 3\"")->type_name("INT ...")->expected(1, -1);
  text->excludes(ids);
  command->add_flag("--add_bos", flags->addBos, "Begin token first")->needs(text);
  command->add_flag("--parse_special", flags->parseSpecial, "Spelled control tokens become their ids")->needs(text);
  command->callback([flags, ids, &action] {
    if (!flags->hasText && ids->count() == 0) throw CLI::RequiredError("--text or --ids");
    action = [flags] { return tokenize(*flags); };
  });
}

}  // namespace flightdeck::cli
