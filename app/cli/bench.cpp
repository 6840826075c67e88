#include <thread>

#include "app/cli/commands.h"
#include "app/cli/engine_flags.h"
#include "app/cli/interrupt.h"
#include "app/cli/terminal.h"
#include "core/base/memory.h"
#include "core/bench/profile.h"
#include "core/bench/random_model.h"
#include "core/bench/report.h"
#include "kernels/backend.h"
#include "kernels/roofline.h"

namespace flightdeck::cli {
namespace {

struct Flags {
  EngineFlags engine;
  BenchmarkOptions options;
  std::string model, quantization = "none", batchSize = "1", lengths = "32,50", dataset, type = "IFB";
  TraceOptions trace;
  int maxBatchSize = 0;
  bool csv = false, roofline = false, profile = false, quantizeLmHead = false;
};

/// What is measured: an engine and what the lines say of it.
struct Subject {
  std::unique_ptr<Inference> engine;
  EngineManifest manifest;
  Plan plan;
  double loadSeconds = 0;
  uint64_t usedBefore = 0;  // bytes of the GPU that others had when this began
};

bool onGpu(const Subject& subject) { return subject.engine->info().device.starts_with("cuda:"); }

Result<std::vector<int>> numbers(const std::string& flag, const std::string& text, char separator) {
  std::vector<int> values;
  for (const std::string& part : CLI::detail::split(text, separator)) {
    int value = 0;
    if (!CLI::detail::lexical_cast(CLI::detail::trim_copy(part), value) || value < 1)
      return fail(ErrorKind::invalid_input, "{} \"{}\": expected numbers above 0, as in \"1;8\" or \"32,50;128,50\"",
                  flag, text);
    values.push_back(value);
  }
  return values;
}

Result<std::vector<BenchmarkCase>> casesOf(const Flags& flags) {
  std::vector<BenchmarkCase> cases;
  TRY(const std::vector<int> batches, numbers("--batch_size", flags.batchSize, ';'));
  for (const std::string& pair : CLI::detail::split(flags.lengths, ';')) {
    TRY(const std::vector<int> lengths, numbers("--input_output_len", pair, ','));
    if (lengths.size() != 2)
      return fail(ErrorKind::invalid_input, "--input_output_len \"{}\": expected pairs, as in \"32,50;128,50\"",
                  flags.lengths);
    for (const int batch : batches) cases.push_back({batch, lengths[0], lengths[1]});
  }
  return cases;
}

int roofThreads(const EngineFlags& flags) {
  return flags.options.threads > 0 ? flags.options.threads
                                   : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

/// An engine directory, or random weights, with slots for `batch` sequences of these lengths.
Result<EngineSource> sourceOf(const Flags& flags, int input, int output) {
  if (flags.model.empty()) return open_source(flags.engine.engineDir, {}, {});
  return random_model(flags.model, flags.quantization, input, output, flags.quantizeLmHead);
}

/// What an engine has to have room for: more would be memory that the run does not need.
struct Room {
  int sequences = 1, input = 0, output = 0;  // the most of each
  int context = 0;                           // input and output of one request
  int stepTokens = 0;                        // 0: as many as the device likes
};

EngineOptions optionsOf(const Flags& flags, const Room& room) {
  EngineOptions options = flags.engine.options;
  options.max_batch_size = room.sequences;
  options.context_tokens = room.context;
  if (options.max_num_tokens == 0) options.max_num_tokens = room.stepTokens;
  options.prefix_reuse = false;
  return options;
}

Result<Subject> start(const Flags& flags, const Room& room, const std::stop_token& stop) {
  const auto begin = std::chrono::steady_clock::now();
  Subject subject;
  // The device is known once the engine is there; "auto" takes the first GPU.
  const std::string& device = flags.engine.options.device;
  subject.usedBefore = device_usage(device == "auto" ? "cuda:0" : device).used_bytes;
  TRY(EngineSource source, sourceOf(flags, room.input, room.output));
  subject.manifest = source.manifest;
  subject.plan = source.plan;
  ProgressLine line;
  const auto show = [&line](const LoadProgress& progress) {
    if (isTerminal(stderr)) line.show(fmt::format("loading: {}", progress.phase), progress.fraction);
  };
  TRY(subject.engine, start_engine(std::move(source), optionsOf(flags, room), show, stop));
  subject.loadSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return subject;
}

/// Of a GPU what its driver counts beside what others had, else the process's.
uint64_t peakBytes(const Subject& subject) {
  if (!onGpu(subject)) return process_peak_memory_bytes();
  const EngineInfo& info = subject.engine->info();
  const DeviceUsage usage = device_usage(info.device);
  return usage.known ? usage.used_bytes - std::min(usage.used_bytes, subject.usedBefore)
                     : info.weight_bytes + info.kv_cache_bytes;
}

BenchmarkSubject describe(const Subject& subject) {
  BenchmarkSubject words;
  words.model_name = subject.manifest.name;
  words.precision = subject.manifest.dtype;
  words.compute_cap = subject.engine->info().compute_cap;
  words.info = subject.plan.info;
  words.build_time_s = subject.loadSeconds;
  words.quantization = name_of(subject.manifest.qformat);
  words.lm_head = lm_head_format(subject.manifest);
  words.peak_memory_gb = static_cast<double>(peakBytes(subject)) / (1u << 30);
  return words;
}

/// How near decoding comes to reading memory as fast as the machine can, and prefill to its matrix rate (of a GPU).
void printRoofline(const Subject& subject, const BenchmarkCase& shape, const BenchmarkResult& result,
                   const DeviceCeilings& ceilings) {
  const auto share = [](double value, double ceiling) { return ceiling > 0 ? 100 * value / ceiling : 0.0; };
  const double context = shape.input_length + shape.output_length / 2.0;
  const double bytes = decode_bytes(subject.plan, subject.manifest, shape.batch_size, context);
  const double rate = bytes * result.generation_tokens_per_s / shape.batch_size;
  const double seconds = result.first_token_ms / 1000;
  const double tokens = static_cast<double>(shape.batch_size) * shape.input_length;
  fmt::print(
      "[ROOFLINE] batch_size {} input_length {} output_length {} read_bandwidth(GB/s) {:.2f} bytes_per_step(GB) {:.3f} "
      "decode(GB/s) {:.2f} share(%) {:.1f} prefill(tok/s) {:.1f}",
      shape.batch_size, shape.input_length, shape.output_length, ceilings.read_bytes_per_s / 1e9, bytes / 1e9,
      rate / 1e9, share(rate, ceilings.read_bytes_per_s), seconds > 0 ? tokens / seconds : 0.0);
  if (ceilings.gemm_flops > 0 && seconds > 0) {
    const double flops = prefill_flops(subject.plan, shape.batch_size, shape.input_length) / seconds;
    fmt::print(" gemm(TFLOP/s) {:.1f} prefill(TFLOP/s) {:.1f} prefill_share(%) {:.1f}", ceilings.gemm_flops / 1e12,
               flops / 1e12, share(flops, ceilings.gemm_flops));
  }
  fmt::print("\n");
}

/// What a step took on average, and how much of it the device waited for the host.
void printSteps(const EngineStats& before, const EngineStats& after) {
  const auto steps = static_cast<double>(after.iteration - before.iteration);
  if (steps < 1) return;
  const double step = (after.total_step_ms - before.total_step_ms) / steps;
  const double device = (after.total_device_ms - before.total_device_ms) / steps;
  fmt::print("[STEP] steps {:.0f} step(ms) {:.3f} device(ms) {:.3f} not_hidden(ms) {:.3f} host_work(ms) {:.3f}\n",
             steps, step, device, std::max(0.0, step - device),
             (after.total_host_work_ms - before.total_host_work_ms) / steps);
}

/// What the cases need. Prompts of less than a small step take no more than they are.
Room roomFor(const std::vector<BenchmarkCase>& cases) {
  constexpr int kLeastTokens = 64, kSmallStep = 512;
  Room room;
  for (const BenchmarkCase& shape : cases) {
    room.sequences = std::max(room.sequences, shape.batch_size);
    room.input = std::max(room.input, shape.input_length);
    room.output = std::max(room.output, shape.output_length);
    room.context = std::max(room.context, shape.input_length + shape.output_length);
  }
  const int64_t prompts = int64_t{room.sequences} * room.input;
  if (prompts < kSmallStep) room.stepTokens = std::max(static_cast<int>(prompts), kLeastTokens);
  return room;
}

/// --max_batch_size, --max_input_len and --max_output_len reserve more than the cases need; less is an error.
Result<void> widen(Room& room, const Flags& flags) {
  const auto apply = [](int& value, int wanted, const char* flag) -> Result<void> {
    if (wanted > 0 && wanted < value)
      return fail(ErrorKind::invalid_input, "{} {}: a case asks for {}", flag, wanted, value);
    value = std::max(value, wanted);
    return {};
  };
  TRY_VOID(apply(room.sequences, flags.maxBatchSize, "--max_batch_size"));
  TRY_VOID(apply(room.input, flags.trace.max_input_tokens, "--max_input_len"));
  TRY_VOID(apply(room.output, flags.trace.max_output_tokens, "--max_output_len"));
  if (flags.trace.max_input_tokens > 0 || flags.trace.max_output_tokens > 0) room.context = room.input + room.output;
  return {};
}

/// On stderr: what stands behind gpu_peak_mem(gb).
void printReserved(const Inference& engine) {
  const EngineInfo& info = engine.info();
  fmt::print(stderr, "reserved: weights {}, KV cache {} ({} sequences of {} tokens)\n", humanBytes(info.weight_bytes),
             humanBytes(info.kv_cache_bytes), info.max_batch_size, info.context_tokens);
}

Result<void> printProfile(const Flags& flags, const BenchmarkCase& shape, const std::stop_token& stop) {
  TRY(EngineSource source, sourceOf(flags, shape.input_length, shape.output_length));
  TRY(const std::vector<ProfileRow> rows,
      profile_model(std::move(source), optionsOf(flags, roomFor({shape})), shape, stop));
  std::map<std::string, double> totals;
  for (const ProfileRow& row : rows) totals[row.phase] += row.ms;
  for (const ProfileRow& row : rows) {
    fmt::print(
        "[PROFILE] batch_size {} input_length {} {:<7} {:<24} calls {:>3} time(ms) {:>8.3f} share(%) {:>5.1f} "
        "GB/s {:>7.1f} TFLOP/s {:>6.1f}\n",
        shape.batch_size, shape.input_length, row.phase, row.name, row.calls, row.ms, 100 * row.ms / totals[row.phase],
        row.bytes / row.ms / 1e6, row.flops / row.ms / 1e9);
  }
  for (const auto& [phase, ms] : totals) fmt::print("[PROFILE] {} step {:.3f} ms, operation by operation\n", phase, ms);
  return {};
}

Result<int> benchCases(const Flags& flags, const std::stop_token& stop) {
  TRY(const std::vector<BenchmarkCase> cases, casesOf(flags));
  Room room = roomFor(cases);
  TRY_VOID(widen(room, flags));
  TRY(Subject subject, start(flags, room, stop));
  printReserved(*subject.engine);
  std::vector<BenchmarkResult> results;
  if (flags.csv) fmt::print("{}\n", benchmark_csv_header());
  for (const BenchmarkCase& shape : cases) {
    const EngineStats before = subject.engine->stats();
    TRY(const BenchmarkResult result, run_benchmark(*subject.engine, shape, flags.options, stop));
    const BenchmarkSubject words = describe(subject);
    fmt::print("{}\n", flags.csv ? benchmark_csv_row(words, shape, result) : benchmark_line(words, shape, result));
    if (flags.roofline) printSteps(before, subject.engine->stats());
    std::fflush(stdout);
    results.push_back(result);
  }
  if (flags.roofline) {
    // Afterwards, so that the memory it takes is in no peak above.
    DeviceCeilings ceilings;
    if (onGpu(subject)) {
      ceilings = measure_device_ceilings(subject.engine->info().device);
    } else {
      ceilings.read_bytes_per_s = measure_read_bandwidth(roofThreads(flags.engine));
    }
    for (size_t i = 0; i < cases.size(); ++i) printRoofline(subject, cases[i], results[i], ceilings);
  }
  subject.engine.reset();
  for (const BenchmarkCase& shape : cases) {
    if (!flags.profile) break;
    TRY_VOID(printProfile(flags, shape, stop));
  }
  return 0;
}

Result<int> benchTrace(Flags flags, const std::stop_token& stop) {
  flags.engine.options.max_queue = 1 << 20;
  constexpr int kLength = 128;  // where no flag says
  TraceOptions& trace = flags.trace;
  const bool inputGiven = trace.max_input_tokens > 0, outputGiven = trace.max_output_tokens > 0;
  if (!inputGiven) trace.max_input_tokens = kLength;
  if (!outputGiven) trace.max_output_tokens = kLength;
  if (flags.maxBatchSize == 0) flags.maxBatchSize = 8;
  const Room room{flags.maxBatchSize, trace.max_input_tokens, trace.max_output_tokens,
                  trace.max_input_tokens + trace.max_output_tokens, 0};
  TRY(const Subject subject, start(flags, room, stop));
  if (!inputGiven) trace.max_input_tokens = std::min(kLength, subject.manifest.max_input_len);
  if (!outputGiven) trace.max_output_tokens = std::min(kLength, subject.manifest.max_output_len);
  trace.vocab_size = subject.plan.info.vocab_size;
  TRY(const std::vector<TraceRequest> requests, read_trace(flags.dataset, trace));
  ReplayResult result;
  {
    ProgressLine line;
    const auto show = [&line](size_t done, size_t total) {
      line.show("replaying", static_cast<double>(done) / static_cast<double>(total),
                fmt::format("{} of {}", done, total));
    };
    TRY(result, replay_trace(*subject.engine, requests, flags.type == "V1" ? flags.maxBatchSize : 0, show, stop));
  }
  fmt::print("{}", replay_lines(result));
  fmt::print(stderr, "{:.0f} prompt and {:.0f} answer tokens, {}, batch {}\n", result.input_tokens,
             result.output_tokens, flags.type == "V1" ? "lockstep batches" : "in-flight batching", flags.maxBatchSize);
  return 0;
}

Result<int> bench(const Flags& flags) {
  if (flags.engine.engineDir.empty() == flags.model.empty())
    return fail(ErrorKind::invalid_input, "give either --engine_dir ENGINE or -m MODEL ({})",
                fmt::join(random_model_names(), ", "));
  const Interrupt interrupt;
  return flags.dataset.empty() ? benchCases(flags, interrupt.token()) : benchTrace(flags, interrupt.token());
}

}  // namespace

void addBench(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("bench", "Speed of an engine, or of a known shape with random weights");
  flags->engine.addTo(command, false);
  CLI::Option* model = command->add_option("-m,--model", flags->model,
                                           fmt::format("Random weights: {}", fmt::join(random_model_names(), ", ")));
  command->add_option("--quantization", flags->quantization, "Of -m: none, int8_weight_only or int4_weight_only");
  command->add_flag("--quantize_lm_head", flags->quantizeLmHead, "Of -m: the output layer too, as 'build' does")
      ->needs(model);
  command->add_option("--batch_size", flags->batchSize, "\"1;8\"");
  command->add_option("--input_output_len", flags->lengths, "\"32,50;128,50\"");
  command->add_option("--warm_up", flags->options.warm_up, "Runs before measuring")->check(CLI::NonNegativeNumber);
  command->add_option("--num_runs", flags->options.num_runs, "Measured runs a case, at most")
      ->check(CLI::PositiveNumber);
  command->add_option("--duration", flags->options.duration_s, "Seconds a case after which no further run starts")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--csv", flags->csv, "CSV with the same keys");
  command->add_flag("--roofline", flags->roofline, "Compare with what the memory, and a GPU's matrix units, can do");
  command->add_flag("--profile", flags->profile, "Time, GB/s and TFLOP/s of every kind of operation");
  command->add_option("--max_num_tokens", flags->engine.options.max_num_tokens, "Tokens of a step; 0: by the device")
      ->check(CLI::Range(0, 1 << 20));
  const std::string group = "Replay of a request trace (gptManagerBenchmark)";
  command
      ->add_option("--dataset", flags->dataset,
                   "JSON of {input_ids, output_len}, CSV with ContextTokens and GeneratedTokens, or synthetic:64")
      ->group(group);
  command
      ->add_option("--type", flags->type,
                   "IFB: in-flight batching, V1: batches in lockstep until their longest answer ends")
      ->check(CLI::IsMember({"IFB", "V1"}))
      ->group(group);
  flags->engine.addPolicyTo(command);
  command->add_option("--max_num_samples", flags->trace.max_samples, "Requests of the trace; 0: all")->group(group);
  command
      ->add_option("--max_batch_size", flags->maxBatchSize,
                   "Sequences at once, 0: 8. Without --dataset this and the two below reserve more than the cases need")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  command->add_option("--max_input_len", flags->trace.max_input_tokens, "Prompts are cut here; 0: 128")->group(group);
  command->add_option("--max_output_len", flags->trace.max_output_tokens, "Answers end here; 0: 128")->group(group);
  command->add_option("--random_seed", flags->trace.seed, "Of made-up prompts")->group(group);
  command->callback([flags, &action] { action = [flags] { return bench(*flags); }; });
}

}  // namespace flightdeck::cli
