// config.json of a checkpoint as one plain struct; every field checked against its range before anything is allocated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json_fwd.h"
#include "core/base/result.h"

namespace flightdeck {

enum class Family { llama, mistral, baichuan };

struct ModelConfig {
  Family family = Family::llama;
  std::string architecture;  // "LlamaForCausalLM", as in config.json
  int vocab_size = 0;
  int hidden_size = 0;
  int intermediate_size = 0;
  int num_layers = 0;
  int num_heads = 0;
  int num_kv_heads = 0;
  int head_dim = 0;
  int max_positions = 0;       // context the model was made for
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000.0;
  int sliding_window = 0;      // 0: none
  bool tied_head = false;      // lm_head is the embedding
  bool norm_head = false;      // Baichuan2: rows of lm_head are L2-normalised
  bool alibi = false;          // Baichuan 13B: no rope
  std::string torch_dtype;     // as the checkpoint says, informative
  std::vector<int32_t> bos_ids, eos_ids;
};

/// Reads the Llama shape: Llama, Mistral, Baichuan 1 and 2. Unknown architectures are ErrorKind::unsupported with the list
/// of what is supported. generation_config.json (may be null) overrides the eos ids.
Result<ModelConfig> parse_model_config(const Json& config, const Json& generation_config, const std::string& name);

}  // namespace flightdeck
