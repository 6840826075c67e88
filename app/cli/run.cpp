#include "app/cli/answers.h"
#include "app/cli/commands.h"
#include "app/cli/engine_flags.h"
#include "app/cli/interrupt.h"
#include "app/cli/terminal.h"
#include "core/base/memory.h"
#include "core/bench/id_rows.h"
#include "core/bench/in_flight.h"
#include "core/bench/npy.h"

namespace flightdeck::cli {
namespace {

struct Flags {
  EngineFlags engine;
  SamplingFlags sampling;
  std::vector<std::string> texts;
  std::string inputFile, system;
  std::string outputCsv, outputNpy, outputLogitsNpy;
  int maxOutputLen = 0, maxInputLength = 0, padId = -1, streamingInterval = 0;
  bool chat = false, noPromptTemplate = false, noAddSpecialTokens = false, streaming = false, stats = false;
};

struct Prompt {
  std::string shown;  // between the quotes of "Input"
  std::vector<int32_t> ids;
};

Result<Prompt> promptOf(const std::string& text, const Flags& flags, const Inference& engine) {
  const Tokenizer& tokenizer = engine.tokenizer();
  Prompt prompt{text, {}};
  if (flags.chat && !flags.noPromptTemplate) {
    std::vector<ChatMessage> messages;
    if (!flags.system.empty()) messages.push_back({Role::system, flags.system});
    messages.push_back({Role::user, text});
    TRY(prompt.ids,
        engine.chat_prompt().encode(tokenizer, messages, engine.info().context_tokens - flags.maxOutputLen));
    return prompt;
  }
  if (tokenizer.add_bos() && !flags.noAddSpecialTokens) prompt.ids.push_back(tokenizer.bos_id());
  const std::vector<int32_t> ids = tokenizer.encode(text);
  prompt.ids.insert(prompt.ids.end(), ids.begin(), ids.end());
  return prompt;
}

int32_t padIdOf(const Flags& flags, const Inference& engine) {
  return flags.padId >= 0 ? flags.padId : std::max(engine.tokenizer().eos_id(), 0);
}

Result<std::vector<Prompt>> promptsOf(const Flags& flags, const Inference& engine) {
  std::vector<Prompt> prompts;
  if (!flags.inputFile.empty()) {
    TRY(IdRows rows, read_id_rows(flags.inputFile, padIdOf(flags, engine), engine.tokenizer().bos_id()));
    for (std::vector<int32_t>& ids : rows) {
      for (const int32_t id : ids)
        if (id >= engine.info().vocab_size)
          return fail(ErrorKind::invalid_input, "{} holds token id {}, this model's ids are 0 to {}", flags.inputFile,
                      id, engine.info().vocab_size - 1);
      prompts.push_back({engine.tokenizer().decode(ids), std::move(ids)});
    }
  }
  for (const std::string& text : flags.texts) {
    TRY(Prompt prompt, promptOf(text, flags, engine));
    prompts.push_back(std::move(prompt));
  }
  // As run.py: of a prompt that is too long the end is kept.
  if (flags.maxInputLength > 0)
    for (Prompt& prompt : prompts)
      if (prompt.ids.size() > static_cast<size_t>(flags.maxInputLength))
        prompt.ids.erase(prompt.ids.begin(), prompt.ids.end() - flags.maxInputLength);
  return prompts;
}

/// Prints one pair of lines; with --streaming the answer as it comes. False when a stop was requested.
bool printPair(size_t index, const Prompt& prompt, Answers& answers, bool streaming, const std::stop_token& stop) {
  if (streaming) {
    fmt::print("Input [Text {}]: \"{}\"\n", index, prompt.shown);
    fmt::print("Output [Text {} Beam 0]: \"", index);
    std::fflush(stdout);
  }
  std::string text;
  for (bool done = false; !done;) {
    const std::string more = answers.newText(index, text.size(), done, stop);
    if (!done && more.empty()) return false;
    if (streaming) printModelText(more);
    text += more;
  }
  if (!streaming) {
    fmt::print("Input [Text {}]: \"{}\"\n", index, prompt.shown);
    fmt::print("Output [Text {} Beam 0]: \"", index);
    printModelText(text);
  }
  fmt::print("\"\n");
  std::fflush(stdout);
  return true;
}

Result<void> writeFiles(const Flags& flags, const std::vector<Prompt>& prompts, const Answers& answers,
                        const Inference& engine) {
  IdRows rows;
  for (size_t i = 0; i < prompts.size(); ++i) {
    rows.push_back(prompts[i].ids);
    rows.back().insert(rows.back().end(), answers.all()[i].ids.begin(), answers.all()[i].ids.end());
  }
  if (!flags.outputCsv.empty()) TRY_VOID(write_id_csv(flags.outputCsv, rows));
  if (!flags.outputNpy.empty()) TRY_VOID(write_id_npy(flags.outputNpy, rows, padIdOf(flags, engine)));
  if (!flags.outputLogitsNpy.empty()) {
    const std::vector<float>& logits = answers.all().front().logits;
    TRY_VOID(write_npy(flags.outputLogitsNpy, std::span<const float>(logits),
                       static_cast<size_t>(engine.info().vocab_size)));
  }
  return {};
}

void printStats(const Answers& answers, const Inference& engine, double elapsedMs) {
  double prompt = 0, generated = 0, firstMs = 0, decodeRate = 0;
  for (const Answer& answer : answers.all()) {
    const RequestStats& stats = answer.completion.stats;
    prompt += stats.prompt_tokens;
    generated += stats.generated_tokens;
    firstMs = std::max(firstMs, stats.first_token_ms);
    decodeRate = stats.decode_tokens_per_s;
  }
  // Of one answer the decode speed; of several what the batch made a second.
  const double rate = answers.all().size() == 1 ? decodeRate : generated / elapsedMs * 1000;
  const EngineInfo& info = engine.info();
  fmt::print(stderr,
             "prompt tokens: {:.0f}\ngenerated tokens: {:.0f}\ntime to first token: {:.1f} ms\nspeed: {:.2f} tok/s\n",
             prompt, generated, firstMs, rate);
  fmt::print(stderr, "memory: {} resident (weights {}, KV cache {})\n", humanBytes(process_memory_bytes()),
             humanBytes(info.weight_bytes), humanBytes(info.kv_cache_bytes));
}

Result<int> run(const Flags& flags) {
  if (flags.texts.empty() && flags.inputFile.empty())
    return fail(ErrorKind::invalid_input, "nothing to answer: give --input_text TEXT or --input_file FILE");
  const Interrupt interrupt;
  TRY(const std::unique_ptr<Inference> engine, flags.engine.load(interrupt.token()));
  if (flags.chat && !engine->chat_prompt().found())
    fmt::print(stderr, "flightdeck: this model has no chat format known here, the prompt is plain text\n");
  TRY(const std::vector<Prompt> prompts, promptsOf(flags, *engine));
  Answers answers(prompts.size());
  InFlight requests(*engine);
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < prompts.size(); ++i) {
    Request request;
    request.prompt = prompts[i].ids;
    request.max_tokens = flags.maxOutputLen;
    request.sampling = flags.sampling.params;
    request.want_logits = i == 0 && !flags.outputLogitsNpy.empty();
    if (flags.chat) request.sampling.stop_ids = engine->chat_prompt().stop_ids();
    TRY_VOID(requests.submit(std::move(request), answers.sink(i)));
  }
  for (size_t i = 0; i < prompts.size(); ++i)
    if (!printPair(i, prompts[i], answers, flags.streaming, interrupt.token())) break;
  TRY_VOID(requests.wait_all(interrupt.token()));
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  TRY_VOID(writeFiles(flags, prompts, answers, *engine));
  if (flags.stats) printStats(answers, *engine, elapsed.count());
  return 0;
}

}  // namespace

