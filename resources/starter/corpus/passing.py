"""For memory: things told in passing while chatting, of oneself or of two people, then asked; tables/passing.<lang>.txt."""
import re

import notes
from asking import spaced
from draw import phrases
from notes import capital


def value_of(draw, lang, kind):
    """A value of the kind: of the lists here, of the notes, or invented."""
    texts = phrases(f"passing.{lang}")
    if kind == "petname":
        return draw.pick(texts["values.nick"][0].split("|")) if draw.chance(0.4) else notes.value_of(draw, lang, "pet")
    if f"values.{kind}" in texts:
        return draw.pick(texts[f"values.{kind}"][0].split("|"))
    if f"values.more_{kind}" in texts and draw.chance(0.5):
        return draw.pick(texts[f"values.more_{kind}"][0].split("|"))
    if kind == "town" and lang == "zh" and draw.chance(0.5):
        return draw.pick(phrases("memory.zh")["town.values"])
    return notes.value_of(draw, lang, kind)


def said(draw, template, **slots):
    """A sentence of the template, beginning with a capital letter."""
    text = re.sub(" {2,}", " ", draw.say("\u2060" + template, **slots)[1:].strip())
    return re.sub(r"(?<=[.?!] )[a-z]", lambda m: m.group().upper(), capital(text))


def small_talk(draw, lines, count):
    """So many exchanges of the lines "user => assistant", none twice."""
    turns = []
    for line in draw.sample(lines, min(count, len(lines))):
        user, reply = line.split(" => ")
        turns += [("user", said(draw, user)), ("assistant", said(draw, reply))]
    return turns


def asked(draw, texts, question, before):
    """The question, often with a few words in front."""
    if not before or draw.chance(0.45):
        return said(draw, question)
    lead = draw.say(texts["general.lead"])
    question = draw.say("\u2060" + question)[1:].strip()
    text = lead + (" " if lead.isascii() and not lead.endswith(" ") else "") + question
    return re.sub(r"(?<=[.?!] )[a-z]", lambda m: m.group().upper(), capital(text))


def one(draw, lang, fillers):
    """The user tells one or two things, chats on, and asks for one of them."""
    texts = phrases(f"passing.{lang}")
    things = [name[:-5] for name in texts if name.endswith(".kind")]
    chosen = draw.sample(things, draw.pick((1, 1, 1, 2)))
    turns, told = [], {}
    for thing in chosen:
        told[thing] = value_of(draw, lang, texts[f"{thing}.kind"][0])
        turns += [("user", said(draw, draw.pick(texts[f"{thing}.tell"]), v=told[thing])),
                  ("assistant", spaced(said(draw, draw.pick(texts[f"{thing}.reply"]), v=told[thing])))]
        turns += small_talk(draw, texts[f"{thing}.chat"], draw.pick((0, 0, 1, 1)))
    turns += small_talk(draw, texts["general.chat"], draw.pick((0, 0, 1))) if draw.chance(0.8) else fillers(1)
    for thing in draw.sample(chosen, draw.number(1, len(chosen))):
        turns += [("user", asked(draw, texts, draw.pick(texts[f"{thing}.ask"]), True)),
                  ("assistant", spaced(said(draw, draw.pick(texts[f"{thing}.answer"]), v=told[thing])))]
    return turns


def two(draw, lang, fillers):
    """The same told of the user and of somebody else in one sentence; one of them is asked, or both."""
    texts = phrases(f"passing.{lang}")
    kind, tell, reply, *questions = draw.pick(texts["pairs"]).split(" | ")
    slots = {"v": value_of(draw, lang, kind), "w": value_of(draw, lang, kind), "k": draw.pick(texts["kin"])}
    if slots["v"] == slots["w"]:
        return two(draw, lang, fillers)
    turns = [("user", said(draw, tell, **slots)), ("assistant", said(draw, reply, **slots))]
    turns += small_talk(draw, texts["general.chat"], draw.pick((0, 0, 1))) if draw.chance(0.8) else fillers(1)
    for place in draw.sample((0, 2), draw.pick((1, 1, 2))):
        ask, answer = questions[place:place + 2]
        turns += [("user", asked(draw, texts, ask.replace("{k}", slots["k"]), True)), ("assistant", spaced(said(draw, answer, **slots)))]
    return turns


def chat(draw, lang, fillers):
    """One chat of either sort; fillers(count) gives turns of other things."""
    return (two if draw.chance(0.35) else one)(draw, lang, fillers)
