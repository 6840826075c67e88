"""What users tell about themselves and others, to be asked for later: the values are open, so they must be copied."""
import collections
import re

import made_up
from asking import spaced
from draw import phrases, table

# prefix: sections of tables/notes.<lang>.txt; slots: who or what it is about; value: what was told; key: tells notes apart
Note = collections.namedtuple("Note", "prefix slots value key")
OF_PEOPLE = ("live", "live", "age", "job", "hobby", "pet", "work")
KIND_OF = {"name": "given", "live": "town", "age": "age", "pet": "pet", "work": "company"}
NUMBERS = {"small": (1, 99), "number": (1, 999), "shoe": (34, 47), "age": (18, 80), "weight": (40, 110), "height": (120, 205)}


def texts_of(lang):
    return phrases(f"notes.{lang}")


def place(draw, lang):
    """A known or an invented place."""
    if draw.chance(0.55):
        return made_up.town(draw, lang)
    if draw.chance(0.5):
        return draw.pick(phrases(f"memory.{lang}")["town.values"])
    row = draw.pick(table("countries"))
    return row["city_" + lang] or row["capital_" + lang]


def date(draw, lang):
    """A day of the year."""
    day, month = draw.number(1, 28), draw.number(1, 12)
    if lang == "zh":
        return f"{month}月{day}日"
    name = texts_of(lang)["values.month"][0].split("|")[month - 1]
    return draw.pick((f"{name} {day}", f"{day} {name}"))


def word(draw, lang):
    """A word of the lexicon."""
    return draw.pick(draw.pick(phrases("lexicon")[lang]).split())


def address(draw, lang):
    """A street with a number."""
    street, number = made_up.street(draw, lang), draw.number(1, 199)
    return f"{number} {street}" if lang == "en" else f"{street}{number}号"


def project(draw, lang):
    """The name of a project, with a word for it."""
    name = made_up.stem(draw) + draw.pick(("a", "ix", "on", "us", "ia"))
    return name if lang == "en" else draw.pick((name, made_up.joined(draw, "zh_given", "zh_given") + "计划"))


MAKERS = {"town": place, "date": date, "word": word, "address": address, "project": project, "street": made_up.street,
          "company": made_up.company, "person": made_up.anybody, "given": made_up.given_name, "code": made_up.code_word,
          "family": lambda draw, lang: made_up.family_name(draw), "hundreds": lambda draw, lang: draw.number(1, 99) * 50,
          "nick": lambda draw, lang: made_up.stem(draw).lower() + str(draw.number(1, 99)),
          "school": lambda draw, lang: made_up.town(draw, lang) + (" " if lang == "en" else "") + listed(draw, lang, "school")}


def listed(draw, lang, kind):
    """A value of one of the short lists of the phrase file."""
    return draw.pick(texts_of(lang)["values." + kind][0].split("|"))


def value_of(draw, lang, kind):
    """A value of the kind, as text."""
    if kind == "pet":
        return made_up.pet(draw, lang) if draw.chance(0.7) else draw.pick(phrases("names")["pet_" + lang])
    if kind in NUMBERS:
        return str(draw.number(*NUMBERS[kind]))
    if kind in MAKERS:
        return str(MAKERS[kind](draw, lang))
    if "values." + kind in texts_of(lang):
        return listed(draw, lang, kind)
    return draw.pick(phrases(f"memory.{lang}")[kind + ".values"])


def my_own(draw, lang):
    """A note about the user: my lucky number, my street."""
    label, kind = draw.pick(texts_of(lang)["labels"]).split("|")
    return Note("note", {"l": label}, value_of(draw, lang, kind), label)


def whose(draw, lang):
    """Somebody, as the user and as the answer say it: a relative or a name."""
    if draw.chance(0.55):
        kin = draw.pick(texts_of(lang)["kin"])
        of = draw.pick(("", "", "的")) if lang == "zh" else ""
        return {"s": "my " + kin, "t": "your " + kin} if lang == "en" else {"s": f"我{of}{kin}", "t": f"你{of}{kin}"}
    name = made_up.given_name(draw, lang) if draw.chance(0.6) else made_up.person(draw, lang)
    return {"s": name, "t": name}


