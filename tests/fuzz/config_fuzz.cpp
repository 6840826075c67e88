#include "core/base/json.h"
#include "core/checkpoint/model_config.h"
#include "tests/fuzz/fuzz_target.h"

using namespace flightdeck;

/// Accepted: sizes are positive, divide as they must, and their products fit what later code multiplies.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz", {.max_bytes = 4u << 20});
  if (!json) return 0;
  const auto model = parse_model_config(*json, *json, "fuzz");
  fuzz_accepted = model.has_value();
  if (!model) return 0;
  FUZZ_REQUIRE(model->vocab_size > 0 && model->hidden_size > 0 && model->intermediate_size > 0 &&
               model->num_layers > 0);
  FUZZ_REQUIRE(model->num_heads > 0 && model->num_kv_heads > 0 && model->num_heads % model->num_kv_heads == 0);
  FUZZ_REQUIRE(model->head_dim > 0 && model->num_heads * model->head_dim <= 1 << 20);
  FUZZ_REQUIRE(model->rope_theta >= 1.0 && model->rope_theta <= 1e12 && model->max_positions > 0);
  for (const auto& ids : {model->bos_ids, model->eos_ids})
    for (const int32_t id : ids) FUZZ_REQUIRE(id >= 0 && id < model->vocab_size);
  return 0;
}
