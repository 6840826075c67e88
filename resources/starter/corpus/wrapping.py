"""What users write around a question: a reason or a little story in front, a thanks behind; the question decides the answer."""
import functools
import re

import made_up
from draw import phrases

SHARE = 0.27  # of the chats get something around their first question
WAYS = {"before": 5, "after": 3, "both": 2, "lead": 3}
ENDS = (".", "?", "!", "。", "？", "！")
GREETINGS = re.compile(r"(hi|hello|hey|dear)\b|[你您]好|嗨|嘿", re.IGNORECASE)
OPENERS = frozenset("""what what's which who who's where when why how is are was were does do did can could will tell name give write
    list calculate compute convert sort count add subtract multiply divide find spell reverse please in on at for if""".split())


class Strangers(dict):
    """Names, towns and numbers that have nothing to do with the question, made when a phrase asks for one."""

    def __init__(self, draw, lang):
        super().__init__()
        self.draw, self.lang = draw, lang

    def __missing__(self, slot):
        draw, lang = self.draw, self.lang
        made = {"n": made_up.anybody, "t": made_up.town, "p": made_up.pet, "c": made_up.company}.get(slot)
        self[slot] = made(draw, lang) if made else str(draw.number(4, 14 if slot == "y" or draw.chance(0.5) else 60))
        return self[slot]


def around(draw, lang, subject, place):
    """A sentence for in front of or behind a question of the subject."""
    texts = phrases(f"wrapping.{lang}")
    section = f"{subject}.{place}" if f"{subject}.{place}" in texts and draw.chance(0.4) else f"any.{place}"
    strangers = Strangers(draw, lang)
    text = draw.say(re.sub(r"\{(\w)\}", "<\\1>", draw.pick(texts[section])))
    text = re.sub(r"<(\w)>", lambda found: strangers[found.group(1)], text)
    text = text if place == "lead" else text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((*ENDS, ": ", "：")) else ("." if lang == "en" else "。"))


def wrap(draw, lang, text, subject):
    """The question with something around it."""
    if GREETINGS.match(text):
        return text
    way = draw.rng.choices(list(WAYS), WAYS.values())[0] if text.endswith(ENDS) and "\n" not in text else draw.pick(("before", "lead"))
    blank = " " if lang == "en" else ""
    if way == "lead":
        small = lang == "en" and text.split(" ", 1)[0].lower() in OPENERS and draw.chance(0.6)
        return around(draw, lang, subject, "lead") + (text[0].lower() + text[1:] if small else text)
    if way in ("before", "both"):
        text = around(draw, lang, subject, "before") + blank + text
    if way in ("after", "both"):
        text += blank + around(draw, lang, subject, "after")
    return text


def wrapped(subject, sample):
    """The sample function of a topic, with something around the first question of some chats."""
    @functools.wraps(sample)
    def drawn(draw, lang):
        turns = sample(draw, lang)
        if turns[0][0] == "user" and draw.chance(SHARE):
            turns = [("user", wrap(draw, lang, turns[0][1], subject)), *turns[1:]]
        return turns
    return drawn