def about(draw, lang, prefix, slots):
    """A note about somebody."""
    return Note(prefix, slots, value_of(draw, lang, KIND_OF.get(prefix, prefix)), prefix + slots["s"])


def of_others(draw, lang):
    """A note about somebody else; relatives often by their name."""
    slots = whose(draw, lang)
    prefix = "name" if slots["s"] != slots["t"] and draw.chance(0.45) else draw.pick(OF_PEOPLE)
    return about(draw, lang, prefix, slots)


def same_of_several(draw, lang):
    """The same told of two to four people: who lives where, who brings what. Nobody and nothing twice."""
    prefix, notes = draw.pick(OF_PEOPLE + ("bring", "bring")), []
    wanted = draw.pick((2, 2, 3, 3, 4))
    while len(notes) < wanted:
        note = about(draw, lang, prefix, whose(draw, lang))
        if all(note.key != n.key and note.value not in n.value and n.value not in note.value for n in notes):
            notes.append(note)
    return notes


def several(draw, lang, count):
    """So many different notes."""
    notes = []
    while len(notes) < count:
        note = (my_own if draw.chance(0.55) else of_others)(draw, lang)
        if all(note.key != n.key and note.value != n.value for n in notes):
            notes.append(note)
    return notes


def written(draw, lang, note, part, **more):
    """A phrase of the note, without a capital at its beginning."""
    text = draw.say("\u2060" + draw.pick(texts_of(lang)[f"{note.prefix}.{part}"]), **note.slots, v=note.value, **more)[1:]
    return text.strip().replace("我的最", "我最").replace("你的最", "你最")


def capital(text):
    return text[:1].upper() + text[1:]


def sentence(draw, lang, section, a):
    """A frame of the section around the statement a."""
    text = capital(draw.say(texts_of(lang)[section], a=a, A=capital(a), c=a))
    return re.sub(r"(?<=[.!?] )[a-z]", lambda m: m.group().upper(), text)


def reply(draw, lang, section, note):
    """The model's sentence about the note in a frame of the section."""
    return spaced(sentence(draw, lang, section, written(draw, lang, note, "answer")))


def tell(draw, lang, notes):
    """The user's turn with one or more notes, in one sentence or in several."""
    clauses = [written(draw, lang, note, "clause") for note in notes]
    if len(clauses) == 1:
        told = clauses[0]
    elif draw.chance(0.5):
        last = draw.pick(texts_of(lang)["last"])
        told = (", " if lang == "en" else "，").join(clauses[:-1]) + last + clauses[-1]
    else:
        stop = ". " if lang == "en" else "。"
        return stop.join(map(capital, clauses)) + stop.strip()
    return sentence(draw, lang, "tell_frame", told)


def acknowledged(draw, lang, notes):
    """The answer to what was told."""
    if len(notes) > 1:
        return draw.say(texts_of(lang)["ack_all"])
    return reply(draw, lang, "ack", notes[0])


def asked(draw, lang, note):
    """The question for a note and its answer."""
    told = ("assistant", reply(draw, lang, "answer_frame", note))
    if note.prefix + ".who" in texts_of(lang) and note.slots["s"] == note.slots["t"] and draw.chance(0.3):
        return [("user", capital(written(draw, lang, note, "who"))), told]
    if draw.chance(0.4):
        what = written(draw, lang, note, "what")
        return [("user", draw.say(phrases(f"memory.{lang}")["ask_frame"], w=what)), told]
    return [("user", capital(written(draw, lang, note, "ask"))), told]


def unknown(draw, lang, note):
    """A question for something that was not told."""
    section = "note.unknown" if note.prefix == "note" else "other.unknown"
    said = draw.say(texts_of(lang)[section], **note.slots)
    return [asked(draw, lang, note)[0], ("assistant", said.replace("你的最", "你最"))]


