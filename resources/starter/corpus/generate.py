#!/usr/bin/env python3
"""Writes the starter model's training text: chats mixed from the topics, and plain documents, as JSON lines.

    generate.py --seed 1 --lines 200000 --out train.jsonl --workers 8
    generate.py --held_out_text ../heldout.txt

A line is {"messages": [{"role": ..., "content": ...}, ...]} or {"title": ..., "answers": [...]}, a document without roles.
The lines depend on the seed, the count and the topics only: every CHUNK of lines has its own seed, so the number of
workers changes nothing.
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
PLAIN_SHARE = 0.05
SINGLE, JOINED = 0.45, 0.35  # the rest has a system prompt in front
MIXED_LANGUAGES = 0.1
SHORTEST_PLAIN = 20  # bytes of an answer in a plain document
HELD_OUT_SHORTEST = 80  # bytes of an answer in heldout.txt: shorter ones are facts everybody words alike
CHAT_ONLY = {"smalltalk", "goodbye", "unknown", "identity", "memory"}  # topics whose answers mean little without the question
OTHER_LANGUAGE = {"en": "zh", "zh": "en"}


class Mixer:
    """The topics to draw from, with the running sums of their weights."""

    def __init__(self, topics):
        self.all = Weighted(topics)
        self.joinable = Weighted([t for t in topics if t.joinable])
        self.plain = Weighted([t for t in topics if t.name not in CHAT_ONLY] or topics)

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

    def plain_document(self, draw, shortest=SHORTEST_PLAIN):
        """Two to six answers of one topic under a title, without any sign of who speaks."""
        lang = draw.pick(("en", "zh"))
        topic = self.plain.pick(draw)
        titles = phrases(f"titles.{lang}")
        title = draw.pick(titles.get(topic.name) or titles["other"])
        wanted = draw.number(2, 6)
        answers = []
        for _ in range(3 * wanted):  # more than wanted: short answers say little without their question
            answer = sampled(topic, draw, lang)[-1][1]
            if answer not in answers and len(answer.encode()) >= shortest and len(answers) < wanted:
                answers.append(answer)
        return {"title": title, "answers": answers}


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


def records(seed, index, count, wanted=(), skip_broken=False):
    """The lines of one chunk as dicts."""
    draw, mix = Draw(f"{seed}/{index}"), mixer(tuple(wanted), skip_broken)
    for _ in range(count):
        if draw.chance(PLAIN_SHARE):
            yield mix.plain_document(draw)
        else:
            yield {"messages": [{"role": role, "content": text} for role, text in mix.conversation(draw)]}


def text_of(document):
    """A plain document as text."""
    return "\n\n".join([document["title"], *document["answers"]])


def chunk_lines(job):
    """The JSON lines of one chunk; job as records() takes it."""
    return [json.dumps(record, ensure_ascii=False) + "\n" for record in records(*job)]


def write_lines(args):
    jobs = [(args.seed, i, min(CHUNK, args.lines - i * CHUNK), args.topics, args.skip_broken)
            for i in range((args.lines + CHUNK - 1) // CHUNK)]
    with open(args.out, "w", encoding="utf-8") as out, multiprocessing.Pool(args.workers) as pool:
        for lines in pool.imap(chunk_lines, jobs):
            out.writelines(lines)


def write_held_out_text(path, size=200_000):
    """Plain documents of a seed of their own; train.py leaves their answers out of the training data."""
    draw, mix, parts, written = Draw("held-out text"), mixer(), [], 0
    while written < size:
        document = mix.plain_document(draw, HELD_OUT_SHORTEST)
        if document["answers"]:
            parts.append(text_of(document))
            written += len(parts[-1].encode()) + 2
    pathlib.Path(path).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--lines", type=int, default=1000, help="how many, plain documents included")
    parser.add_argument("--out", help="file for the JSON lines")
    parser.add_argument("--held_out_text", help="file for 200 kB of plain documents that training leaves out")
    parser.add_argument("--topics", type=lambda text: tuple(filter(None, text.split(","))), default=(),
                        help="only these topics or modules, comma-separated")
    parser.add_argument("--skip_broken", action="store_true", help="leave out topic modules that do not load")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    args = parser.parse_args()
    mixer(args.topics, args.skip_broken)
    if args.out:
        write_lines(args)
    if args.held_out_text:
        write_held_out_text(args.held_out_text)


if __name__ == "__main__":
    main()
