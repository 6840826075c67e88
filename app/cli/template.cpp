// `flightdeck template`: exactly the text that a chat template makes of a conversation.
#include "core/jinja/template.h"

#include <ctime>
#include <filesystem>

#include "app/cli/commands.h"
#include "app/cli/terminal.h"
#include "core/base/file.h"
#include "core/base/quote.h"
#include "core/tokenizer/chat_template.h"

namespace flightdeck::cli {
namespace {

constexpr size_t kMostMessageBytes = 64u << 20;

struct Flags {
  std::string modelDir, templateFile, messages, now;
  std::string bosToken, eosToken;
  bool ask = false;
};

Result<ChatTemplate> findTemplate(const Flags& flags) {
  ChatTemplate found;
  if (!flags.templateFile.empty()) {
    TRY(found.text, read_file(flags.templateFile, jinja::Limits().source_bytes));
    found.file = flags.templateFile;
    return found;
  }
  std::error_code code;
  if (!std::filesystem::is_directory(flags.modelDir, code))
    return fail(ErrorKind::not_found, "{}: there is no such folder: choose the folder of a model or an engine",
                flags.modelDir.empty() ? "''" : flags.modelDir);
  found = read_chat_template(flags.modelDir);
  if (found.text.empty())
    return fail(ErrorKind::not_found,
                "{}: no chat template there (chat_template.jinja, tokenizer_config.json, chat_template.json): give one "
                "with --template_file",
                flags.modelDir);
  return found;
}

void set(jinja::Template::Variables& variables, const std::string& name, jinja::Value value) {
  for (auto& [known, old] : variables)
    if (known == name) return void(old = std::move(value));
  variables.emplace_back(name, std::move(value));
}

/// A list of messages, or an object of them with whatever else the template may ask for (tools, enable_thinking, …).
Result<void> addMessages(const std::string& path, jinja::Template::Variables& variables) {
  std::string text = R"([{"role": "user", "content": "Hello"}])", name = "messages";
  if (!path.empty()) {
    TRY(text, read_file(path, kMostMessageBytes));
    name = path;
  }
  TRY(const jinja::Value value, jinja::value_from_json(text, name, jinja::Origin::user));
  if (value.list()) return set(variables, "messages", value), Result<void>();
  if (!value.dict() || !value.dict()->find_name("messages"))
    return fail(ErrorKind::invalid_input, "{}: neither a list of messages nor an object with \"messages\"", name);
  for (const auto& [key, each] : value.dict()->entries()) set(variables, key.text()->bytes(), each);
  return {};
}

Result<std::tm> timeOf(const std::string& iso) {
  std::tm now{};
  if (iso.empty()) {
    const std::time_t seconds = std::time(nullptr);
    localtime_r(&seconds, &now);
    return now;
  }
  const char* end = strptime(iso.c_str(), "%Y-%m-%d", &now);
  if (end && *end == 'T') end = strptime(end, "T%H:%M:%S", &now);
  if (!end || *end) return fail(ErrorKind::invalid_input, "--now {}: write it as 2025-07-10T12:00:00", quote(iso, 40));
  return now;
}

Result<int> renderTemplate(const Flags& flags) {
  TRY(const ChatTemplate found, findTemplate(flags));
  TRY(const jinja::Template parsed, jinja::Template::parse(found.text, found.file));
  jinja::Template::Variables variables;
  for (const auto& [name, text] : found.special_tokens) variables.emplace_back(name, jinja::Value(text));
  if (!flags.bosToken.empty()) set(variables, "bos_token", jinja::Value(flags.bosToken));
  if (!flags.eosToken.empty()) set(variables, "eos_token", jinja::Value(flags.eosToken));
  set(variables, "add_generation_prompt", jinja::Value(false));
  TRY_VOID(addMessages(flags.messages, variables));
  if (flags.ask) set(variables, "add_generation_prompt", jinja::Value(true));
  TRY(const std::tm now, timeOf(flags.now));
  TRY(const jinja::Text text, parsed.render(variables, now));
  printModelText(text.bytes());
  return 0;
}

}  // namespace

void addTemplate(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("template", "The prompt text a chat template makes of a conversation");
  CLI::Option* model = command->add_option("--model_dir", flags->modelDir, "A checkpoint or an engine with a template");
  CLI::Option* file = command->add_option("--template_file", flags->templateFile, "A Jinja file instead");
  model->excludes(file);
  command->add_option("--messages", flags->messages,
                      "JSON: a list of messages, or an object with messages, tools, … (without: one \"Hello\")");
  command->add_flag("--add_generation_prompt", flags->ask, "End with the beginning of the assistant's turn");
  command->add_option("--bos_token", flags->bosToken, "Instead of the model's");
  command->add_option("--eos_token", flags->eosToken, "Instead of the model's");
  command->add_option("--now", flags->now, "The time for templates that tell the date, as 2025-07-10T12:00:00");
  command->callback([flags, model, file, &action] {
    if (model->count() == 0 && file->count() == 0) throw CLI::RequiredError("--model_dir or --template_file");
    action = [flags] { return renderTemplate(*flags); };
  });
}

}  // namespace flightdeck::cli
