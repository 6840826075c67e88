#!/usr/bin/env python3
"""Trains the starter model from scratch: corpus → SentencePiece tokenizer → 15 M parameter Llama → model/ folder.

One GPU, PyTorch, bf16. On an H200 the default run takes about eight minutes.
usage: train.py [--out model] [--lines N] [--tokens N] [--seed S]
"""
import argparse
import math
import multiprocessing
import os
import pathlib
import sys
import time

import numpy as np
import sentencepiece
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "corpus")]
import eval as scoring  # noqa: E402
import generate  # noqa: E402
import starter_model  # noqa: E402

ROLES = {"system": "<|system|>", "user": "<|user|>", "assistant": "<|assistant|>"}
END = "<|end|>"
USER_WEIGHT = 0.2  # the loss of words the model will never have to write
OPENING, LATER_WEIGHT = 48, 0.3  # what an answer is about is decided early: its first tokens weigh more than the rest
CHUNK = 20000      # lines a worker generates and encodes at once


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default=str(HERE / "model"))
    parser.add_argument("--lines", type=int, default=3_000_000, help="conversations and documents drawn")
    parser.add_argument("--tokens", type=int, default=790_000_000, help="tokens to train on, repeats counted")
    parser.add_argument("--vocab", type=int, default=5632)
    parser.add_argument("--row", type=int, default=1024, help="tokens a training row")
    parser.add_argument("--rows", type=int, default=128, help="rows a step")
    parser.add_argument("--lr", type=float, default=0.01, help="Muon's, for the matrices")
    parser.add_argument("--adam_lr", type=float, default=0.003, help="AdamW's, for embedding and norms")
    parser.add_argument("--quantization_noise", type=float, default=0.0, help="share of the steps, at the end, with 4-bit weights")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def train_tokenizer(path, texts, vocab):
    """SentencePiece BPE with byte fallback and split digits; control pieces mark the roles and never come from text."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=str(path.with_suffix("")), model_type="bpe", vocab_size=vocab,
        byte_fallback=True, split_digits=True, character_coverage=0.9999, normalization_rule_name="identity",
        add_dummy_prefix=False, remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
        max_sentence_length=20000, max_sentencepiece_length=16, control_symbols=[*ROLES.values(), END],
        user_defined_symbols=["\n"], unk_id=0, bos_id=1, eos_id=2, pad_id=-1, num_threads=os.cpu_count(), minloglevel=2)
    path.with_suffix(".vocab").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def token_weights(role, count):
    if role != "assistant":
        return [USER_WEIGHT] * count
    return ([1.0] * OPENING + [LATER_WEIGHT] * count)[:count]


def encode_chunk(job):
    """Generates and encodes lines: token ids and the weight of each as a target, flat arrays."""
    seed, index, count, model_file = job
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=model_file)
    marks = {role: tokenizer.piece_to_id(mark) for role, mark in ROLES.items()}
    end, bos = tokenizer.piece_to_id(END), tokenizer.bos_id()
    held_out = scoring.HeldOut()
    ids, weights = [], []
    for record in generate.records(seed, index, count):
        if held_out.has(record, generate.HELD_OUT_SHORTEST):
            continue
        ids.append(bos)
        weights.append(0.0)
        if "answers" in record:
            pieces = tokenizer.encode(generate.text_of(record))
            ids += [*pieces, end]
            weights += [LATER_WEIGHT] * (len(pieces) + 1)
        for message in record.get("messages", []):
            pieces = tokenizer.encode(message["content"])
            ids += [marks[message["role"]], *pieces, end]
            weights += [0.0, *token_weights(message["role"], len(pieces) + 1)]
    return np.array(ids, np.int16), np.array(weights, np.float16)


def tokenizer_lines(args):
    """Lines of text to train the tokenizer on."""
    jobs = [(f"{args.seed} tokenizer", i, 5000) for i in range(16)]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        chunks = pool.starmap(lines_of_chunk, jobs)
    return [line for chunk in chunks for line in chunk]


def lines_of_chunk(seed, index, count):
    texts = []
    for record in generate.records(seed, index, count):
        texts += record["answers"] if "answers" in record else [m["content"] for m in record["messages"]]
    return [line for text in texts for line in text.split("\n") if line]


def encode_corpus(args, model_file):
    jobs = [(args.seed, i, min(CHUNK, args.lines - i * CHUNK), model_file) for i in range(math.ceil(args.lines / CHUNK))]
    with multiprocessing.Pool(min(len(jobs), os.cpu_count())) as pool:
        parts = pool.map(encode_chunk, jobs, chunksize=1)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def batches(ids, weights, args, device):
    """Endless (rows, row + 1) blocks: documents one after the other, cut at random places, new order every round."""
    ids, weights = torch.from_numpy(ids).to(device), torch.from_numpy(weights).to(device)
    generator = torch.Generator().manual_seed(args.seed)
    while True:
        shift = int(torch.randint(args.row, (1,), generator=generator))
        starts = torch.arange(shift, len(ids) - args.row - 1, args.row)
        starts = starts[torch.randperm(len(starts), generator=generator)].to(device)
        for at in range(0, len(starts) - args.rows + 1, args.rows):
            index = starts[at:at + args.rows, None] + torch.arange(args.row + 1, device=device)
            yield ids[index].long(), weights[index].float()


def schedule(step, steps):
    """Warm up, hold, then fall linearly to zero over the last half."""
    return min(1.0, (step + 1) / 50, 2.0 * (steps - step) / steps)


def optimizers(model, args):
    matrices = [p for name, p in model.named_parameters() if name.startswith("layers.")]
    others = [p for name, p in model.named_parameters() if not name.startswith("layers.")]
    return [torch.optim.Muon(matrices, lr=args.lr, weight_decay=0.1, momentum=0.95),
            torch.optim.AdamW(others, lr=args.adam_lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True)]


def train(args, ids, weights, config):
    device = torch.device("cuda")
    torch.manual_seed(args.seed)
    torch.set_float32_matmul_precision("high")
    model = starter_model.Llama(config).to(device)
    print(f"parameters {sum(p.numel() for p in model.parameters()):,}")
    compiled = torch.compile(model)
    groups = optimizers(model, args)
    base = [[g["lr"] for g in o.param_groups] for o in groups]
    steps = args.tokens // (args.row * args.rows)
    start = time.time()
    for step, (block, weight) in zip(range(steps), batches(ids, weights, args, device)):
        model.four_bit = step >= steps * (1 - args.quantization_noise)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = compiled(block[:, :-1], block[:, 1:], weight[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, rates in zip(groups, base):
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = rate * schedule(step, steps)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if step % 200 == 0 or step == steps - 1:
            print(f"step {step}/{steps} loss {loss.item():.4f} {time.time() - start:.0f} s", flush=True)
    model.four_bit = False
    return model


def main():
    args = options()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    start = time.time()
    tokenizer = train_tokenizer(out / "tokenizer.model", tokenizer_lines(args), args.vocab)
    print(f"tokenizer {tokenizer.get_piece_size()} pieces, {time.time() - start:.0f} s", flush=True)
    ids, weights = encode_corpus(args, str(out / "tokenizer.model"))
    print(f"corpus {len(ids):,} tokens, {time.time() - start:.0f} s", flush=True)
    config = starter_model.config(tokenizer)
    model = train(args, ids, weights, config)
    starter_model.save(model, config, out)
    print(f"trained and saved after {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
