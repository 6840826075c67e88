"""Science: chemical elements, the planets, and facts of every kind."""
from asking import ask, local, one_fact, yes_no
from draw import table
from topics import Topic
from wrapping import wrapped

ELEMENT_KINDS = ["symbol"] * 3 + ["from_symbol"] * 3 + ["number"] * 2 + ["from_number"] * 2 + [
    "protons", "kind", "metal", "state", "use", "use", "about"]
PLANET_KINDS = ["order", "at_order", "moons", "diameter", "year", "day", "distance", "type", "gas_giant", "planet",
                "title", "title", "title", "closer", "bigger", "is_closer", "is_bigger"]
STATES = {"en": ["solid", "liquid", "gas"], "zh": ["固体", "液体", "气体"]}
PLANET_TYPES = {"en": ["rocky planet", "gas giant", "ice giant"], "zh": ["岩石行星", "气态巨行星", "冰巨星"]}


def _element(draw, row, lang, kind):
    """Slots of an element; a yes/no question has its guess and the answer to it."""
    slots = local(row, lang)
    slots["protons"] = "1 proton" if row["number"] == "1" else row["number"] + " protons"
    slots["guess"] = draw.pick(STATES[lang])
    is_metal = "metal" in row["en_kind"] and row["en_kind"] not in ("a nonmetal", "a metalloid")
    right = is_metal if kind == "metal" else slots["guess"] == slots["state"]
    slots["yes"] = yes_no(lang, right)
    return slots


def elements(draw, lang):
    """Symbols, atomic numbers, kinds and uses of chemical elements."""
    kind = draw.pick(ELEMENT_KINDS)
    row, other = (_element(draw, r, lang, kind) for r in draw.two_famous(table("elements")))
    return ask(draw, lang, "science", kind, row, other)


def _planet(draw, row, lang):
    slots = local(row, lang)
    slots["number"] = row["order"]
    slots["order"] = row[lang + "_order"]
    slots["a_kind"] = "a " + slots["kind"]
    slots["guess"] = draw.pick(PLANET_TYPES[lang])
    slots["yes"] = yes_no(lang, slots["guess"] == slots["kind"])
    return slots


def _compared(first, second, lang, kind):
    """Slots for a comparison of two planets."""
    near, far = sorted((first, second), key=lambda r: int(r["order"]))
    small, big = sorted((first, second), key=lambda r: int(r["diameter"]))
    name = lang + "_name"
    right = first is (near if kind == "is_closer" else big)
    return {"name": first[name], "other": second[name], "near": near[name], "far": far[name],
            "near_order": near[lang + "_order"], "far_order": far[lang + "_order"], "big": big[name],
            "small": small[name], "big_km": big["diameter"], "small_km": small["diameter"], "yes": yes_no(lang, right)}


def planets(draw, lang):
    """The planets of the solar system: order, size, moons, year, records."""
    kind = draw.pick(PLANET_KINDS)
    if kind == "title":
        return ask(draw, lang, "science", kind, local(draw.pick(table("planet_titles")), lang))
    row, other = draw.sample(table("planets"), 2)
    if kind.endswith(("closer", "bigger")):
        return ask(draw, lang, "science", kind, _compared(row, other, lang, kind))
    return ask(draw, lang, "science", kind, _planet(draw, row, lang), _planet(draw, other, lang))


def misc_facts(draw, lang):
    """Single facts: the body, nature, geometry, computing."""
    return one_fact(draw, draw.pick(table("misc_facts")), lang)


TOPICS = [Topic("elements", 3, wrapped("science", elements), True), Topic("planets", 2, wrapped("science", planets), True),
          Topic("misc_facts", 2.5, wrapped("science", misc_facts), True)]
