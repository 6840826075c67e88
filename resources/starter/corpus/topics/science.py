"""Science: chemical elements and the planets."""
from asking import article, ask, local
from draw import table
from topics import Topic

ELEMENT_KINDS = ["symbol", "from_symbol", "number", "from_number", "kind", "use", "about"]
PLANET_KINDS = ["order", "at_order", "moons", "diameter", "year", "day", "distance", "type", "planet",
                "title", "title", "closer", "bigger"]


def _element(row, lang):
    slots = local(row, lang)
    slots["protons"] = "1 proton" if row["number"] == "1" else row["number"] + " protons"
    return slots


def elements(draw, lang):
    """Symbols, atomic numbers, kinds and uses of chemical elements."""
    row, other = draw.sample(table("elements"), 2)
    return ask(draw, lang, "science", draw.pick(ELEMENT_KINDS), _element(row, lang), _element(other, lang))


def _planet(row, lang):
    slots = local(row, lang)
    slots["number"] = row["order"]
    slots["order"] = row[lang + "_order"]
    slots["a_kind"] = article(slots["kind"])
    return slots


def _compared(first, second, lang):
    """Slots for a comparison of two planets."""
    near, far = sorted((first, second), key=lambda r: int(r["order"]))
    small, big = sorted((first, second), key=lambda r: int(r["diameter"]))
    name = lang + "_name"
    return {"name": first[name], "other": second[name], "near": near[name], "far": far[name],
            "near_order": near[lang + "_order"], "far_order": far[lang + "_order"],
            "big": big[name], "small": small[name], "big_km": big["diameter"], "small_km": small["diameter"]}


def planets(draw, lang):
    """The planets of the solar system: order, size, moons, year, records."""
    kind = draw.pick(PLANET_KINDS)
    if kind == "title":
        return ask(draw, lang, "science", kind, local(draw.pick(table("planet_titles")), lang))
    row, other = draw.sample(table("planets"), 2)
    if kind in ("closer", "bigger"):
        return ask(draw, lang, "science", kind, _compared(row, other, lang))
    return ask(draw, lang, "science", kind, _planet(row, lang), _planet(other, lang))


TOPICS = [Topic("elements", 3, elements, True), Topic("planets", 2, planets, True)]
