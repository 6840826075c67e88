// Random checkpoint folders of a few hundred kilobytes, the same on every machine: config.json, model.safetensors,
// generation_config.json and a SentencePiece tokenizer with byte fallback.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "kernels/tensor.h"

namespace flightdeck::test {

enum class TinyShape {
  llama,           // heads == kv_heads, own lm_head
  llama_gqa_tied,  // two heads a key/value head, lm_head is the embedding
  baichuan2,       // W_pack, NormHead, rope
};

struct TinyModel {
  TinyShape shape = TinyShape::llama;
  DType dtype = DType::f16;  // f32, f16 or bf16
  int vocab = 320;           // at least 263 for the tokenizer to be written
  int hidden = 64;
  int intermediate = 128;
  int layers = 2;
  int heads = 4;
  int context = 128;
  uint64_t seed = 1;
};

/// Writes the folder (made when absent).
Result<void> write_tiny_checkpoint(const std::string& folder, const TinyModel& model = {});

}  // namespace flightdeck::test
