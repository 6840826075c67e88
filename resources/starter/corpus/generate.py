#!/usr/bin/env python3
"""Writes the starter model's training text: chats mixed from the topics, and plain documents, as JSON lines.

    generate.py --seed 1 --conversations 200000 --out train.jsonl --workers 8

A line is {"messages": [{"role": ..., "content": ...}, ...]} or {"text": ...}. The lines depend on the seed, the count and
the topics only: every CHUNK of lines has its own seed, so the number of workers changes nothing.
"""
import argparse
import functools
import importlib
import json
import multiprocessing
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from draw import Draw, phrases  # noqa: E402  (needs the path above)
from variation import vary  # noqa: E402

CHUNK = 1000
PLAIN_SHARE = 0.12
SINGLE, JOINED = 0.45, 0.35  # the rest has a system prompt in front
MIXED_LANGUAGES = 0.1
SHORTEST_PLAIN = 20  # bytes of an answer in a plain document
CHAT_ONLY = {"smalltalk", "unknown", "identity"}  # topics whose answers mean little without the question
OTHER_LANGUAGE = {"en": "zh", "zh": "en"}


class Mixer:
    """The topics to draw from, with the running sums of their weights."""

    def __init__(self, topics):
        self.all = Weighted(topics)
        self.joinable = Weighted([t for t in topics if t.joinable])
        self.plain = Weighted([t for t in topics if t.joinable and t.name not in CHAT_ONLY] or topics)

    def single(self, draw, lang):
        """One conversation of any topic."""
        return sampled(self.all.pick(draw), draw, lang)

    def joined(self, draw, lang):
        """Two to four conversations of several subjects, one after the other, now and then in both languages."""
        mixes = draw.chance(MIXED_LANGUAGES)
        turns = []
        for index in range(draw.pick((2, 2, 2, 3, 3, 4))):
            now = OTHER_LANGUAGE[lang] if mixes and index % 2 else lang
            part = sampled(self.joinable.pick(draw), draw, now)
            if index == 0 or part[0][0] != "system":
                turns += part
        return turns

    def conversation(self, draw):
        """A whole chat as (role, text) turns, the user's turns varied."""
        lang = draw.pick(("en", "zh"))
        kind = draw.rng.random()
        if kind < SINGLE or not self.joinable.items:
            turns = self.single(draw, lang)
        elif kind < SINGLE + JOINED:
            turns = self.joined(draw, lang)
        else:
            turns = self.joined(draw, lang) if draw.chance(0.4) else self.single(draw, lang)
            if turns[0][0] != "system":
                turns = [("system", draw.pick(phrases(f"system.{lang}")["prompts"]))] + turns
        return vary(draw, turns)

    def plain_document(self, draw):
        """Two to six answers of one topic under a title, without any sign of who speaks."""
        lang = draw.pick(("en", "zh"))
        topic = self.plain.pick(draw)
        titles = phrases(f"titles.{lang}")
        paragraphs = [draw.pick(titles.get(topic.name) or titles["other"])]
        wanted = draw.number(2, 6)
        for _ in range(3 * wanted):  # more than wanted: short answers say little without their question
            answer = sampled(topic, draw, lang)[-1][1]
            if answer not in paragraphs and len(answer.encode()) >= SHORTEST_PLAIN and len(paragraphs) <= wanted:
                paragraphs.append(answer)
        return "\n\n".join(paragraphs)


class Weighted:
    """Topics, drawn in proportion to their weights."""

    def __init__(self, items):
        self.items = items
        self.weights = [item.weight for item in items]

    def pick(self, draw):
        return draw.rng.choices(self.items, self.weights)[0]


def sampled(topic, draw, lang):
    """A conversation of the topic; an error in the topic is told with its name."""
    try:
        turns = topic.sample(draw, lang)
    except Exception as error:
        raise RuntimeError(f"topic {topic.name} ({lang}): {error!r}") from error
    if not turns or turns[-1][0] != "assistant" or any(not text.strip() for _, text in turns):
        raise RuntimeError(f"topic {topic.name} ({lang}): a turn is empty or the last is not the assistant's: {turns!r}")
    return turns


