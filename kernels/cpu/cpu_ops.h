// The launchers of the CPU engine, one for each operation of ops.h. Activations are float32. Every row of a result is
// the same bit for bit whatever other rows are in the batch and however many threads there are.
#pragma once

#include "kernels/cpu/cpu_context.h"
#include "kernels/ops.h"

namespace flightdeck::cpu {

void embedding(const EmbeddingArgs& args, CpuContext& context);
void rms_norm(const RmsNormArgs& args, CpuContext& context);
void residual_rms_norm(const ResidualRmsNormArgs& args, CpuContext& context);
void linear(const LinearArgs& args, CpuContext& context);
void linear_float(const LinearArgs& args, CpuContext& context);
void linear_quantized(const LinearArgs& args, CpuContext& context);
void rope(const RopeArgs& args, CpuContext& context);
void cache_write(const CacheWriteArgs& args, CpuContext& context);
void rope_cache_write(const RopeCacheWriteArgs& args, CpuContext& context);
void attention(const AttentionArgs& args, CpuContext& context);
void activation(const ActivationArgs& args, CpuContext& context);
void gated_activation(const GatedActivationArgs& args, CpuContext& context);
void multiply(const BinaryArgs& args, CpuContext& context);
void add(const BinaryArgs& args, CpuContext& context);
void gather_rows(const GatherRowsArgs& args, CpuContext& context);

}  // namespace flightdeck::cpu
