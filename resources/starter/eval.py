#!/usr/bin/env python3
"""Scores a model folder: greedy answers to heldout.jsonl against what is accepted, perplexity of heldout.txt in float32.

usage: eval.py [MODEL_FOLDER] [--samples N] [--wrong F]     (transformers; a GPU when there is one)
"""
import argparse
import json
import math
import pathlib
import re
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
PERPLEXITY_CONTEXT = 512


def plain(text):
    """Text without case, punctuation and blanks: two questions equal under this are the same question."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def held_out():
    """The records of heldout.jsonl: lang, topic, messages, accept and optionally reject, checks."""
    return [json.loads(line) for line in (HERE / "heldout.jsonl").read_text(encoding="utf-8").splitlines() if line.strip()]


class HeldOut:
    """What the training data must not contain: held-out questions anywhere, held-out chats, answers of heldout.txt."""

    def __init__(self):
        chats = [tuple(plain(m["content"]) for m in r["messages"] if m["role"] == "user") for r in held_out()]
        self.questions = {chat[0] for chat in chats if len(chat) == 1}
        self.chats = set(chats)
        self.text = held_out_text()

    def has(self, record, shortest):
        """Whether a training line holds any of it; answers under `shortest` bytes are facts everybody words alike."""
        if "answers" in record:
            return any(answer in self.text for answer in record["answers"])
        asked = tuple(plain(m["content"]) for m in record["messages"] if m["role"] == "user")
        said = (m["content"] for m in record["messages"] if m["role"] == "assistant")
        return (asked in self.chats or not self.questions.isdisjoint(asked)
                or any(len(answer.encode()) >= shortest and answer in self.text for answer in said))


def held_out_text():
    """The text perplexity is measured on."""
    return (HERE / "heldout.txt").read_text(encoding="utf-8")


def contains(answer, wanted):
    """Numbers must stand alone ("12" is not in "112" nor in "12.5"); words may be part of longer ones."""
    answer, wanted = (unicodedata.normalize("NFKC", t).lower() for t in (answer, wanted))
    answer = re.sub(r"(?<=\d),(?=\d{3})", "", answer)
    if re.fullmatch(r"-?[\d.]+", wanted):
        return re.search(rf"(?<![\d.]){re.escape(wanted)}(?!\.?\d)", answer) is not None
    return wanted in answer


def length_of(text, lang):
    """Words in English, characters in Chinese."""
    return len(text.split()) if lang == "en" else sum("\u4e00" <= c <= "\u9fff" for c in text)


def shape_problem(answer, checks, lang):
    """Why an answer breaks the record's `checks`, or None."""
    lines = [l for l in answer.split("\n") if l.strip()]
    items = [l for l in lines if re.match(r"\s*([-*•]|\d+[.)、])", l)]
    size = length_of(answer, lang)
    tests = {"min_length": lambda v: size >= v, "max_length": lambda v: size <= v, "items": lambda v: len(items) == v,
             "min_items": lambda v: len(items) >= v, "min_lines": lambda v: len(lines) >= v, "max_lines": lambda v: len(lines) <= v,
             "fence": lambda v: f"```{v}" in answer and answer.count("```") >= 2, "heading": lambda v: bool(re.search(r"^#+ ", answer, re.M)) == v}
    return next((f"{k} {v}" for k, v in checks.items() if not tests[k](v)), None)


def problem(record, answer):
    """None when the answer is accepted: every group of `accept` has a member in it, no `reject` has, the shape is right."""
    for group in record.get("accept", []):
        if not any(contains(answer, w) for w in group):
            return f"none of {group}"
    for word in record.get("reject", []):
        if contains(answer, word):
            return f"has {word!r}"
    return shape_problem(answer, record.get("checks", {}), record["lang"])


def answers(model, tokenizer, chats, sampling, batch=64, max_new_tokens=480):
    """Answers to many conversations, generated in left-padded batches of similar length."""
    import torch
    prompts = [tokenizer.apply_chat_template(c, add_generation_prompt=True, return_dict=False) for c in chats]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    out = [None] * len(prompts)
    for at in range(0, len(order), batch):
        part = order[at:at + batch]
        width = max(len(prompts[i]) for i in part)
        ids = torch.tensor([[0] * (width - len(prompts[i])) + prompts[i] for i in part], device=model.device)
        mask = torch.tensor([[0] * (width - len(prompts[i])) + [1] * len(prompts[i]) for i in part], device=model.device)
        made = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=max_new_tokens, pad_token_id=0, **sampling)
        for i, row in zip(part, made[:, width:].tolist()):
            out[i] = tokenizer.decode(row, skip_special_tokens=True).strip()
    return out


def perplexity(model, tokenizer, text):
    """exp of the mean negative log likelihood over windows of 512 tokens, each begun with bos."""
    import torch
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    total, count = 0.0, 0
    for at in range(0, len(ids), PERPLEXITY_CONTEXT - 1):
        row = torch.tensor([[tokenizer.bos_token_id, *ids[at:at + PERPLEXITY_CONTEXT - 1]]], device=model.device)
        with torch.no_grad():
            logits = model(row).logits[0, :-1].float()
        total += torch.nn.functional.cross_entropy(logits, row[0, 1:], reduction="sum").item()
        count += row.shape[1] - 1
    return math.exp(total / count), count


def round_to_4_bits(model, group=128):
    """All decoder matrices as an INT4 engine without calibration holds them (symmetric, scale amax / 7 a group)."""
    for name, p in model.named_parameters():
        if p.ndim == 2 and "layers" in name:
            groups = p.data.reshape(p.shape[0], -1, group)
            scale = groups.abs().amax(-1, keepdim=True).clamp(min=1e-8) / 7
            p.data = ((groups / scale).round().clamp(-8, 7) * scale).reshape(p.shape)


def main():
    import torch
    import transformers
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=str(HERE / "model"))
    parser.add_argument("--samples", type=int, default=0, help="also print N sampled answers (temperature 0.7, top_p 0.9)")
    parser.add_argument("--wrong", help="file for the answers that were not accepted")
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
    model = transformers.AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).to(device).eval()
    records = held_out()
    made = answers(model, tokenizer, [r["messages"] for r in records], {"do_sample": False})
    wrong = [(r, a, why) for r, a in zip(records, made) if (why := problem(r, a))]
    if args.wrong:
        pathlib.Path(args.wrong).write_text("".join(
            json.dumps({"lang": r["lang"], "topic": r["topic"], "question": r["messages"][-1]["content"], "answer": a, "why": why},
                       ensure_ascii=False) + "\n" for r, a, why in wrong), encoding="utf-8")
    if args.samples:
        torch.manual_seed(0)
        chosen = [records[i * len(records) // args.samples] for i in range(args.samples)]
        sampled = answers(model, tokenizer, [r["messages"] for r in chosen], {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "top_k": 0})
        for record, answer in zip(chosen, sampled):
            print(f"--- {record['messages'][-1]['content']}\n{answer}")
    for key in ("topic", "lang"):
        for value in sorted({r[key] for r in records}):
            all_of = sum(r[key] == value for r in records)
            bad = sum(r[key] == value for r, _, _ in wrong)
            print(f"{key} {value}: {all_of - bad}/{all_of} = {100 * (all_of - bad) / all_of:.1f} %")
    text = held_out_text()
    before, count = perplexity(model, tokenizer, text)
    round_to_4_bits(model)
    after, _ = perplexity(model, tokenizer, text)
    print(f"perplexity {before:.4f} over {count} tokens, 4-bit rounded {after:.4f} = {after / before:.4f} x")


if __name__ == "__main__":
    main()