def load_topics(wanted=()):
    """(topics, broken): the topics named in ``wanted`` (topic or module names; all when empty), and {module: error}.

    A module is broken when it does not import or when a first conversation cannot be drawn."""
    topics, broken = [], {}
    for path in sorted((HERE / "topics").glob("*.py")):
        if path.stem == "__init__":
            continue
        try:
            found = importlib.import_module(f"topics.{path.stem}").TOPICS
            for topic in found:
                for lang in OTHER_LANGUAGE:
                    sampled(topic, Draw(0), lang)
            topics += [(path.stem, topic) for topic in found]
        except Exception as error:
            broken[path.stem] = repr(error)
    known = {name for module, topic in topics for name in (module, topic.name)}
    missing = [name for name in wanted if name not in known]
    if missing:
        raise SystemExit(f"No such topic: {', '.join(missing)}. There are: {', '.join(sorted(known))}. Broken: {broken or 'none'}")
    return [t for module, t in topics if not wanted or module in wanted or t.name in wanted], broken


@functools.lru_cache(maxsize=None)
def mixer(wanted=(), skip_broken=False):
    """The Mixer of the wanted topics; stops at a module that does not import unless told to skip it."""
    topics, broken = load_topics(wanted)
    if broken and not wanted and not skip_broken:
        raise SystemExit("These topic modules do not load (--skip_broken or --topics leaves them out):\n"
                         + "\n".join(f"  {name}: {error}" for name, error in broken.items()))
    return Mixer(topics)


def as_messages(turns):
    return [{"role": role, "content": text} for role, text in turns]


def conversations(seed, count, wanted=()):
    """``count`` chats, each a list of {"role", "content"}."""
    draw, mix = Draw(f"{seed} chats"), mixer(tuple(wanted))
    for _ in range(count):
        yield as_messages(mix.conversation(draw))


def plain_documents(seed, count, wanted=()):
    """``count`` plain texts."""
    draw, mix = Draw(f"{seed} documents"), mixer(tuple(wanted))
    for _ in range(count):
        yield mix.plain_document(draw)


def chunk_lines(job):
    """The JSON lines of one chunk; job = (seed, chunk index, lines, share of plain documents, wanted, skip_broken)."""
    seed, index, count, plain_share, wanted, skip_broken = job
    draw, mix = Draw(f"{seed}/{index}"), mixer(wanted, skip_broken)
    lines = []
    for _ in range(count):
        if draw.chance(plain_share):
            record = {"text": mix.plain_document(draw)}
        else:
            record = {"messages": as_messages(mix.conversation(draw))}
        lines.append(json.dumps(record, ensure_ascii=False))
    return lines


def write(path, seed, count, args, plain_share=PLAIN_SHARE, known=()):
    """Writes ``count`` lines, less those in ``known`` (hashes); returns the hashes of the lines written."""
    jobs = [(seed, i, min(CHUNK, count - i * CHUNK), plain_share, args.topics, args.skip_broken)
            for i in range((count + CHUNK - 1) // CHUNK)]
    written = set()
    with open(path, "w", encoding="utf-8") as out, multiprocessing.Pool(args.workers) as pool:
        for lines in pool.imap(chunk_lines, jobs):
            fresh = [line for line in lines if hash(line) not in known]
            written.update(map(hash, fresh))
            out.writelines(line + "\n" for line in fresh)
    print(f"{path}: {len(written)} distinct lines")
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--conversations", type=int, default=1000, help="how many lines, plain documents included")
    parser.add_argument("--out", required=True)
    parser.add_argument("--held_out_seed", help="also writes <out>.held_out.jsonl: chats of this seed that are not in <out>")
    parser.add_argument("--held_out", type=int, default=2000, help="how many held-out chats are drawn")
    parser.add_argument("--topics", type=lambda text: tuple(filter(None, text.split(","))), default=(),
                        help="only these topics or modules, comma-separated")
    parser.add_argument("--skip_broken", action="store_true", help="leave out topic modules that do not load")
    parser.add_argument("--plain", type=float, default=PLAIN_SHARE, help="share of plain documents")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    args = parser.parse_args()
    topics, broken = load_topics(args.topics)
    for name, error in broken.items():
        print(f"topic module {name} does not load: {error}", file=sys.stderr)
    mixer(args.topics, args.skip_broken)
    print(f"{len(topics)} topics: {', '.join(f'{t.name} {t.weight}' for t in topics)}")
    written = write(args.out, args.seed, args.conversations, args, args.plain)
    if args.held_out_seed is not None:
        write(f"{args.out}.held_out.jsonl", args.held_out_seed, args.held_out, args, 0, written)


if __name__ == "__main__":
    main()
