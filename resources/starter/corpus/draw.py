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


FAME = {"1": 1, "2": 3, "3": 6, "4": 8}  # how often a row is drawn, by its column fame


SLOT = re.compile(r"\{(\w+)\}")


@functools.lru_cache(maxsize=None)
def parsed(template):
    """A template as a list of parts: a string, or an alternation (a list of alternatives, each such a list)."""
    open_groups = [[[]]]
    for token in re.split(r"([\[\]|])", template):
        inside = len(open_groups) > 1
        if token == "[":
            open_groups.append([[]])
        elif token == "]" and inside:
            group = open_groups.pop()
            open_groups[-1][-1].append(group)
        elif token == "|" and inside:
            open_groups[-1].append([])
        elif token:
            open_groups[-1][-1].append(token)
    while len(open_groups) > 1:  # a '[' that is never closed is plain text
        first, *others = open_groups.pop()
        open_groups[-1][-1] += ["[", *first]
        for alternative in others:
            open_groups[-1][-1] += ["|", *alternative]
    return open_groups[0][0]


class Draw:
    """One seeded source of randomness with the drawing operations the topics need."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def pick(self, items):
        return self.rng.choice(items)

    def famous(self, rows):
        """One of the rows, well-known ones more often."""
        return self.rng.choices(rows, [FAME[row.get("fame", "1")] for row in rows])[0]

    def two_famous(self, rows):
        """Two different ones of the rows, well-known ones more often."""
        first, second = self.famous(rows), self.famous(rows)
        return (first, second) if first is not second else self.two_famous(rows)

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
        parts = parsed(template)
        text = parts[0] if len(parts) == 1 and isinstance(parts[0], str) else "".join(self._expand(parts))
        if "{" in text:
            text = SLOT.sub(lambda m: str(slots[m.group(1)]), text)
        return text[:1].upper() + text[1:] if text[:1].isascii() else text

    def _expand(self, parts):
        """The pieces of text of a parsed template, each alternation drawn."""
        for part in parts:
            if isinstance(part, str):
                yield part
            else:
                yield from self._expand(part[int(self.rng.random() * len(part))])
