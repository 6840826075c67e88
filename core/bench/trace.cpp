#include "core/bench/trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/quote.h"
#include "core/bench/benchmark.h"

namespace flightdeck {
namespace {

constexpr size_t kMaxFileBytes = 256u << 20;
constexpr int kMaxTokens = 1 << 24;

int capped(int64_t tokens, int limit) {
  return static_cast<int>(std::clamp<int64_t>(tokens, 1, limit > 0 ? limit : kMaxTokens));
}

bool is_full(const std::vector<TraceRequest>& trace, const TraceOptions& options) {
  return options.max_samples > 0 && trace.size() >= static_cast<size_t>(options.max_samples);
}

/// A request of these lengths with a made-up prompt.
TraceRequest made_up(int64_t input, int64_t output, size_t index, const TraceOptions& options) {
  return {random_prompt(capped(input, options.max_input_tokens), options.vocab_size, options.seed * 1000003 + index),
          capped(output, options.max_output_tokens)};
}

Result<TraceRequest> parse_sample(const Json& sample, const std::string& name, const TraceOptions& options) {
  const JsonReader reader(sample, name);
  TRY(const int64_t output, reader.integer("output_len", 1, kMaxTokens));
  if (!sample.contains("input_ids") || !sample["input_ids"].is_array() || sample["input_ids"].empty())
    return fail(ErrorKind::corrupt, "{}: input_ids is not a list of token ids", name);
  TraceRequest request;
  request.output_tokens = capped(output, options.max_output_tokens);
  for (const Json& id : sample["input_ids"]) {
    if (!id.is_number_integer() || id < 0 || id >= options.vocab_size)
      return fail(ErrorKind::invalid_input, "{}: input_ids holds {}, this model's ids are 0 to {}", name,
                  quote(id.dump(), 24), options.vocab_size - 1);
    request.prompt.push_back(id.get<int32_t>());
  }
  request.prompt.resize(
      static_cast<size_t>(capped(static_cast<int64_t>(request.prompt.size()), options.max_input_tokens)));
  return request;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<int64_t> tokens_in(const std::vector<std::string_view>& fields, size_t column, const std::string& name,
                          size_t line) {
  int64_t value = 0;
  const std::string_view field = column < fields.size() ? fields[column] : std::string_view();
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || value < 0)
    return fail(ErrorKind::corrupt, "{}: line {} has {} where a number of tokens is expected", name, line,
                quote(field, 24));
  return value;
}

}  // namespace

Result<std::vector<TraceRequest>> parse_trace_json(const std::string& text, const std::string& name,
                                                   const TraceOptions& options) {
  TRY(const Json json, parse_json(text, name, {kMaxFileBytes, 16}));
  const bool wrapped = json.is_object() && json.contains("samples");
  const Json& samples = wrapped ? json["samples"] : json;
  if (!samples.is_array())
    return fail(ErrorKind::corrupt, "{}: expected a list of {{input_ids, output_len}} or an object with \"samples\"",
                name);
  std::vector<TraceRequest> trace;
  for (const Json& sample : samples) {
    if (is_full(trace, options)) break;
    TRY(TraceRequest request, parse_sample(sample, fmt::format("{}: sample {}", name, trace.size()), options));
    trace.push_back(std::move(request));
  }
  return trace;
}

Result<std::vector<TraceRequest>> parse_trace_csv(const std::string& text, const std::string& name,
                                                  const TraceOptions& options) {
  std::vector<TraceRequest> trace;
  size_t input_column = 0, output_column = 0, number = 0;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (++number > 1 && line.empty()) continue;
    if (is_full(trace, options)) break;
    const std::vector<std::string_view> fields = split(line, ',');
    if (number == 1) {
      const auto column = [&](std::string_view title) {
        return static_cast<size_t>(std::find(fields.begin(), fields.end(), title) - fields.begin());
      };
      input_column = column("ContextTokens"), output_column = column("GeneratedTokens");
      if (std::max(input_column, output_column) >= fields.size())
        return fail(ErrorKind::corrupt, "{}: the first line must name the columns ContextTokens and GeneratedTokens",
                    name);
      continue;
    }
    TRY(const int64_t input, tokens_in(fields, input_column, name, number));
    TRY(const int64_t output, tokens_in(fields, output_column, name, number));
    trace.push_back(made_up(input, output, trace.size(), options));
  }
  return trace;
}

std::vector<TraceRequest> synthetic_trace(int requests, const TraceOptions& options) {
  std::mt19937_64 random(options.seed);
  // Lengths spread evenly over orders of magnitude, as those of real traffic do: many short, few long.
  const auto draw = [&random](int low, int high) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    return static_cast<int64_t>(std::lround(low * std::pow(static_cast<double>(high) / low, unit)));
  };
  const int max_input = options.max_input_tokens > 0 ? options.max_input_tokens : 128;
  const int max_output = options.max_output_tokens > 0 ? options.max_output_tokens : 128;
  std::vector<TraceRequest> trace;
  for (int i = 0; i < requests && !is_full(trace, options); ++i) {
    const int64_t input = draw(std::max(1, max_input / 16), max_input);
    const int64_t output = draw(std::max(1, max_output / 16), max_output);
    trace.push_back(made_up(input, output, trace.size(), options));
  }
  return trace;
}

Result<std::vector<TraceRequest>> read_trace(const std::string& source, const TraceOptions& options) {
  constexpr std::string_view prefix = "synthetic:";
  std::vector<TraceRequest> trace;
  if (source.starts_with(prefix)) {
    int requests = 0;
    const auto [end, error] = std::from_chars(source.data() + prefix.size(), source.data() + source.size(), requests);
    if (error != std::errc() || end != source.data() + source.size() || requests < 1 || requests > 1'000'000)
      return fail(ErrorKind::invalid_input,
                  "dataset {}: expected synthetic: and a number of requests, as in synthetic:64", quote(source));
    trace = synthetic_trace(requests, options);
  } else {
    TRY(const std::string text, read_file(source, kMaxFileBytes));
    auto parsed =
        source.ends_with(".csv") ? parse_trace_csv(text, source, options) : parse_trace_json(text, source, options);
    if (!parsed && parsed.error().kind == ErrorKind::corrupt)
      return tl::unexpected(with_next_step(parsed.error(), "name a trace in JSON or .csv, or synthetic:64"));
    TRY(trace, std::move(parsed));
  }
  if (trace.empty()) return fail(ErrorKind::invalid_input, "{} holds no requests: choose another dataset", source);
  return trace;
}

}  // namespace flightdeck
