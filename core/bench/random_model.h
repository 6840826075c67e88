// Engines of well-known shapes with random weights, made in memory: what benchmark.py's -m does.
#pragma once

#include <string>
#include <vector>

#include "core/engine/engine_dir.h"
#include "core/runtime/engine.h"

namespace flightdeck {

/// "tinyllama_1.1b", …: the names random_model() knows.
std::vector<std::string> random_model_names();

/// none (float16), int8_weight_only or int4_weight_only (group 128). Weights are windows into one pool of
/// random bytes a format, made when the engine first asks, so that host memory holds no more than the largest weight.
/// The output layer is float16 unless quantize_lm_head. The source has no tokenizer.
Result<EngineSource> random_model(const std::string& model, const std::string& quantization, int max_input_tokens,
                                  int max_output_tokens, bool quantize_lm_head = false);

/// Bytes of weights and cache that one decode step of `sequences` sequences with `context_tokens` each reads.
double decode_bytes(const Plan& plan, const EngineManifest& manifest, int sequences, double context_tokens);

/// Operations of reading `sequences` prompts of `tokens` tokens: products of the weights (the head once a prompt) and
/// causal attention.
double prefill_flops(const Plan& plan, int sequences, int tokens);

}  // namespace flightdeck
