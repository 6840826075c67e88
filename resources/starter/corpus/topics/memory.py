"""Chats whose answers lie in the turns before: what the user told, and questions that refer back."""
from draw import phrases, table
from people import person
from topics import Topic, arithmetic, list_ops

THINGS = ("name", "town", "age", "colour", "food", "hobby", "pet", "job", "plan")
WEIGHTS = (8, 3, 3, 2, 2, 2, 3, 3, 2)
LONGEST = 18  # turns of both sides
# The tables follow-up questions draw from, with the facts asked of a row.
FACTS = {"countries": ("capital", "currency", "language", "continent"), "mountains": ("height", "where"),
         "planets": ("diameter", "moons", "year")}


def value_of(draw, lang, thing, texts):
    """Something the user may tell about the thing."""
    if thing == "name":
        return person(draw, lang)
    if thing == "age":
        return draw.number(5, 90)
    if thing == "pet":
        return draw.pick(phrases("names")[f"pet_{lang}"])
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


def two_rows(draw, name):
    """Two different rows of a table, the well-known ones more often."""
    rows = table(name)
    weights = [int(row.get("fame", 1)) for row in rows]
    one, other = draw.rng.choices(rows, weights)[0], draw.rng.choices(rows, weights)[0]
    return (one, other) if one is not other else two_rows(draw, name)


def cell(row, column, lang):
    """A cell of the language, whichever way the table names its columns."""
    return row.get(f"{column}_{lang}") or row.get(f"{lang}_{column}") or row[column]


def name_of(row, lang):
    return row.get(lang) or row[f"{lang}_name"]


def fact(draw, lang, texts, row, kind):
    """The sentence that tells a fact of a row."""
    name = name_of(row, lang)
    return draw.say(texts[f"fact_{kind}"], c=name, C=name[0].upper() + name[1:], v=cell(row, kind, lang)).replace("..", ".")


def asked_before(draw, texts, subject):
    """The user asks what the question was."""
    return [("user", draw.say(texts["just_asked"])), ("assistant", draw.say(texts["just_asked_answer"], s=subject))]


def follow_ups(draw, lang):
    """Questions about countries, mountains or planets that lean on the question before."""
    texts = phrases(f"memory.{lang}")
    name = draw.pick(("countries", "countries", "countries", "countries", "mountains", "planets"))
    kinds, (row, other) = FACTS[name], two_rows(draw, name)
    kind = kinds[0] if draw.chance(0.4) else draw.pick(kinds)
    last = fact(draw, lang, texts, row, kind)
    turns = [("user", draw.say(texts[f"ask_{kind}"], c=name_of(row, lang))), ("assistant", last)]
    for _ in range(draw.number(1, 4)):
        step = draw.pick(("fact", "fact", "other", "other", "again", "just_asked", "thanks"))
        if step == "fact":
            kind = draw.pick([k for k in kinds if k != kind])
            last = fact(draw, lang, texts, row, kind)
            turns += [("user", draw.say(texts[f"then_{kind}"])), ("assistant", last)]
        elif step == "other":
            row, other = other, row
            last = fact(draw, lang, texts, row, kind)
            turns += [("user", draw.say(texts["then_other"], c=name_of(row, lang))), ("assistant", last)]
        elif step == "again":
            turns += [("user", draw.say(texts["again"])), ("assistant", last)]
        elif step == "just_asked":
            subject = draw.say(" " + texts[f"topic_{kind}"][0], c=name_of(row, lang))[1:]
            return turns + asked_before(draw, texts, subject)
        else:
            return turns + [("user", draw.say(texts["thanks"])), ("assistant", draw.say(texts["welcome"]))]
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
            return [("user", ask), ("assistant", reply)] + asked_before(draw, texts, spaced)
    turns = draw.pick((arithmetic, list_ops)).sample(draw, lang)[:2]
    return turns + [("user", draw.say(texts["again"])), ("assistant", turns[-1][1])]


def sample(draw, lang):
    """One chat of several turns, at most LONGEST."""
    while True:
        turns = draw.rng.choices((told_things, never_told, follow_ups, repeated), (55, 13, 26, 6))[0](draw, lang)
        if len(turns) <= LONGEST:
            return turns


TOPICS = [Topic("memory", 9, sample, False)]
