#include "core/checkpoint/model_config.h"

#include <algorithm>

#include "core/base/json.h"
#include "core/base/quote.h"

namespace flightdeck {
namespace {

constexpr int64_t kMaxVocab = 4'194'304;  // 4 Mi
constexpr int64_t kMaxPositions = 1 << 24;

struct Architecture {
  const char* name;        // in "architectures"
  const char* model_type;  // where "architectures" is absent
  Family family;
};
constexpr Architecture kArchitectures[] = {
    {"LlamaForCausalLM", "llama", Family::llama},
    {"MistralForCausalLM", "mistral", Family::mistral},
    {"BaichuanForCausalLM", "baichuan", Family::baichuan},
    {"BaiChuanForCausalLM", "baichuan", Family::baichuan},  // the first Baichuan-7B writes itself so
};

Result<Architecture> find_architecture(const Json& config, const JsonReader& reader, const std::string& name) {
  std::string asked;
  if (reader.has("architectures")) {
    const Json& list = config.at("architectures");
    if (!list.is_array() || list.empty() || !list[0].is_string())
      return fail(ErrorKind::corrupt, "{}: architectures is not a list of names", name);
    asked = list[0].get<std::string>();
  }
  TRY(const std::string model_type, reader.text("model_type", ""));
  for (const Architecture& architecture : kArchitectures)
    if (asked.empty() ? model_type == architecture.model_type : asked == architecture.name) return architecture;
  if (asked.empty()) asked = model_type.empty() ? "a config without architectures" : model_type;
  return fail(ErrorKind::unsupported,
              "{}: {} is not supported yet: choose a model that is LlamaForCausalLM, MistralForCausalLM or "
              "BaichuanForCausalLM",
              name, quote(asked));
}

/// Sizes and the relations between them.
Result<void> read_sizes(const JsonReader& reader, const std::string& name, ModelConfig& model) {
  const auto read = [&](int& field, const char* key, int64_t high,
                        std::optional<int64_t> fallback = {}) -> Result<void> {
    TRY(const int64_t value, reader.integer(key, 1, high, fallback));
    field = static_cast<int>(value);
    return {};
  };
  TRY_VOID(read(model.vocab_size, "vocab_size", kMaxVocab));
  TRY_VOID(read(model.hidden_size, "hidden_size", 131'072));
  TRY_VOID(read(model.intermediate_size, "intermediate_size", 1 << 20));
  TRY_VOID(read(model.num_layers, "num_hidden_layers", 1024));
  TRY_VOID(read(model.num_heads, "num_attention_heads", 1024));
  TRY_VOID(read(model.num_kv_heads, "num_key_value_heads", 1024, model.num_heads));
  if (!reader.has("head_dim") && model.hidden_size % model.num_heads != 0)
    return fail(ErrorKind::corrupt,
                "{}: hidden_size {} is not a multiple of num_attention_heads {}, and there is no head_dim", name,
                model.hidden_size, model.num_heads);
  TRY_VOID(read(model.head_dim, "head_dim", 1024, model.hidden_size / model.num_heads));
  if (model.head_dim > 1024)
    return fail(ErrorKind::corrupt, "{}: heads of {} numbers, at most 1024 are possible", name, model.head_dim);
  if (model.num_heads % model.num_kv_heads != 0)
    return fail(ErrorKind::corrupt, "{}: num_attention_heads {} is not a multiple of num_key_value_heads {}", name,
                model.num_heads, model.num_kv_heads);
  // Baichuan 13B names only model_max_length.
  const char* positions = reader.has("max_position_embeddings") ? "max_position_embeddings" : "model_max_length";
  TRY_VOID(read(model.max_positions, positions, kMaxPositions));
  TRY(model.rms_norm_eps, reader.number("rms_norm_eps", 1e-12, 0.1, 1e-6));
  return {};
}

/// rope_theta and the scaling, which older files put at the top level and newer ones into rope_parameters.
Result<void> read_rope(const Json& config, const JsonReader& reader, const std::string& name, ModelConfig& model) {
  TRY(model.rope_theta, reader.number("rope_theta", 1.0, 1e12, 10000.0));
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!reader.has(key)) continue;
    const Json& rope = config.at(key);
    if (!rope.is_object()) return fail(ErrorKind::corrupt, "{}: {} is not an object", name, key);
    const JsonReader inner(rope, name + ": " + key);
    TRY(const std::string old_type, inner.text("type", "default"));
    TRY(const std::string type, inner.text("rope_type", old_type));
    if (type != "default")
      return fail(ErrorKind::unsupported, "{}: {} of type {} is not supported yet", name, key, quote(type));
    TRY(model.rope_theta, inner.number("rope_theta", 1.0, 1e12, model.rope_theta));
  }
  TRY(const double rotated, reader.number("partial_rotary_factor", 0.0, 1.0, 1.0));
  if (rotated != 1.0)
    return fail(ErrorKind::unsupported, "{}: partial_rotary_factor {} is not supported yet", name, rotated);
  if (!model.alibi && model.head_dim % 2 != 0)
    return fail(ErrorKind::corrupt, "{}: rotary positions need an even head_dim, got {}", name, model.head_dim);
  return {};
}

/// What would change the computation and is not done: said by name instead of computed wrongly.
Result<void> refuse_variants(const Json& config, const JsonReader& reader, const std::string& name) {
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    TRY(const bool biased, reader.boolean(key, false));
    if (biased) return fail(ErrorKind::unsupported, "{}: {} is true, which is not supported yet", name, key);
  }
  TRY(const std::string activation, reader.text("hidden_act", "silu"));
  if (activation != "silu" && activation != "swish")
    return fail(ErrorKind::unsupported, "{}: hidden_act {} is not supported yet, only silu is", name,
                quote(activation));
  if (reader.has("quantization_config")) {
    const JsonReader quantization(config.at("quantization_config"), name + ": quantization_config");
    TRY(const std::string method, quantization.text("quant_method", "unnamed"));
    return fail(ErrorKind::unsupported,
                "{}: the weights are already quantized ({}); use the original model in F16, BF16 or F32", name,
                quote(method));
  }
  return {};
}

/// 7B and 13B, first and second release, share one architecture name: told apart as vLLM and SGLang do.
Result<void> read_baichuan(const JsonReader& reader, const std::string& name, ModelConfig& model) {
  TRY(const std::string positions, reader.text("position_embedding", model.hidden_size == 4096   ? "ROPE"
                                                                     : model.hidden_size == 5120 ? "ALIBI"
                                                                                                 : ""));
  if (positions != "ROPE" && positions != "ALIBI")
    return fail(ErrorKind::unsupported,
                "{}: cannot tell whether this Baichuan uses RoPE or ALiBi (hidden_size {}, position_embedding {}): set "
                "position_embedding to \"ROPE\" or \"ALIBI\"",
                name, model.hidden_size, quote(positions));
  model.alibi = positions == "ALIBI";
  if (!reader.has("norm_head") && model.vocab_size != 125'696 && model.vocab_size != 64'000)
    return fail(ErrorKind::unsupported,
                "{}: cannot tell Baichuan 1 from 2 by vocab_size {} (64000 or 125696): set norm_head to true or false",
                name, model.vocab_size);
  TRY(model.norm_head, reader.boolean("norm_head", model.vocab_size == 125'696));
  if (model.num_kv_heads != model.num_heads)
    return fail(ErrorKind::unsupported, "{}: Baichuan with num_key_value_heads {} is not supported", name,
                model.num_kv_heads);
  return {};
}

/// One id, a list of ids, or nothing; each inside the vocabulary.
Result<std::vector<int32_t>> read_ids(const Json& object, const char* key, int vocab_size, const std::string& name) {
  std::vector<int32_t> ids;
  if (!object.is_object() || !object.contains(key) || object.at(key).is_null()) return ids;
  const Json& value = object.at(key);
  const Json list = value.is_array() ? value : Json::array({value});
  if (list.size() > 1024) return fail(ErrorKind::corrupt, "{}: {} lists {} ids", name, key, list.size());
  for (const Json& id : list) {
    const bool fits = id.is_number_unsigned() && id.get<uint64_t>() < static_cast<uint64_t>(vocab_size);
    if (!fits)
      return fail(ErrorKind::corrupt, "{}: {} holds {}, expected ids from 0 to {}", name, key,
                  id.is_number() ? id.dump() : "no number", vocab_size - 1);
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

}  // namespace

Result<ModelConfig> parse_model_config(const Json& config, const Json& generation_config, const std::string& name) {
  if (!config.is_object()) return fail(ErrorKind::corrupt, "{}: is not a JSON object", name);
  if (!generation_config.is_null() && !generation_config.is_object())
    return fail(ErrorKind::corrupt, "{}: the generation_config.json beside it is not a JSON object", name);
  const JsonReader reader(config, name);
  ModelConfig model;
  TRY(const Architecture architecture, find_architecture(config, reader, name));
  model.family = architecture.family;
  model.architecture = architecture.name;
  TRY_VOID(refuse_variants(config, reader, name));
  TRY_VOID(read_sizes(reader, name, model));
  if (model.family == Family::baichuan) TRY_VOID(read_baichuan(reader, name, model));
  TRY_VOID(read_rope(config, reader, name, model));
  if (model.family == Family::mistral) {
    TRY(const int64_t window, reader.integer("sliding_window", 0, kMaxPositions, 0));
    model.sliding_window = static_cast<int>(window);
  }
  TRY(model.tied_head, reader.boolean("tie_word_embeddings", false));
  TRY(const std::string dtype, reader.text("dtype", ""));
  TRY(model.torch_dtype, reader.text("torch_dtype", dtype));
  TRY(model.bos_ids, read_ids(config, "bos_token_id", model.vocab_size, name));
  TRY(model.eos_ids, read_ids(config, "eos_token_id", model.vocab_size, name));
  TRY(auto better_eos_ids,
      read_ids(generation_config, "eos_token_id", model.vocab_size, name + " (generation_config.json)"));
  if (!better_eos_ids.empty()) model.eos_ids = std::move(better_eos_ids);
  return model;
}

}  // namespace flightdeck
