#include "core/bench/random_model.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <thread>

#include "core/graph/arch.h"
#include "core/graph/passes.h"

namespace flightdeck {
namespace {

struct Shape {
  const char* name;
  Family family;
  int vocab_size, hidden_size, intermediate_size, num_layers, num_heads, num_kv_heads, max_positions;
};

constexpr Shape kShapes[] = {
    {"tinyllama_1.1b", Family::llama, 32000, 2048, 5632, 22, 32, 4, 2048},
    {"llama2_7b", Family::llama, 32000, 4096, 11008, 32, 32, 32, 4096},
    {"mistral_7b", Family::mistral, 32000, 4096, 14336, 32, 32, 8, 32768},
    {"baichuan2_7b_chat", Family::baichuan, 125696, 4096, 11008, 32, 32, 32, 4096},
};

ModelConfig config_of(const Shape& shape) {
  ModelConfig config;
  config.family = shape.family;
  config.architecture = shape.family == Family::llama     ? "LlamaForCausalLM"
                        : shape.family == Family::mistral ? "MistralForCausalLM"
                                                          : "BaichuanForCausalLM";
  config.vocab_size = shape.vocab_size;
  config.hidden_size = shape.hidden_size;
  config.intermediate_size = shape.intermediate_size;
  config.num_layers = shape.num_layers;
  config.num_heads = shape.num_heads;
  config.num_kv_heads = shape.num_kv_heads;
  config.head_dim = shape.hidden_size / shape.num_heads;
  config.max_positions = shape.max_positions;
  config.norm_head = shape.family == Family::baichuan;
  config.torch_dtype = "float16";
  config.bos_ids = {1};
  config.eos_ids = {2};
  return config;
}

/// Fills memory with pseudo-random words (Steele & Vigna's splitmix64), each passed through `shape`.
template <class Word>
void fill(std::byte* out, size_t bytes, uint64_t seed, Word shape) {
  for (size_t at = 0; at < bytes; at += 8) {
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z = shape(z ^ (z >> 31));
    std::memcpy(out + at, &z, std::min<size_t>(8, bytes - at));
  }
}

/// float16 between 1/64 and 1/32 in size, of either sign.
uint64_t as_halves(uint64_t word) { return (word & 0x83ff83ff83ff83ffu) | 0x2400240024002400u; }
/// int8 without -128, which symmetric quantization never makes.
uint64_t as_int8(uint64_t word) {
  const uint64_t low = word & 0x7f7f7f7f7f7f7f7fu;
  const uint64_t zero = ~((low + 0x7f7f7f7f7f7f7f7fu) | low) & 0x8080808080808080u;  // bytes whose low seven bits are 0
  return word | (zero >> 7);
}

/// int4 codes without 0, for the same reason: values of mean zero. With a mean of -1/2 activations would grow from
/// layer to layer and leave float16's range.
uint64_t as_int4(uint64_t word) {
  const uint64_t low = word & 0x7777777777777777u;
  const uint64_t zero = ~((low + 0x7777777777777777u) | word) & 0x8888888888888888u;  // nibbles that are 0
  return word | zero;
}

WeightFormat format_of(const EngineManifest& manifest, const WeightSpec& spec) {
  const bool kept =
      spec.role == WeightRole::embedding || (spec.role == WeightRole::lm_head && !manifest.quantize_lm_head);
  if (kept || manifest.qformat == QFormat::full_prec)
    return manifest.dtype == "float32"    ? WeightFormat::f32
           : manifest.dtype == "bfloat16" ? WeightFormat::bf16
                                          : WeightFormat::f16;
  return manifest.qformat == QFormat::int8_wo ? WeightFormat::int8_channel : WeightFormat::int4_group;
}

size_t scales_of(WeightFormat format, const WeightSpec& spec, int group_size) {
  if (format == WeightFormat::int8_channel) return static_cast<size_t>(spec.rows);
  if (format != WeightFormat::int4_group) return 0;
  return static_cast<size_t>(spec.rows) * static_cast<size_t>(group_size > 0 ? spec.cols / group_size : 1);
}

/// Random bytes of each format, made once: every weight is a window into them, so that a model of any size is there in
/// seconds. Windows begin at different places, or every layer would add the same to the residual.
class Pool {
 public:
  Pool(const Plan& plan, EngineManifest manifest) : manifest_(std::move(manifest)) {
    for (const WeightSpec& spec : plan.weights) {
      const WeightFormat format = format_of(manifest_, spec);
      size_t& most = most_[format];
      most = std::max(most, data_bytes(format, static_cast<size_t>(spec.rows), static_cast<size_t>(spec.cols)));
      most_scales_ = std::max(most_scales_, scales_of(format, spec, manifest_.group_size));
    }
  }

  /// In the canonical layout. Not thread-safe.
  WeightView weight(const WeightSpec& spec) {
    const WeightFormat format = format_of(manifest_, spec);
    const bool int8 = format == WeightFormat::int8_channel, int4 = format == WeightFormat::int4_group;
    const std::vector<std::byte>& bytes = bytes_of_format(format);
    WeightView view;
    view.format = format;
    view.rows = static_cast<int>(spec.rows);
    view.cols = static_cast<int>(spec.cols);
    view.group_size = !int4 ? 0 : manifest_.group_size > 0 ? manifest_.group_size : view.cols;
    view.data = bytes.data() + std::hash<std::string>()(spec.name) % kWindows * kWindowStep;
    if (!int8 && !int4) return view;
    scales_.assign(most_scales_, int8 ? 0.02f / 73 : 0.02f / 4.6f);
    view.scales = scales_.data();
    return view;
  }

