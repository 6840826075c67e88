// Model families: ModelConfig → Graph. One file a family in arch/; nothing later knows families.
#pragma once

#include "core/base/result.h"
#include "core/checkpoint/model_config.h"
#include "core/graph/graph.h"

namespace flightdeck {

/// The source graph of the model, weights named as in its Hugging Face checkpoint.
Result<Graph> build_graph(const ModelConfig& config);

Graph llama_graph(const ModelConfig& config);     // Llama, Mistral
Graph baichuan_graph(const ModelConfig& config);  // Baichuan 1 and 2, 7B (rope) and 13B (ALiBi)

}  // namespace flightdeck
