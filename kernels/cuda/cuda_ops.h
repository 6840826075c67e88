// The launchers of the CUDA engine, one for each operation of ops.h. Activations are float16 or bfloat16
// (Context::activation), sums are float32. Asynchronous: everything goes to Context::stream.
#pragma once

#include <memory>

#include "kernels/cuda/cuda_context.h"
#include "kernels/cuda/packed_weight.h"
#include "kernels/ops.h"

namespace flightdeck::cuda {

void embedding(const EmbeddingArgs& args, Context& context);
void rms_norm(const RmsNormArgs& args, Context& context);
void residual_rms_norm(const ResidualRmsNormArgs& args, Context& context);
/// out may be float32 (logits) or the activation type.
void linear(const LinearArgs& args, Context& context);
void rope(const RopeArgs& args, Context& context);
void cache_write(const CacheWriteArgs& args, Context& context);
void rope_cache_write(const RopeCacheWriteArgs& args, Context& context);
void attention(const AttentionArgs& args, Context& context);
void activation(const ActivationArgs& args, Context& context);
void gated_activation(const GatedActivationArgs& args, Context& context);
void multiply(const BinaryArgs& args, Context& context);
void add(const BinaryArgs& args, Context& context);
void gather_rows(const GatherRowsArgs& args, Context& context);
void pending_tokens(const PendingTokensArgs& args, Context& context);
void sample(const SampleArgs& args, Context& context);

}  // namespace flightdeck::cuda
