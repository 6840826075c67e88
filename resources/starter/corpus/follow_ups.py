"""Questions that lean on what was said before: facts of the same thing or another, sums that go on, lists that grow."""
import functools
import re

from draw import phrases, table
from topics import arithmetic, list_ops

# The tables follow-up questions draw from, with the facts asked of a row.
FACTS = {"countries": ("capital", "currency", "language", "continent"), "mountains": ("height", "where"),
         "planets": ("diameter", "moons", "year"), "elements": ("symbol", "number"), "rivers": ("length", "mouth")}
SIGNS = {"add": "+", "sub": "-", "mul": "×", "double": "×"}


@functools.cache
def texts_of(lang):
    """The phrases of memory and of follow-ups together; follow-ups win."""
    return {**phrases(f"memory.{lang}"), **phrases(f"follow_ups.{lang}")}


def two_rows(draw, name):
    """Two different rows of a table, the well-known ones more often."""
    return draw.two_famous(table(name))


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


def facts(draw, lang):
    """Questions about countries, mountains or planets that lean on the question before."""
    texts = texts_of(lang)
    name = draw.pick(["countries"] * 5 + ["mountains", "planets", "elements", "rivers"])
    kinds, (row, other) = FACTS[name], two_rows(draw, name)
    kind = kinds[0] if draw.chance(0.4) else draw.pick(kinds)
    last = fact(draw, lang, texts, row, kind)
    turns = [("user", draw.say(texts[f"ask_{kind}"], c=name_of(row, lang))), ("assistant", last)]
    for _ in range(draw.number(1, 4)):
        step = draw.pick(("fact", "fact", "other", "other", "whole", "again", "just_asked", "thanks"))
        if step == "fact":
            kind = draw.pick([k for k in kinds if k != kind])
            last = fact(draw, lang, texts, row, kind)
            turns += [("user", draw.say(texts[f"then_{kind}"])), ("assistant", last)]
        elif step == "other":
            row, other = other, row
            last = fact(draw, lang, texts, row, kind)
            turns += [("user", draw.say(texts["then_other"], c=name_of(row, lang))), ("assistant", last)]
        elif step == "whole":
            row, other, kind = other, row, draw.pick(kinds)
            last = fact(draw, lang, texts, row, kind)
            turns += [("user", draw.say(texts[f"ask_{kind}"], c=name_of(row, lang))), ("assistant", last)]
        elif step == "again":
            turns += [("user", draw.say(texts["again"])), ("assistant", last)]
        elif step == "just_asked":
            subject = draw.say(" " + texts[f"topic_{kind}"][0], c=name_of(row, lang))[1:]
            return turns + asked_before(draw, texts, subject)
        else:
            return turns + [("user", draw.say(texts["thanks"])), ("assistant", draw.say(texts["welcome"]))]
    return turns


def about(draw, lang):
    """Something general about a country, river, mountain or planet, then one or two questions that lean on it."""
    texts = texts_of(lang)
    name = draw.pick(("countries", "countries", "rivers", "rivers", "mountains", "planets", "planets"))
    row = draw.famous(table(name))
    c = name_of(row, lang)
    slots = {key: cell(row, key, lang) for key in ("detail", "continent", "capital", "length", "trait", "order", "height") if
             key in row or f"{key}_{lang}" in row or f"{lang}_{key}" in row}
    intro = draw.say(texts[f"intro_{name}"], c=c, C=c[0].upper() + c[1:], **slots)
    intro = re.sub("^It (?=[a-z])", lambda _: c[0].upper() + c[1:] + " ", re.sub("^它", c, intro))
    turns = [("user", draw.say(texts["about"], c=c)), ("assistant", intro)]
    largest = dict(line.split("|") for line in texts["biggest_moons"])
    if c in largest and draw.chance(0.6):
        return turns + [("user", draw.say(texts["then_biggest_moon"]).replace(" ?", "?")),
                        ("assistant", draw.say(texts["fact_biggest_moon"], c=c, v=largest[c]))]
    for kind in draw.sample(FACTS[name], draw.pick((1, 1, 2))):
        turns += [("user", draw.say(texts[f"then_{kind}"])), ("assistant", fact(draw, lang, texts, row, kind))]
    return turns


