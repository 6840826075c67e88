"""The starter model's network (Llama with grouped-query attention) and its Hugging Face folder."""
import json

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

CHAT_TEMPLATE = ("{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
                 "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}")
HIDDEN, INTERMEDIATE, LAYERS, HEADS, KV_HEADS, CONTEXT, THETA, EPS = 384, 1152, 8, 6, 2, 2048, 10000.0, 1e-5
GROUP = 128  # columns a 4-bit scale


def config(tokenizer):
    """config.json of the model for this tokenizer."""
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": HIDDEN // HEADS,
        "vocab_size": tokenizer.get_piece_size(), "max_position_embeddings": CONTEXT, "rope_theta": THETA, "rms_norm_eps": EPS,
        "hidden_act": "silu", "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True, "torch_dtype": "bfloat16",
        "bos_token_id": tokenizer.bos_id(), "eos_token_id": tokenizer.piece_to_id("<|end|>"), "initializer_range": 0.02}


class FourBit(torch.autograd.Function):
    """Weights as 4-bit engines will see them (symmetric, groups of 128 columns); gradients pass unchanged."""

    @staticmethod
    def forward(ctx, weight):
        groups = weight.reshape(weight.shape[0], -1, GROUP)
        scale = groups.abs().amax(-1, keepdim=True).clamp(min=1e-8) / 7
        return ((groups / scale).round().clamp(-8, 7) * scale).reshape(weight.shape)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Llama(nn.Module):
    """forward(ids, targets, weights) → weighted cross entropy; logits(ids) → [batch, tokens, vocab]."""

    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab_size"], HIDDEN)
        kv = KV_HEADS * HIDDEN // HEADS
        shapes = {"q_proj": (HIDDEN, HIDDEN), "k_proj": (kv, HIDDEN), "v_proj": (kv, HIDDEN), "o_proj": (HIDDEN, HIDDEN),
                  "gate_proj": (INTERMEDIATE, HIDDEN), "up_proj": (INTERMEDIATE, HIDDEN), "down_proj": (HIDDEN, INTERMEDIATE)}
        self.layers = nn.ModuleList(nn.ParameterDict({n: nn.Parameter(torch.empty(s)) for n, s in shapes.items()}) for _ in range(LAYERS))
        self.norms = nn.Parameter(torch.ones(2 * LAYERS + 1, HIDDEN))
        self.four_bit = False
        for p in self.parameters():
            if p is not self.norms:
                nn.init.normal_(p, std=0.02)
        inverse = THETA ** (-torch.arange(0, HIDDEN // HEADS, 2) / (HIDDEN // HEADS))
        angles = torch.arange(CONTEXT)[:, None] * inverse
        self.register_buffer("cos", torch.cat([angles.cos()] * 2, -1), persistent=False)
        self.register_buffer("sin", torch.cat([angles.sin()] * 2, -1), persistent=False)

    def linear(self, x, weight):
        return F.linear(x, FourBit.apply(weight) if self.four_bit else weight)

    def norm(self, x, index):
        return F.rms_norm(x, (HIDDEN,), self.norms[index].to(x.dtype), EPS)

    def rope(self, x):
        cos, sin = self.cos[:x.shape[-2]].to(x.dtype), self.sin[:x.shape[-2]].to(x.dtype)
        low, high = x.chunk(2, -1)
        return x * cos + torch.cat([-high, low], -1) * sin

    def attention(self, h, w):
        split = lambda y, heads: y.unflatten(-1, (heads, -1)).transpose(1, 2)  # noqa: E731
        q = self.rope(split(self.linear(h, w["q_proj"]), HEADS))
        k = self.rope(split(self.linear(h, w["k_proj"]), KV_HEADS))
        v = split(self.linear(h, w["v_proj"]), KV_HEADS)
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.linear(o.transpose(1, 2).flatten(2), w["o_proj"])

    def logits(self, ids):
        x = self.embed_tokens(ids)
        for i, w in enumerate(self.layers):
            x = x + self.attention(self.norm(x, 2 * i), w)
            h = self.norm(x, 2 * i + 1)
            x = x + self.linear(F.silu(self.linear(h, w["gate_proj"])) * self.linear(h, w["up_proj"]), w["down_proj"])
        return F.linear(self.norm(x, 2 * LAYERS), self.embed_tokens.weight)

    def forward(self, ids, targets, weights):
        losses = F.cross_entropy(self.logits(ids).flatten(0, 1).float(), targets.flatten(), reduction="none")
        return (losses * weights.flatten()).sum() / weights.sum()


def tensors(model):
    """The weights under their Hugging Face names, bfloat16."""
    named = {"model.embed_tokens.weight": model.embed_tokens.weight, "model.norm.weight": model.norms[2 * LAYERS]}
    for i, w in enumerate(model.layers):
        at = f"model.layers.{i}."
        named[at + "input_layernorm.weight"] = model.norms[2 * i]
        named[at + "post_attention_layernorm.weight"] = model.norms[2 * i + 1]
        for name, value in w.items():
            named[at + ("mlp." if name in ("gate_proj", "up_proj", "down_proj") else "self_attn.") + name + ".weight"] = value
    return {name: value.detach().to(torch.bfloat16).cpu().contiguous() for name, value in named.items()}


def save(model, c, folder):
    """Writes what transformers and Flightdeck read, beside tokenizer.model."""
    save_file(tensors(model), folder / "model.safetensors", metadata={"format": "pt"})
    ids = {"<unk>": 0, "<s>": 1, "</s>": 2, "<|system|>": 3, "<|user|>": 4, "<|assistant|>": 5, "<|end|>": 6}
    added = {str(i): {"content": t, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
             for t, i in ids.items()}
    files = {
        "config.json": c,
        "generation_config.json": {"bos_token_id": 1, "eos_token_id": [6, 2], "do_sample": True, "temperature": 0.7, "top_p": 0.9,
                                   "max_new_tokens": 512},
        "special_tokens_map.json": {"bos_token": "<s>", "eos_token": "<|end|>", "unk_token": "<unk>"},
        "tokenizer_config.json": {
            "tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "<|end|>", "unk_token": "<unk>", "add_bos_token": True,
            "add_eos_token": False, "add_prefix_space": False, "legacy": False, "clean_up_tokenization_spaces": False,
            "model_max_length": CONTEXT, "added_tokens_decoder": added, "chat_template": CHAT_TEMPLATE}}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
