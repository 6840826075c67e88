"""History: events with year and place, inventions and discoveries with their people."""
from asking import ask, local
from draw import table
from topics import Topic
from wrapping import wrapped

EVENT_KINDS = ["when", "when", "when", "where", "what"]
INVENTION_KINDS = ["who", "who", "invented", "invented", "person"]
MADE = ("invented", "created", "developed", "designed", "built")
MANY = ("X-rays", "the four", "the basic laws")  # inventions and discoveries in the plural
AND = {"en": " and ", "zh": "；"}


def _invention_text(row, lang, year=False):
    """'invented the telephone in 1876', without the year if it is told elsewhere."""
    verb, thing = row[lang + "_verb"], row[lang + "_thing"]
    if lang == "zh":
        return f"在 {_years(row['year'], lang)} 年{verb}了{thing}" if year else f"{verb}了{thing}"
    return f"{verb} {thing} in {row['year']}" if year else f"{verb} {thing}"


def _events(year, lang):
    """All that the tables tell about a year, as one clause; inventions only where there is no event."""
    clause = "en_past" if lang == "en" else "zh_clause"
    found = [r[clause] for r in table("history") if r["year"] == year]
    found = found or [r[lang + "_who"] + (" " if lang == "en" else "") + _invention_text(r, lang)
                      for r in table("inventions") if r["year"] == year and r["en_verb"] == r["en_dated"]]
    return AND[lang].join(found[:3])


def _years(year, lang):
    """'221 BC' and 'AD 79' the Chinese way."""
    if lang == "zh":
        return "公元前 " + year[:-3] if year.endswith(" BC") else year.replace("AD", "公元")
    return year


def events(draw, lang):
    """When and where something happened, and what happened in a year."""
    kind = draw.pick(EVENT_KINDS)
    if kind == "what":
        year = draw.famous([r for r in table("history") + table("inventions") if _events(r["year"], lang)])["year"]
        return ask(draw, lang, "history", kind, {"year": _years(year, lang), "events": _events(year, lang)})
    row = draw.famous(table("history"))
    slots = local(row, lang)
    slots["year"] = _years(slots["year"], lang)
    slots["was"] = "were" if row["en_np"].endswith(("Games", "Olympics")) else "was"
    return ask(draw, lang, "history", kind, slots)


def _works(who, lang):
    """What a person did: 'published A in 1905 and published B in 1915'."""
    mine = [r for r in table("inventions") if r[lang + "_who"] == who]
    # A year that tells of something else than the verb (a first release, a patent) is left out.
    return AND[lang].join(_invention_text(r, lang, r["en_verb"] == r["en_dated"]) for r in mine)


def _invention(row, lang):
    slots = local(row, lang)
    slots["year"] = _years(slots["year"], lang)
    slots["was"] = "were" if row["en_thing"].startswith(MANY) else "was"
    slots["is"] = "are" if " and " in row["en_who"] or row["en_who"].endswith(" brothers") else "is"
    slots["works"] = _works(slots["who"], lang)
    return slots


def inventions(draw, lang):
    """Who invented, discovered or founded something, and when."""
    kind = draw.pick(INVENTION_KINDS)
    row, other = draw.two_famous(table("inventions"))
    if kind == "who" and row["en_verb"] in MADE and draw.chance(0.6):
        kind = "maker"
    return ask(draw, lang, "history", kind, _invention(row, lang), _invention(other, lang))


TOPICS = [Topic("events", 3, wrapped("history", events), True), Topic("inventions", 2, wrapped("history", inventions), True)]