def next_sum(draw, value):
    """(kind, b): how a sum goes on from this value."""
    kind = draw.pick(("add", "add", "sub", "mul", "double") if value <= 40 else ("add", "sub"))
    if kind == "sub" and value == 0:
        kind = "add"
    return kind, {"mul": draw.number(2, 5), "double": 2, "add": draw.number(1, 20)}.get(kind) or draw.number(1, min(value, 20))


def sums(draw, lang):
    """A sum whose result is used in the next one."""
    texts, value = texts_of(lang), draw.number(1, 60)
    stop, turns = "." if lang == "en" else "。", []
    kind, b = next_sum(draw, value)
    sign, blank = SIGNS[kind], draw.pick((" ", ""))
    ask = draw.say(" " + draw.pick(texts["sum_first"]), e=f"{value}{blank}{sign}{blank}{b}").strip()
    for _ in range(draw.number(2, 5)):
        value, before = {"+": value + b, "-": value - b, "×": value * b}[sign], value
        working = arithmetic.product_steps(before, b) if sign == "×" else f"{before} {sign} {b} = {value}"
        turns += [("user", ask[:1].upper() + ask[1:]), ("assistant", working + stop)]
        kind, b = next_sum(draw, value)
        sign, ask = SIGNS[kind], draw.say(" " + draw.pick(texts["sum_" + kind]), b=b).strip()
    if draw.chance(0.2):
        turns += [("user", draw.say(texts["sum_result"])), ("assistant", draw.say(texts["result"], r=value))]
    return turns


def list_step(draw, lang, values, step):
    """(user, assistant) for one step of a growing list; the list is changed in place."""
    texts = texts_of(lang)
    fresh = draw.pick([word for word in list_ops.words(draw, lang, 6, 8) if word not in values])
    if step in ("add", "remove"):
        x = fresh if step == "add" else draw.pick(values)
        values.append(x) if step == "add" else values.remove(x)
        return draw.say(texts["list_" + step], x=x), draw.say(texts["list_added"], r=list_ops.listed(lang, values))
    if step == "has":
        x = fresh if draw.chance(0.5) else draw.pick(values)
        return draw.say(texts["list_has"], x=x), draw.say(texts["list_yes" if x in values else "list_no"], x=x)
    if step in ("first_one", "last_one"):
        x, told = (values[0], "list_first_is") if step == "first_one" else (values[-1], "list_last_is")
        return draw.say(texts["list_" + step]), draw.say(texts[told], x=x)
    if step == "count":
        return draw.say(texts["list_count"]), draw.say(texts["list_counted"], r=len(values))
    shown = list_ops.listed(lang, values[::-1] if step == "reverse" else values)
    return draw.say(texts["list_" + step]), draw.say(texts["list_reversed" if step == "reverse" else "list_shown"], r=shown)


def lists(draw, lang):
    """A list that the user makes longer and shorter, and asks about."""
    texts, values = texts_of(lang), list_ops.words(draw, lang, 2, 5)
    first = re.sub("\n[-*]? ?", ", ", re.sub("^[-*] ", "", list_ops.typed(draw, lang, values)))
    turns = [("user", draw.say(texts["list_first"], list=first)), ("assistant", draw.say(texts["list_told"], r=list_ops.listed(lang, values)))]
    for _ in range(draw.number(1, 5)):
        steps = ["add", "add", "has", "first_one", "last_one", "show", "reverse"] + ["remove"] * 2 * (len(values) > 2) + ["count"] * (len(values) > 2)
        ask, reply = list_step(draw, lang, values, draw.pick(steps if len(values) < 8 else ["remove", "count"]))
        turns += [("user", ask), ("assistant", reply)]
        if "reverse" in ask.lower() or "倒" in ask or "反" in ask:
            break
    return turns