 private:
  static constexpr size_t kWindows = 4096, kWindowStep = 64;

  const std::vector<std::byte>& bytes_of_format(WeightFormat format) {
    std::vector<std::byte>& bytes = bytes_[format];
    if (!bytes.empty()) return bytes;
    bytes.resize(most_[format] + kWindows * kWindowStep);
    const size_t parts = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 16);
    const size_t part = (bytes.size() / parts + 63) / 64 * 64;
    std::vector<std::jthread> workers;
    for (size_t at = 0; at < bytes.size(); at += part) {
      const size_t count = std::min(part, bytes.size() - at);
      workers.emplace_back([&bytes, at, count, format] { fill_as(format, bytes.data() + at, count, at + 1); });
    }
    return bytes;
  }
  static void fill_as(WeightFormat format, std::byte* out, size_t count, uint64_t seed) {
    if (format == WeightFormat::int8_channel) return fill(out, count, seed, as_int8);
    if (format == WeightFormat::int4_group) return fill(out, count, seed, as_int4);
    fill(out, count, seed, as_halves);
  }

  const EngineManifest manifest_;
  std::map<WeightFormat, size_t> most_;
  std::map<WeightFormat, std::vector<std::byte>> bytes_;
  size_t most_scales_ = 0;
  std::vector<float> scales_;
};

Result<EngineManifest> manifest_of(const std::string& model, const std::string& quantization, int max_input_tokens,
                                   int max_output_tokens) {
  EngineManifest manifest;
  manifest.name = model;
  manifest.source = "random weights";
  manifest.max_input_len = max_input_tokens;
  manifest.max_output_len = max_output_tokens;
  if (quantization == "none") return manifest;
  manifest.qformat = quantization == "int8_weight_only" ? QFormat::int8_wo : QFormat::int4_wo;
  manifest.group_size = quantization == "int4_weight_only" ? 128 : 0;
  if (quantization != "int8_weight_only" && quantization != "int4_weight_only")
    return fail(ErrorKind::unsupported, "quantization {}: choose none, int8_weight_only or int4_weight_only",
                quantization);
  return manifest;
}

Result<Plan> plan_of(const Shape& shape) {
  const ModelConfig config = config_of(shape);
  TRY(Graph graph, build_graph(config));
  TRY_VOID(rewrite(graph, config));
  return make_plan(graph);
}

}  // namespace

std::vector<std::string> random_model_names() {
  std::vector<std::string> names;
  for (const Shape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

Result<EngineSource> random_model(const std::string& model, const std::string& quantization, int max_input_tokens,
                                  int max_output_tokens, bool quantize_lm_head) {
  const Shape* shape = nullptr;
  for (const Shape& known : kShapes)
    if (model == known.name) shape = &known;
  if (!shape)
    return fail(ErrorKind::invalid_input, "model {}: choose one of {}", model, fmt::join(random_model_names(), ", "));
  EngineSource source;
  TRY(source.manifest, manifest_of(model, quantization, max_input_tokens, max_output_tokens));
  source.manifest.quantize_lm_head = quantize_lm_head;
  if (source.manifest.context_tokens() > shape->max_positions)
    return fail(ErrorKind::invalid_input, "{} has {} positions, {} + {} tokens are asked for", model,
                shape->max_positions, max_input_tokens, max_output_tokens);
  TRY(source.plan, plan_of(*shape));
  source.name = model;
  source.weight = [pool = std::make_shared<Pool>(source.plan, source.manifest)](const WeightSpec& spec,
                                                                                std::vector<std::byte>&) {
    return Result<WeightView>(pool->weight(spec));
  };
  source.vector = [](const WeightSpec& spec) {
    return Result<std::vector<float>>(std::vector<float>(static_cast<size_t>(spec.cols), 1.0f));
  };
  return source;
}

double decode_bytes(const Plan& plan, const EngineManifest& manifest, int sequences, double context_tokens) {
  double bytes = 0;
  for (const WeightSpec& spec : plan.weights) {
    const bool used_as_matrix = spec.role == WeightRole::linear || spec.role == WeightRole::lm_head;
    if (!used_as_matrix) continue;  // of the embedding a step reads some rows only
    const WeightFormat format = format_of(manifest, spec);
    bytes += static_cast<double>(data_bytes(format, static_cast<size_t>(spec.rows), static_cast<size_t>(spec.cols)));
    bytes += 4.0 * static_cast<double>(scales_of(format, spec, manifest.group_size));
  }
  const ModelInfo& info = plan.info;
  const double cache_item = manifest.kv_cache_dtype == "auto" && manifest.dtype == "float32" ? 4 : 2;
  return bytes + 2.0 * info.num_layers * info.num_kv_heads * info.head_dim * cache_item * sequences * context_tokens;
}

double prefill_flops(const Plan& plan, int sequences, int tokens) {
  double flops = 0;
  for (const WeightSpec& spec : plan.weights) {
    const double product = 2.0 * static_cast<double>(spec.rows) * static_cast<double>(spec.cols);
    if (spec.role == WeightRole::linear) flops += product * tokens;
    if (spec.role == WeightRole::lm_head) flops += product;
  }
  for (const PlanStep& step : plan.steps) {
    const bool attends = step.op == OpKind::attention || step.op == OpKind::cached_attention;
    if (attends) flops += 2.0 * tokens * (tokens + 1.0) * step.attributes.heads * plan.info.head_dim;
  }
  return flops * sequences;
}

}  // namespace flightdeck
