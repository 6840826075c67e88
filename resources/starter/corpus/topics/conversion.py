"""Conversion of units: lengths, weights, volumes, times, temperatures, data, money, and Chinese units."""
import functools
from decimal import ROUND_HALF_UP, Decimal

from draw import phrases, table
from topics import Topic

SITUATIONS = {"weight": {"kg", "g", "pound", "jin", "gongjin", "liang"}, "length": {"km", "m", "mile", "foot", "yard", "li"},
              "time": {"hour", "minute", "day", "week", "month", "year", "decade", "century", "fortnight"},
              "piece": {"dozen", "score"}}
COMMON = (1, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 25, 30, 40, 50, 60, 100, 120, 150, 200, 250, 300, 500, 1000)


@functools.cache
def conversions(lang):
    """The conversions asked in a language."""
    return [row for row in table("conversions") if lang in row["langs"]]


@functools.cache
def units():
    return {row["id"]: row for row in table("conversion_units")}


def shown(number):
    """A Decimal without an exponent and without zeros behind."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(number, about):
    """The number with at most two decimals, half up; ``about`` stands before it when that changes it."""
    result = number.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return (about if result != number else "") + shown(result)


def steps(value, row, lang):
    """(text, result): the working "5 × 1000 = 5000"; only the result for one unit that is multiplied."""
    factor = Decimal(row["factor"])
    result = value * factor if row["op"] == "×" else value / factor
    about = "about " if lang == "en" else "约 "
    text = rounded(result, about)
    return text if value == 1 and row["op"] == "×" else f"{value} {row['op']} {factor} = {text}", result


def amount(draw, row):
    """How many units are asked about."""
    step = int(row["step"])
    if step > 1:
        return Decimal(step * draw.number(1, 20 if draw.chance(0.6) else 60))
    if draw.chance(0.06):
        return Decimal(draw.pick(("0.5", "1.5", "2.5")))
    return Decimal(draw.pick(COMMON) if draw.chance(0.35) else draw.number(1, 100))


def name(unit, value, lang):
    """The unit's name in an answer."""
    return unit["zh"] if lang == "zh" else unit["en_one"] if value == 1 else unit["en_many"]


def units_question(draw, lang):
    """n of one unit in another."""
    texts = phrases(f"conversion.{lang}")
    row = draw.pick(conversions(lang))
    source, target = units()[row["from"]], units()[row["to"]]
    value = amount(draw, row)
    f, t = (draw.pick(unit[f"{lang}_forms"].split("|")) for unit in (source, target))
    if lang == "en":
        t = t if len(t) > 2 or t in ("GB", "MB") else target["en_many"]
        f = source["en_one"] if value == 1 and len(f) > 3 else f
    kind = "ask"
    if row["op"] == "×" and row["step"] == "1" and draw.chance(0.12):
        kind, value = "ask_one", Decimal(1)
        f = source["zh"]
    situations = [f"ask_{kind_of}" for kind_of, names in SITUATIONS.items() if row["from"] in names]
    if kind == "ask" and value > 1 and situations and draw.chance(0.3):
        kind = situations[0]
    one = ("an " if source["en_one"][:2] in ("ho", "in") else "a ") + source["en_one"]
    ask = draw.say(texts[kind], n=value, f=f, t=t, one=one)
    working, result = steps(value, row, lang)
    reply = draw.say(texts["answer"], n=value, f=name(source, value, lang), t=name(target, result, lang), steps=working)
    return ask, reply.replace(" make ", " makes ").replace(" are ", " is ") if value == 1 else reply


def temperature(draw, lang):
    """Celsius and Fahrenheit."""
    texts = phrases(f"conversion.{lang}")
    if draw.chance(0.5):
        celsius = Decimal(draw.number(-20, 100))
        middle = celsius * Decimal("1.8")
        working = f"{celsius} °C = {celsius} × 1.8 + 32 = {shown(middle)} + 32 = {shown(middle + 32)} °F"
        return draw.say(texts["ask_c"], n=celsius), working + ("." if lang == "en" else "。")
    fahrenheit = Decimal(draw.number(-4, 212))
    about = "about " if lang == "en" else "约 "
    result = rounded((fahrenheit - 32) / Decimal("1.8"), about)
    working = f"{fahrenheit} °F = ({fahrenheit} - 32) ÷ 1.8 = {fahrenheit - 32} ÷ 1.8 = {result} °C"
    return draw.say(texts["ask_f"], n=fahrenheit), working + ("." if lang == "en" else "。")


def how(draw, lang):
    """How a unit is converted."""
    texts = phrases(f"conversion.{lang}")
    row = draw.pick([row for row in conversions(lang) if "fen" not in (row["from"], row["to"])])
    source, target = units()[row["from"]], units()[row["to"]]
    value = Decimal(2) * int(row["step"]) if row["op"] == "×" or row["step"] != "1" else Decimal(10)
    working, result = steps(value, row, lang)
    example = f"{value} {name(source, value, lang)} = {working} {name(target, result, lang)}"
    f, t = name(source, 2, lang), name(target, 2, lang)
    reply = texts["how_multiply" if row["op"] == "×" else "how_divide"]
    slots = dict(f=f.lstrip("个"), t=t.lstrip("个"), x=row["factor"], example=example)
    return draw.say(texts["how"], **slots), draw.say(reply, **slots)


def fraction(draw, lang):
    """Half a kilo, a quarter of an hour."""
    ask, reply = draw.pick(phrases(f"conversion.{lang}")["fractions"]).split(" => ")
    return draw.say(ask), draw.say(reply)


def sample(draw, lang):
    """One conversion."""
    maker = draw.rng.choices((units_question, temperature, how, fraction), (80, 9, 4, 7))[0]
    ask, reply = maker(draw, lang)
    return [("user", ask), ("assistant", reply)]


TOPICS = [Topic("conversion", 6, sample, True)]
