"""Units of measure: what they measure, their symbols, how many smaller units they hold."""
from asking import ask, local
from draw import table
from topics import Topic
from wrapping import wrapped

KINDS = ["what", "unit_symbol", "from_unit_symbol", "which"]
# The unit to name when a quantity is asked for.
USUAL = ["metre", "kilogram", "second", "litre", "hectare", "volt", "ampere", "watt", "ohm", "hertz", "joule", "newton",
         "pascal", "kelvin", "mole", "candela", "decibel", "coulomb", "farad", "tesla", "byte", "light-year"]
PLURALS = {"foot": "feet", "inch": "inches", "hertz": "hertz", "degree Celsius": "degrees Celsius",
           "degree Fahrenheit": "degrees Fahrenheit", "kelvin": "kelvins"}


def _unit(row, lang):
    slots = local(row, lang)
    slots["names"] = PLURALS.get(row["en_name"], row["en_name"] + "s") if lang == "en" else slots["name"]
    slots["a_name"] = "a " + slots["name"]
    return slots


def units(draw, lang):
    """Names, symbols and quantities of units."""
    kind = draw.pick(KINDS)
    rows = [r for r in table("units") if kind != "which" or r["en_name"] in USUAL]
    row, other = draw.sample(rows, 2)
    return ask(draw, lang, "units", kind, _unit(row, lang), _unit(other, lang))


def unit_parts(draw, lang):
    """How many smaller units a larger one holds."""
    slots = local(draw.pick(table("unit_parts")), lang)
    slots["a_big"] = "a " + slots["big"]
    return ask(draw, lang, "units", "parts", slots)


TOPICS = [Topic("units", 1, wrapped("convert", units), True), Topic("unit_parts", 2, wrapped("convert", unit_parts), True)]
