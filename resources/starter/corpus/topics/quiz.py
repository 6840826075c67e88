"""Facts of the other tables asked from every side: gaps, choices, claims to check, clues, half sentences, the answer's side."""
import functools
import re

import made_up
from asking import fill, spaced
from draw import FAME, phrases, table
from topics import Topic
from topics.geography_countries import TWO_CURRENCIES
from wrapping import wrapped

FORMS = {"gap": 4, "half": 4, "choice": 7, "check": 8, "clue": 2, "plain": 9, "not": 2, "reverse": 4}
OWN_ALIASES = 0.3


@functools.cache
def facts(index, lang):
    """The facts of a row of quiz_facts.tsv as (x, v, row); leaves out what has no single value."""
    kind = table("quiz_facts")[index]
    found = []
    for row in table(kind["table"]):
        x, v = kind[lang + "_x"].format(**row), kind[lang + "_v"].format(**row)
        single = row["year"].isdigit() if kind["table"] == "history" else row.get("en") not in TWO_CURRENCIES or kind["en_wh"] != "currency"
        if single and not re.search(r" and |、|和|;|^the $", v if kind["en_wh"] in ("language", "currency", "continent") else ""):
            found.append((x, v.split(" (")[0].split("（")[0], row))
    return found


def asked_name(draw, row, x, lang):
    """The name the user takes for a country, a mountain or a river."""
    aliases = [name for name in row.get("alias_" + lang, "").split(";") if name]
    return draw.pick(aliases) if aliases and draw.chance(OWN_ALIASES) else x.split(" (")[0].split("（")[0]


def statement(kind, lang, x, v):
    """'the capital of France is Paris'."""
    text = re.sub(r"\ba (?=[aeio])", "an ", kind[lang + "_a"].format(x=x, v=v))
    return re.sub("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", text)


def gap(draw, kind, lang):
    """What stands for the value in a sentence with a gap."""
    return draw.pick(("___", "____") if kind[lang + "_a"].startswith("{v}") else ("___", "____", "...", "…"))


def half_of(kind, lang, x):
    """The statement up to its value; empty where the value does not end it."""
    whole = kind[lang + "_a"]
    return whole.removesuffix("{v}").format(x=x).strip() if whole.endswith("{v}") else ""


def fitting(kind, lang, x, v):
    """The forms in which this fact can be asked."""
    forms = dict(FORMS)
    if not half_of(kind, lang, x):
        del forms["half"]
    if kind[lang + "_r"] == "-":
        del forms["reverse"]
    if not re.fullmatch(r"[A-Za-z]{3,}|[\u4e00-\u9fff]{2,}", v) or kind["en_wh"] == "place" and lang == "zh":
        del forms["clue"]
    if kind["en_wh"] in ("height", "size", "number", "date", "year"):
        del forms["not"]
    return forms


def quiz(draw, lang):
    """One fact in one of the forms."""
    kinds = table("quiz_facts")
    index = draw.rng.choices(range(len(kinds)), [int(kind["share"]) for kind in kinds])[0]
    kind, all_facts = kinds[index], facts(index, lang)
    x, v, row = draw.rng.choices(all_facts, [FAME[row.get("fame", "1")] for _, _, row in all_facts])[0]
    others = sorted({other for _, other, _ in all_facts if other != v})
    wrong, worse = draw.sample(others, 2)
    forms = fitting(kind, lang, x, v)
    form = draw.rng.choices(list(forms), forms.values())[0]
    name, claimed = asked_name(draw, row, x, lang), v if form == "check" and draw.chance(0.45) else wrong
    first, second = draw.sample((v, wrong), 2)
    three = draw.sample((v, wrong, worse), 3)
    template = draw.pick(phrases(f"quiz.{lang}")[form])
    if "{o3}" in template:
        first, second = three[:2]
    people = made_up.anybody(draw, lang), made_up.given_name(draw, lang)
    slots = {"np": kind[lang + "_np"].format(x=name, **row), "wh": kind[lang + "_wh"], "o1": first, "o2": second, "o3": three[2], "v": v,
             "w": claimed, "r": kind[lang + "_r"].format(v=v), "b": statement(kind, lang, name, claimed), "half": half_of(kind, lang, name),
             "s": statement(kind, lang, name, gap(draw, kind, lang)), "n": people[0], "m": people[1],
             "k": len(v) if form == "clue" else draw.number(2, 20), "i": v[0].upper()}
    section = "answer" if form != "check" else "yes" if claimed == v else "no"
    told = statement(kind, lang, x.split(" (")[0].split("（")[0], v)
    reply = fill(draw, phrases(f"quiz.{lang}")[section], {"a": told})
    return [("user", fill(draw, template, slots).replace("....", "...").replace("D.C..", "D.C.")),
            ("assistant", spaced(reply).replace("D.C..", "D.C."))]


TOPICS = [Topic("quiz", 7, wrapped("any", quiz), True)]
