"""Short poems: English rhyming couplets and haiku, Chinese modern couplets and regular quatrains."""
import re

from draw import phrases
from nouns import any_noun, filled
from topics import Topic

SLASH = re.compile(" ?/ ")  # between the lines of a poem


def parts(rows):
    """Splits a subject's lines: its names, couplets, and the special poems marked '~' or '*'."""
    names = rows[0].split(" / ")
    couplets = [SLASH.split(row) for row in rows[1:] if row[0] not in "~*"]
    return names, couplets, {mark: [SLASH.split(row[2:]) for row in rows[1:] if row[0] == mark] for mark in "~*"}


def couplet_poem(draw, couplets, endings, lines):
    """The opening couplet, further ones of the subject, and for long poems a general ending."""
    chosen = [couplets[0]] + draw.sample(couplets[1:], min(lines // 2, len(couplets)) - 1)
    if len(chosen) < lines // 2:
        chosen.append(SLASH.split(draw.pick(endings)))
    if lines == 8:
        if draw.chance(0.4):
            chosen[3] = SLASH.split(draw.pick(endings))
        return "\n".join(chosen[0] + chosen[1]) + "\n\n" + "\n".join(chosen[2] + chosen[3])
    return "\n".join(line for pair in chosen for line in pair)


def compose(draw, lang, kind, rows):
    """A poem of the kind on the subject of rows."""
    forms = phrases(f"poems.{lang}")
    _, couplets, special = parts(rows)
    if kind == "fixed":
        return "\n".join(draw.pick(special["~"]))
    if kind == "seven":
        return "\n".join(draw.pick(special["*"]))
    lines = {"four": 4, "six": 6, "eight": 8}.get(kind) or draw.pick([4, 4, 6, 8])
    return couplet_poem(draw, couplets, forms["ending"], lines)


def any_subject(draw, lang):
    """The lines of a subject made from any noun: names, an opening, further couplets, the fixed form."""
    noun = any_noun(draw, lang)
    texts = phrases(f"poems_generic.{lang}")
    lines = [draw.pick(texts[noun["kind"]])] + texts[noun["kind"] + "_more"]
    return [noun["a"] if lang == "en" else noun["x"]] + [filled(line, noun) for line in lines]


def sample(draw, lang):
    """One poem request; at times another poem follows."""
    forms = phrases(f"poems.{lang}")
    subjects = list(phrases(f"poems_subjects.{lang}").values())
    kind = draw.pick(["free"] * 6 + ["fixed", "fixed", "four", "four", "eight", "six", "any", "seven"])
    if kind == "seven":
        subjects = [rows for rows in subjects if any(row[0] == "*" for row in rows)]
    kind = kind if subjects else "free"
    rows = draw.pick(subjects or list(phrases(f"poems_subjects.{lang}").values()))
    if kind != "seven" and draw.chance(0.35):
        rows = any_subject(draw, lang)
    user = draw.say(forms["ask_" + kind], what=draw.pick(parts(rows)[0]))
    answer = compose(draw, lang, kind, rows)
    if draw.chance(0.25):
        answer = draw.say(forms["answer"], what=parts(rows)[0][0]) + "\n\n" + answer
    turns = [("user", user), ("assistant", answer)]
    if draw.chance(0.1):
        names = parts(other := draw.pick([r for r in phrases(f"poems_subjects.{lang}").values() if r is not rows]))[0]
        turns += [("user", draw.say(forms["ask_other"], what=draw.pick(names))), ("assistant", compose(draw, lang, "free", other))]
    return turns


TOPICS = [Topic("poems", 4, sample, True)]