void addRun(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  // run.py's defaults: greedy.
  flags->sampling.params.top_k = 1;
  CLI::App* command = program.add_subcommand("run", "Answers of an engine to texts or token ids, all in one batch");
  flags->engine.addTo(command);
  addTexts(command, "--input_text", flags->texts, "A prompt; repeatable");
  command->add_option("--input_file", flags->inputFile,
                      "Prompts as token ids, a row each: .npy (int32 or int64), .csv or .txt");
  command->add_option("--pad_id", flags->padId,
                      "Id that fills rows of --input_file and --output_npy; -1: the end token");
  command->add_option("--max_output_len", flags->maxOutputLen, "Tokens to generate at most")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--max_input_length", flags->maxInputLength,
                      "Keep the last tokens of longer prompts; 0: do not cut");
  command->add_flag("--chat", flags->chat, "The text is a user's message in the model's chat format");
  command->add_option("--system", flags->system, "System text for --chat");
  command->add_flag("--no_prompt_template", flags->noPromptTemplate, "The text as it is, also with --chat");
  command->add_flag("--no_add_special_tokens", flags->noAddSpecialTokens, "No begin token before a plain text");
  command->add_flag("--streaming", flags->streaming, "Print answers as they come");
  command->add_option("--streaming_interval", flags->streamingInterval)->group("");
  command->add_flag("--stats", flags->stats, "Tokens, times and memory on stderr");
  command->add_option("--output_csv", flags->outputCsv, "Write prompt and answer ids, a row each");
  command->add_option("--output_npy", flags->outputNpy, "The same as int32 [batch, longest]");
  command->add_option("--output_logits_npy", flags->outputLogitsNpy,
                      "Logits of the first prompt: float32 [prompt + generated - 1, vocabulary]");
  flags->sampling.addTo(command);
  command->callback([flags, &action] { action = [flags] { return run(*flags); }; });
}

}  // namespace flightdeck::cli
