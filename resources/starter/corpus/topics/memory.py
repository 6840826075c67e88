"""Chats whose answers lie in the turns before: what the user told, and questions that refer back."""
import follow_ups
import made_up
import notes
import passing
from draw import phrases
from topics import Topic, arithmetic, list_ops

THINGS = ("name", "town", "age", "colour", "food", "hobby", "pet", "job", "plan")
WEIGHTS = (8, 3, 3, 2, 2, 2, 3, 3, 2)
LONGEST = 18  # turns of both sides


def value_of(draw, lang, thing, texts):
    """Something the user may tell about the thing."""
    if thing == "name":
        return made_up.anybody(draw, lang)
    if thing == "age":
        return draw.number(5, 90)
    if thing in ("pet", "town"):
        return notes.value_of(draw, lang, thing)
    return draw.pick(texts[f"{thing}.values"])


def fillers(draw, lang, texts, count):
    """Turns about something else: small talk, sums and lists."""
    turns = []
    for _ in range(count):
        if draw.chance(0.5):
            ask, reply = draw.pick(texts["filler"]).split(" => ")
            turns += [("user", ask), ("assistant", reply)]
        else:
            turns += draw.pick((arithmetic, list_ops)).sample(draw, lang)[:2]
    return turns


def telling(draw, lang, texts, thing, told):
    """The user tells a thing, and sometimes corrects it at once."""
    told[thing] = value = value_of(draw, lang, thing, texts)
    turns = [("user", draw.say(texts[f"{thing}.tell"], v=value)), ("assistant", draw.say(texts[f"{thing}.ack"], v=value))]
    if draw.chance(0.12):
        told[thing] = other = value_of(draw, lang, thing, texts)
        if other != value:
            answer = draw.say(texts[f"{thing}.answer"][0], v=other)
            turns += [("user", draw.say(texts[f"{thing}.correct"], v=other, old=value)),
                      ("assistant", draw.say(texts["corrected"], answer=answer))]
    return turns


def together(draw, lang, texts, things, told):
    """Two things told in one turn."""
    for thing in things:
        told[thing] = value_of(draw, lang, thing, texts)
    joint = " " if lang == "en" else ""
    tell = joint.join(draw.say(texts[f"{thing}.tell"], v=told[thing]) for thing in things)
    return [("user", tell), ("assistant", draw.say(texts[f"{things[0]}.ack"], v=told[things[0]]))]


def things_of(draw, count):
    """So many different things, the name most often."""
    things = []
    while len(things) < count:
        thing = draw.rng.choices(THINGS, WEIGHTS)[0]
        if thing not in things:
            things.append(thing)
    return things


def asking(draw, texts, thing, told):
    """The user asks for a thing; the answer says so when it was never told."""
    if thing in told:
        reply = draw.say(texts[f"{thing}.answer"], v=told[thing])
    else:
        reply = draw.say(texts[f"{thing}.unknown"])
    if draw.chance(0.45):
        ask = draw.say(texts["ask_frame"], w=draw.pick(texts[f"{thing}.what"]))
    else:
        ask = draw.say(texts[f"{thing}.ask"])
    return [("user", ask), ("assistant", reply)]


def told_things(draw, lang):
    """The user tells one to three things, talks of others, and asks for them."""
    texts, told = phrases(f"memory.{lang}"), {}
    things = things_of(draw, draw.pick((1, 1, 1, 2, 2, 3)))
    turns = fillers(draw, lang, texts, 1) if draw.chance(0.15) else []
    if len(things) == 2 and draw.chance(0.5):
        turns += together(draw, lang, texts, things, told)
    else:
        for thing in things:
            turns += telling(draw, lang, texts, thing, told)
            if draw.chance(0.1):
                turns += fillers(draw, lang, texts, 1)
    turns += fillers(draw, lang, texts, draw.pick((0, 0, 1, 1, 2, 3)))
    asked = draw.sample(things, draw.number(1, len(things)))
    if draw.chance(0.25):
        asked.insert(draw.number(0, len(asked)), draw.pick([t for t in THINGS if t not in things]))
    for thing in asked:
        turns += asking(draw, texts, thing, told)
    if draw.chance(0.1):
        turns += fillers(draw, lang, texts, 1) + asking(draw, texts, draw.pick(asked), told)
    return turns


def never_told(draw, lang):
    """The user asks for a thing that was never told; sometimes tells it then and asks again."""
    texts, told = phrases(f"memory.{lang}"), {}
    thing = things_of(draw, 1)[0]
    turns = fillers(draw, lang, texts, draw.pick((0, 0, 0, 1, 2))) + asking(draw, texts, thing, told)
    if draw.chance(0.5):
        turns += telling(draw, lang, texts, thing, told) + fillers(draw, lang, texts, draw.pick((0, 0, 1)))
        turns += asking(draw, texts, thing, told)
    return turns


def repeated(draw, lang):
    """The user wants an answer once more, or asks for a question that was never put."""
    texts = phrases(f"memory.{lang}")
    if draw.chance(0.25):
        return [("user", draw.say(texts["just_asked"])), ("assistant", draw.say(texts["nothing_asked"]))]
    if draw.chance(0.4):
        ask, reply = arithmetic.four_operations(draw, lang)
        expression = reply.split(" = ")[0]
        if " = " in reply and expression[0].isdigit():
            spaced = expression if lang == "en" else f" {expression}"
            return [("user", ask), ("assistant", reply)] + follow_ups.asked_before(draw, texts, spaced)
    turns = draw.pick((arithmetic, list_ops)).sample(draw, lang)[:2]
    return turns + [("user", draw.say(texts["again"])), ("assistant", turns[-1][1])]


def noted(draw, lang):
    """The user tells of more things than the usual ones, and of other people."""
    return notes.chat(draw, lang, lambda count: fillers(draw, lang, phrases(f"memory.{lang}"), count))


def in_passing(draw, lang):
    """The user tells things while chatting of other things."""
    return passing.chat(draw, lang, lambda count: fillers(draw, lang, phrases(f"memory.{lang}"), count))


MAKERS = {told_things: 20, noted: 26, in_passing: 24, never_told: 8, follow_ups.facts: 14, follow_ups.about: 8, follow_ups.sums: 4, follow_ups.lists: 7, repeated: 5}


def sample(draw, lang):
    """One chat of several turns, at most LONGEST."""
    while True:
        turns = draw.rng.choices(list(MAKERS), list(MAKERS.values()))[0](draw, lang)
        if len(turns) <= LONGEST:
            return turns


TOPICS = [Topic("memory", 16, sample, False)]
