"""Questions the model cannot answer: invented names, private data, prices, news; it says so and invents nothing."""
import functools
import os
import re

from cards import answer_words, cards, user_words
from draw import phrases, table
from invented import word
from openers import opened
from topics import Topic


BLENDED = {"place": ("countries", "{}"), "town": ("countries", "capital_{}"), "mount": ("mountains", "{}"),
           "river": ("rivers", "{}"), "element": ("elements", "{}_name"), "animal": ("animals", "{}_name")}
LOWER_CASE = ("element", "animal", "compound", "word", "plant")
ARTICLES = re.compile("^(the|Mount) ")


@functools.cache
def _real(slot, lang):
    """Real names of one word, without article: they are blended to names that only look known."""
    name, column = BLENDED[slot]
    cells = [ARTICLES.sub("", row[column.format(lang)]).lower() for row in table(name)]
    shape = "[a-z]{5,}" if lang == "en" else "[\u4e00-\u9fff]{3,}"
    return [cell for cell in cells if re.fullmatch(shape, cell)]


@functools.cache
def _taken(lang):
    """Names of real things: those of the tables and those of real_names.txt."""
    listed = {word.lower() for line in phrases("real_names")[lang] for word in line.split()}
    return listed.union(*(_real(slot, lang) for slot in BLENDED if lang == "en" or slot not in ("element", "animal")))


def _far(name, real):
    """Whether two letters or more differ: not a mere misspelling."""
    start = len(os.path.commonprefix([name, real]))
    end = len(os.path.commonprefix([name[:start - 1:-1] if start else name[::-1], real[:start - 1:-1] if start else real[::-1]]))
    return max(len(name), len(real)) - start - end > 1


def _blend(draw, slot, lang):
    """The beginning of one real name and the end of another, or '' if that is a real name or close to one."""
    first, second = draw.sample(_real(slot, lang), 2)
    least = 3 if lang == "en" else 1
    name = first[:draw.number(least, len(first) - 2 if lang == "en" else 2)] + second[-draw.number(least, max(least, len(second) - 2)):]
    if lang == "zh" and slot in ("mount", "river") and not re.search("[山峰河江]$", name):
        name += "峰" if slot == "mount" else "河"
    if lang == "zh" and len(name) < 3:
        return ""
    if re.search(r"(.)\1\1|[^aeiouy]{4}|[aeiou]{3}", name) and lang == "en" or not all(_far(name, real) for real in _taken(lang)):
        return ""
    if lang == "zh" or slot in ("element", "animal"):
        return name
    return {"mount": "Mount ", "river": "the "}.get(slot, "") + name.capitalize() + (" River" if slot == "river" else "")


def _names(draw, lang, section):
    """A drawn name for every slot of the questions: invented people and places, real cities and stars."""
    sections = phrases(f"unknown_names.{lang}")
    made = {slot: word(draw, lang, _taken(lang)) for slot in "wv"}
    names = {slot: draw.say("#" + draw.pick(templates), **made)[1:] for slot, templates in sections.items()}
    for slot in LOWER_CASE:
        names[slot] = names[slot].lower()
    slot = {"mountain": "mount"}.get(section, section)
    if slot in BLENDED and draw.chance(0.25) and not (lang == "zh" and slot in ("element", "animal")):
        names[slot] = _blend(draw, slot, lang) or names[slot]
    return names


def sample(draw, lang):
    """One such question, sometimes two."""
    deck = cards(f"unknown.{lang}")
    turns = []
    sections = draw.sample(sorted(deck), 2 if draw.chance(0.15) else 1)
    if draw.chance(0.15):
        sections = [draw.pick(["place", "town", "mountain", "river", "element", "animal"])]
    for section in sections:
        names = _names(draw, lang, section)
        question, answer = (draw.say(deck[section][mark], **names) for mark in "?=")
        question = opened(draw, lang, question)
        turns += [("user", user_words(draw, lang, question)), ("assistant", answer_words(lang, answer))]
    return turns


TOPICS = [Topic("unknown", 7, sample, True)]