def corrected(draw, lang, note, others):
    """(turns, note): the user corrects a note; the other notes have other values."""
    fresh = note
    while fresh.value in [n.value for n in others]:
        if note.prefix == "note":
            kind = dict(line.split("|") for line in texts_of(lang)["labels"])[note.key]
            fresh = note._replace(value=value_of(draw, lang, kind))
        else:
            fresh = about(draw, lang, note.prefix, note.slots)
    if note.prefix == "note":
        user = written(draw, lang, fresh, "correct", old=note.value)
    else:
        user = sentence(draw, lang, "other.correct", written(draw, lang, fresh, "clause"))
    return [("user", capital(user)), ("assistant", reply(draw, lang, "corrected", fresh))], fresh


def everything(draw, lang, notes):
    """The user asks for all that was told."""
    answers = [capital(written(draw, lang, note, "answer")) for note in notes]
    stop = ". " if lang == "en" else "。"
    return [("user", draw.say(texts_of(lang)["everything"])), ("assistant", spaced(stop.join(answers) + stop.strip()))]


def said_again(draw, lang, notes):
    """The user tells something and wants the very words back."""
    words = tell(draw, lang, notes)
    return [("user", words), ("assistant", acknowledged(draw, lang, notes)), ("user", draw.say(texts_of(lang)["say_again"])),
            ("assistant", draw.say(texts_of(lang)["said"], q=words))]


def introduced(draw, lang):
    """(turns, notes): the name and something else of a relative in one clause: my sister Anna lives in York."""
    slots = whose(draw, lang)
    while slots["s"] == slots["t"]:
        slots = whose(draw, lang)
    name, other = about(draw, lang, "name", slots), about(draw, lang, draw.pick(OF_PEOPLE), slots)
    who = f"{slots['s']} {name.value}" if lang == "en" else slots["s"] + name.value
    clause = written(draw, lang, other._replace(slots={"s": who}), "clause")
    told = reply(draw, lang, "ack", other) if draw.chance(0.5) else draw.say(texts_of(lang)["ack_all"])
    return [("user", sentence(draw, lang, "tell_frame", clause)), ("assistant", told)], [name, other]


def told_in_turn(draw, lang, notes):
    """The user tells the notes, all at once or one after the other."""
    turns, rest = [], list(notes)
    while rest:
        count = len(rest) if draw.chance(0.6) else 1
        now, rest = rest[:count], rest[count:]
        turns += [("user", tell(draw, lang, now)), ("assistant", acknowledged(draw, lang, now))]
    return turns


def chat(draw, lang, fillers):
    """The user tells notes, talks of other things, and asks for them; fillers(count) gives turns of other things."""
    if draw.chance(0.08):
        return said_again(draw, lang, several(draw, lang, draw.pick((1, 1, 2))))
    turns = fillers(1) if draw.chance(0.12) else []
    if draw.chance(0.15):
        told, notes = introduced(draw, lang)
    else:
        notes = same_of_several(draw, lang) if draw.chance(0.3) else several(draw, lang, draw.pick((1, 1, 1, 2, 2, 3, 4)))
        told = told_in_turn(draw, lang, notes)
    turns += told
    if draw.chance(0.15):
        at = draw.number(0, len(notes) - 1)
        more, notes[at] = corrected(draw, lang, notes[at], notes)
        turns += more
    turns += fillers(draw.pick((0, 0, 0, 1, 1, 2, 3)))
    if draw.chance(0.08):
        turns += everything(draw, lang, notes)
    else:
        for note in draw.sample(notes, draw.number(1, min(3, len(notes)))):
            turns += asked(draw, lang, note)
    if draw.chance(0.12):
        other = several(draw, lang, 1)[0]
        if all(other.key != n.key and other.slots != n.slots for n in notes) and other.slots.get("s") != other.slots.get("t", 0):
            turns += unknown(draw, lang, other)
    return turns
