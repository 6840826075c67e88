"""Random drawing for the corpus: tables, phrase files and the small template language all topics share.

A conversation is a list of turns ``(role, text)``, role one of "system", "user", "assistant". A topic is a function
``sample(draw, lang) -> conversation`` with lang "en" or "zh"; see topics/__init__.py for the register.
Everything random goes through one Draw, so that a seed decides the whole corpus.
"""
import functools
import pathlib
import random
import re

TABLES = pathlib.Path(__file__).parent / "tables"


@functools.lru_cache(maxsize=None)
def table(name):
    """Rows of tables/<name>.tsv as dicts; the first line names the columns, '#' starts a comment line."""
    lines = [l for l in (TABLES / f"{name}.tsv").read_text(encoding="utf-8").split("\n") if l.strip() and not l.startswith("#")]
    columns = lines[0].split("\t")
    rows = []
    for line in lines[1:]:
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise ValueError(f"{name}.tsv: {len(cells)} cells, {len(columns)} columns: {line!r}")
        rows.append(dict(zip(columns, cells)))
    return rows


@functools.lru_cache(maxsize=None)
def phrases(name):
    """Sections of tables/<name>.txt: '[section]' alone on a line starts one, each further line is one phrase."""
    sections, current = {}, None
    for line in (TABLES / f"{name}.txt").read_text(encoding="utf-8").split("\n"):
        if re.fullmatch(r"\[[\w.-]+\]", line):
            current = sections.setdefault(line[1:-1], [])
        elif line.strip() and not line.startswith("#"):
            current.append(line.replace("\\n", "\n"))
    return sections


class Draw:
    """One seeded source of randomness with the drawing operations the topics need."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def pick(self, items):
        return self.rng.choice(items)

    def sample(self, items, count):
        return self.rng.sample(items, count)

    def chance(self, probability):
        return self.rng.random() < probability

    def number(self, low, high):
        """An integer in [low, high]."""
        return self.rng.randint(low, high)

    def say(self, template, **slots):
        """Expands alternations ``[a|b|]`` (nested ones too), then fills ``{slot}``; slot values are taken verbatim."""
        if not isinstance(template, str):
            template = self.pick(template)
        while True:
            inner = re.search(r"\[([^\[\]]*)\]", template)
            if inner is None:
                break
            choice = self.pick(inner.group(1).split("|"))
            template = template[:inner.start()] + choice + template[inner.end():]
        text = re.sub(r"\{(\w+)\}", lambda m: str(slots[m.group(1)]), template)
        return text[:1].upper() + text[1:] if text[:1].isascii() else text
