"""Common knowledge asked by description, use, nickname or number; tables/common.<lang>.txt."""
from asking import fill, framed, spaced
from draw import phrases
from topics import Topic
from wrapping import wrapped


def common(draw, lang):
    """One question, in a frame, and its answer."""
    sections = phrases(f"common.{lang}")
    kind = draw.rng.choices(list(sections), [len(lines) for lines in sections.values()])[0]
    questions, answer = draw.pick(sections[kind]).split(" => ")
    form = draw.pick(split(questions))
    return [("user", framed(draw, lang, "q", form, {})), ("assistant", spaced(fill(draw, answer, {})))]


def split(questions):
    """The forms of a line: parts between '|' that stand outside of brackets."""
    forms, depth = [""], 0
    for letter in questions:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "|" and not depth:
            forms.append("")
        else:
            forms[-1] += letter
    return forms


TOPICS = [Topic("common", 12, wrapped("any", common), True)]
