// The operations: one argument struct each. Outputs first, then inputs, then sizes. Shapes stand behind the fields:
// T tokens of the step, S sequences, H heads, K key/value heads, D head size. All pointers are device pointers of the
// backend that runs the operation. Activations are float32 on the CPU backend, float16 or bfloat16 on CUDA.
#pragma once

#include <memory>

#include "kernels/tensor.h"

namespace flightdeck {

/// A weight matrix in a backend's own layout; made by Backend::pack, used by the backend that made it.
class PackedWeight {
 public:
  PackedWeight(WeightFormat stored_as, int row_count, int col_count)
      : format(stored_as), rows(row_count), cols(col_count) {}
  virtual ~PackedWeight() = default;
  /// Device bytes one matrix-vector product has to read.
  virtual size_t bytes() const = 0;

  const WeightFormat format;
  const int rows;
  const int cols;
};

/// A ragged batch: the new tokens of all scheduled sequences packed one after another, prefill chunks and single
/// decode tokens alike, no padding.
struct BatchView {
  int tokens = 0;                          // T
  int sequences = 0;                       // S
  int max_blocks = 0;                      // width of block_tables
  const int32_t* token_ids = nullptr;      // [T]
  const int32_t* positions = nullptr;      // [T] position of each token in its sequence
  const int32_t* sequence_of = nullptr;    // [T] index into the S sequences
  const int32_t* query_offsets = nullptr;  // [S + 1] first token of each sequence in the packed order
  const int32_t* kv_lengths = nullptr;     // [S] tokens in the cache once this step's are written
  const int32_t* block_tables = nullptr;   // [S, max_blocks] cache blocks in order
};

/// One layer's keys and values in blocks: keys [blocks, K, block_size, D], values the same. f32 or f16 on the CPU.
struct KvCacheView {
  void* keys = nullptr;
  void* values = nullptr;
  DType dtype = DType::f16;
  int blocks = 0;
  int block_size = 0;  // tokens
  int kv_heads = 0;
  int head_dim = 0;
};

struct EmbeddingArgs {
  Matrix out;                           // [T, hidden]
  const PackedWeight* table = nullptr;  // [vocab, hidden]
  const int32_t* ids = nullptr;         // [T], each in [0, vocab)
};

/// Root mean square norm, Zhang & Sennrich 2019 (1910.07467): out = in / sqrt(mean(in^2) + eps) * weight.
struct RmsNormArgs {
  Matrix out;                     // [T, n]
  Matrix in;                      // [T, n]
  const float* weight = nullptr;  // [n]
  float eps = 0;
};

/// residual += delta; out = rms_norm(residual).
struct ResidualRmsNormArgs {
  Matrix out;       // [T, n]
  Matrix residual;  // [T, n] in place
  Matrix delta;     // [T, n]
  const float* weight = nullptr;
  float eps = 0;
};

/// out = in · weightᵀ (+ bias).
struct LinearArgs {
  Matrix out;                            // [T, rows]
  Matrix in;                             // [T, cols]
  const PackedWeight* weight = nullptr;  // [rows, cols]
  const float* bias = nullptr;           // [rows] or none
};

/// Rotary embedding in the rotate-half (GPT-NeoX) pairing, Su et al. 2021 (2104.09864), in place on the first
/// rotary_dim of every head. table row p holds cos(p f_i) for i < rotary_dim / 2, then sin(p f_i).
struct RopeArgs {
  Matrix x;  // [T, heads * head_dim]
  int heads = 0;
  int head_dim = 0;
  int rotary_dim = 0;
  const float* table = nullptr;        // [positions, rotary_dim]
  const int32_t* positions = nullptr;  // [T]
};

/// Copies this step's keys and values into their cache blocks.
struct CacheWriteArgs {
  KvCacheView cache;
  Matrix k;  // [T, K * D]
  Matrix v;  // [T, K * D]
  BatchView batch;
};

/// rope on the query part in place, rope on the key part into the cache, values into the cache: one pass over qkv.
struct RopeCacheWriteArgs {
  KvCacheView cache;
  Matrix qkv;  // [T, (H + 2 K) * D]
  BatchView batch;
  int heads = 0;
  int rotary_dim = 0;
  const float* table = nullptr;  // [positions, rotary_dim]
};

/// softmax(q kᵀ scale) v over the paged cache, causal: token at position p sees positions <= p of its sequence.
/// heads > kv_heads is grouped-query attention (MQA at kv_heads == 1).
struct AttentionArgs {
  Matrix out;  // [T, H * D]
  Matrix q;    // [T, H * D], may be the first columns of a wider qkv matrix
  KvCacheView cache;
  BatchView batch;
  int heads = 0;
  float scale = 0;
  int window = 0;                       // > 0: only the last `window` positions are seen
  float soft_cap = 0;                   // > 0: scores = soft_cap * tanh(scores / soft_cap)
  const float* alibi_slopes = nullptr;  // [H] or none: adds slope * key position
};

enum class Activation : uint8_t { silu, gelu, gelu_tanh, relu };

/// out = activation(in).
struct ActivationArgs {
  Matrix out;
  Matrix in;
  Activation kind = Activation::silu;
};

/// out = activation(gate) * up, gate the first half of the columns (SwiGLU with silu, Shazeer 2020, 2002.05202).
struct GatedActivationArgs {
  Matrix out;      // [T, n]
  Matrix gate_up;  // [T, 2 n]
  Activation kind = Activation::silu;
};

/// out = a * b or a + b, element by element; out may be a or b.
struct BinaryArgs {
  Matrix out;
  Matrix a;
  Matrix b;
};

/// out row i = in row rows[i]: the rows whose logits somebody needs.
struct GatherRowsArgs {
  Matrix out;  // [R, n]
  Matrix in;   // [T, n]
  const int32_t* rows = nullptr;
};

/// Ids a step does not know yet: ids[t] < 0 becomes last_tokens[-1 - ids[t]], what an earlier step chose (0 where that
/// step failed).
struct PendingTokensArgs {
  int32_t* ids = nullptr;                // [T] in place
  const int32_t* last_tokens = nullptr;  // [slots]
  int tokens = 0;
};

/// What is changed in one row's logits before the choice, in this order. Ids of a row are distinct.
struct LogitEdit {
  int32_t id = 0;
  float bias = 0;         // added
  int32_t seen = 0;       // 1: divided (positive) or multiplied by the repetition penalty
  int32_t generated = 0;  // > 0: presence_penalty + frequency_penalty * generated is subtracted
  int32_t forbidden = 0;  // 1: impossible
};

/// How one row's id is chosen; the rules are core/runtime/sampler.cpp's.
struct SampleRow {
  const LogitEdit* edits = nullptr;  // [edit_count]
  int32_t edit_count = 0;
  int32_t slot = 0;        // last_tokens[slot] becomes the chosen id
  int32_t pending = 0;     // 1: last_tokens[slot] as it was is one more generated token that `edits` does not count yet
  int32_t top_k = 0;       // 0: off
  double temperature = 0;  // 0: the best id, nothing else counts
  double top_p = 1;
  double min_p = 0;
  double uniform = 0;  // [0, 1): the row's random number
  double presence_penalty = 0;
  double frequency_penalty = 0;
  double repetition_penalty = 1;
};

/// ids[r] = the id chosen from row r, -1 where no finite logit is left (a NaN, everything forbidden).
struct SampleArgs {
  Matrix logits;                    // [R, vocab] float32; changed
  int32_t* ids = nullptr;           // [R]
  int32_t* last_tokens = nullptr;   // [slots]
  const SampleRow* rows = nullptr;  // [R] on the device
  bool greedy = false;              // temperature is 0 in every row
};

}  // namespace flightdeck
