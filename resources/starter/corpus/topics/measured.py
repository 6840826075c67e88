"""Largest, smallest and order of numbers told in a sentence: temperatures, ages, prices. tables/measured.<lang>.txt."""
import re

from draw import phrases
from topics import Topic
from topics.list_ops import listed
from wrapping import wrapped


def measured(draw, lang):
    """One question about such numbers."""
    texts = phrases(f"measured.{lang}")
    statement, large, small = draw.pick(texts["contexts"]).split(" | ")
    values = draw.sample(range(draw.pick((0, 1, 10)), draw.pick((21, 41, 101))), draw.number(3, 6))
    shown = map(str, values)
    if lang == "en":
        head, last = ", ".join(list(shown)[:-1]), values[-1]
        told = f"{head}{draw.pick((' and ', ', and ', ', '))}{last}"
    else:
        told = draw.pick(("、", "、", "，", ", ")).join(shown)
    statement = draw.say("#" + statement, list=told)[1:].strip()
    kind = draw.pick(("large", "small", "large", "small", "up", "down"))
    if kind in ("up", "down"):
        ask, slots = texts["sort_" + kind], {"r": listed(lang, sorted(values, reverse=kind == "down"))}
        answer = draw.say(texts[kind], **slots)
    else:
        word = draw.pick((large if kind == "large" else small).split("/"))
        ask, slots = texts["ask"], {"w": word}
        answer = draw.say(texts["answer"], w=word, r=max(values) if kind == "large" else min(values))
    text = re.sub(" +(?=[ .,?;，。？])", "", draw.say(ask, p=statement, **slots))
    if lang == "zh" and draw.chance(0.5):
        text = re.sub(r"(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])", "", text)
    return [("user", text[:1].upper() + text[1:]), ("assistant", answer)]


TOPICS = [Topic("measured", 1.5, wrapped("list", measured), True)]
