#!/usr/bin/env python3
"""Writes the golden models beside this file: tiny random checkpoints with the logits and greedy tokens of a reference.

Llama and Mistral shapes are computed by transformers, Baichuan2 by the plain PyTorch below, written from its published
description (W_pack rows Q;K;V, rotate-half RoPE in float32, NormHead). Needs torch, transformers and safetensors.
A folder holds config.json, model.safetensors (float32), golden.json {"prompt", "greedy"} and logits.f32
[prompt + greedy - 1, vocab], row i the logits behind token i.
"""
import json
import pathlib

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
PROMPT = [1, 17, 94, 33, 5, 60, 60, 121, 8, 42, 77, 19, 3]
GREEDY = 24


def perturbed(module):
    """Weights large enough that logits have a spread above one, norms away from one."""
    for p in module.parameters():
        p.data = torch.randn_like(p) * 0.25 if p.ndim == 2 else 1 + 0.3 * torch.randn_like(p)
    return module.float().eval()


def continued(logits_of, prompt):
    """Greedy continuation: (new tokens, logits of every position but the last token's)."""
    ids = list(prompt)
    for _ in range(GREEDY):
        ids.append(int(logits_of(ids)[-1].argmax()))
    return ids[len(prompt):], logits_of(ids[:-1])


def write(name, config, tensors, logits_of):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    greedy, logits = continued(logits_of, PROMPT)
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "golden.json").write_text(json.dumps({"prompt": PROMPT, "greedy": greedy}) + "\n")
    (folder / "logits.f32").write_bytes(logits.detach().numpy().astype("<f4").tobytes())
    print(name, "spread", float(logits.std()), greedy)


def from_transformers(name, config):
    model = perturbed(transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager"))
    tensors = {k: v for k, v in model.state_dict().items() if not (config.tie_word_embeddings and k == "lm_head.weight")}
    kept = {k: v for k, v in config.to_dict().items() if isinstance(v, (int, float, bool, str)) or v is None}
    kept |= {"architectures": [type(model).__name__], "rope_theta": ROPE_THETA}
    with torch.no_grad():
        write(name, kept, tensors, lambda ids: model(torch.tensor([ids])).logits[0])


ROPE_THETA = 10000.0
SHAPE = {"vocab_size": 128, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


def rope(x, base=ROPE_THETA):
    """Rotate-half rotary embedding of [heads, tokens, head size] in float32."""
    size = x.shape[-1]
    angles = torch.arange(x.shape[1])[:, None].float() / base ** (torch.arange(0, size, 2).float() / size)
    cos, sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)
    low, high = x.chunk(2, -1)
    return x * cos + torch.cat([-high, low], -1) * sin


def alibi(heads, tokens):
    """ALiBi bias [heads, 1, tokens] (Press et al. 2021): slope times key position, equal under softmax to slope (j - i)."""
    slopes = torch.tensor([2 ** (-8 * (i + 1) / heads) for i in range(heads)])  # heads a power of two
    return slopes[:, None, None] * torch.arange(tokens).float()


def baichuan_logits(t, c, ids):
    heads, x = c["num_attention_heads"], t["model.embed_tokens.weight"][torch.tensor(ids)]
    norm = lambda x, w: F.rms_norm(x, (x.shape[-1],), w, c["rms_norm_eps"])  # noqa: E731
    causal = torch.full((len(ids), len(ids)), float("-inf")).triu(1)
    for i in range(c["num_hidden_layers"]):
        w = lambda n: t[f"model.layers.{i}.{n}.weight"]  # noqa: B023, E731
        q, k, v = (y.unflatten(-1, (heads, -1)).transpose(0, 1) for y in (norm(x, w("input_layernorm")) @ w("self_attn.W_pack").T).chunk(3, -1))
        if c["position_embedding"] == "ROPE":
            q, k = rope(q), rope(k)
        scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5 + causal
        if c["position_embedding"] == "ALIBI":
            scores = scores + alibi(heads, len(ids))
        x = x + (scores.softmax(-1) @ v).transpose(0, 1).flatten(1) @ w("self_attn.o_proj").T
        h = norm(x, w("post_attention_layernorm"))
        x = x + (F.silu(h @ w("mlp.gate_proj").T) * (h @ w("mlp.up_proj").T)) @ w("mlp.down_proj").T
    return norm(x, t["model.norm.weight"]) @ F.normalize(t["lm_head.weight"]).T


def baichuan(name, position):
    c = SHAPE | {"architectures": ["BaichuanForCausalLM"], "model_type": "baichuan", "hidden_act": "silu", "position_embedding": position,
                 "norm_head": True, "tie_word_embeddings": False, "torch_dtype": "float32"}
    h, m = c["hidden_size"], c["intermediate_size"]
    shapes = {"model.embed_tokens.weight": (c["vocab_size"], h), "model.norm.weight": (h,), "lm_head.weight": (c["vocab_size"], h)}
    for i in range(c["num_hidden_layers"]):
        at = f"model.layers.{i}."
        shapes |= {at + "self_attn.W_pack.weight": (3 * h, h), at + "self_attn.o_proj.weight": (h, h), at + "mlp.gate_proj.weight": (m, h),
                   at + "mlp.up_proj.weight": (m, h), at + "mlp.down_proj.weight": (h, m), at + "input_layernorm.weight": (h,),
                   at + "post_attention_layernorm.weight": (h,)}
    t = {k: torch.randn(s) * 0.25 if len(s) == 2 else 1 + 0.3 * torch.randn(s) for k, s in shapes.items()}
    t["lm_head.weight"] *= 1 + torch.rand(c["vocab_size"], 1)  # row lengths that NormHead must undo
    write(name, c, t, lambda ids: baichuan_logits(t, c, ids))


def main():
    torch.manual_seed(1)
    from_transformers("llama", transformers.LlamaConfig(**SHAPE, num_key_value_heads=4, tie_word_embeddings=False))
    from_transformers("llama_gqa_tied", transformers.LlamaConfig(**SHAPE, num_key_value_heads=2, tie_word_embeddings=True))
    from_transformers("mistral_window", transformers.MistralConfig(**SHAPE, num_key_value_heads=2, sliding_window=8, tie_word_embeddings=False))
    baichuan("baichuan2_rope", "ROPE")
    baichuan("baichuan2_alibi", "ALIBI")


if __name__ == "__main__":
    main()
