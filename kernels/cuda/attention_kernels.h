// The parts of attention(): attention.cu chooses among them.
#pragma once

#include "kernels/cuda/attention_primitives.h"
#include "kernels/cuda/cuda_context.h"
#include "kernels/ops.h"

namespace flightdeck::cuda {

/// What the kernels take, made of the operation's arguments.
AttentionParams attention_params(const AttentionArgs& args);

/// Any shape, slowly: a block for each token and head.
void attention_generic(const AttentionParams& params, const Context& context);

/// Sequences with one query token (others are left alone): split over the keys and merged by the last block to finish,
/// Flash-Decoding (Dao et al. 2023). head_dim at most 256 and a multiple of 8. splits: 0 chooses.
void attention_decode(const AttentionParams& params, Context& context, int splits = 0);

/// The same with parts that depend on a sequence's own length alone, whatever else is in the batch.
void attention_decode_alike(const AttentionParams& params, Context& context);

/// Parts a sequence's keys are cut into, from what the host knows: the bound of the length, not the length.
int decode_splits(const AttentionParams& params, int multiprocessors);

/// Sequences with more than one query token (others are left alone): FlashAttention-2 (Dao 2023, 2307.08691).
/// head_dim at most 256 and a multiple of 8.
void attention_prefill(const AttentionParams& params, const Context& context);

/// The same with Hopper's asynchronous tensor-core instructions; false when this GPU or shape is none of its own.
bool attention_prefill_hopper(const AttentionParams& params, const Context& context);

/// rope_cache_write and attention of a decode step as one kernel; false when they are no such pair. The rotated queries
/// are kept nowhere: qkv stays as it is.
bool rope_attention(const RopeCacheWriteArgs& rope, const AttentionArgs& args, Context& context);

}  // namespace flightdeck::cuda
