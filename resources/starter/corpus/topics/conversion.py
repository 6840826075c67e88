"""Conversion of units: lengths, weights, volumes, times, temperatures, data, money, and Chinese units."""
import functools
import re
from decimal import ROUND_HALF_UP, Decimal

import made_up
from asking import spaced
from draw import phrases, table
from topics import Topic
from wrapping import wrapped

SITUATIONS = {"weight": {"kg", "g", "pound", "jin", "gongjin", "liang"}, "length": {"km", "m", "mile", "foot", "yard", "li"},
              "time": {"hour", "minute", "day", "week", "month", "year", "fortnight"},
              "piece": {"dozen", "score"}, "volume": {"l", "ml", "cl"}, "data": {"gib", "mib", "gb", "mb", "tib", "tbyte"},
              "money": {"yuan", "jiao", "dollar", "cent"}}
# Factors that nobody multiplies in the head are asked for these amounts only, so that they can be learned.
HARD = {"1.609", "2.54", "0.3048", "0.4536", "666.67", "1852", "1440", "168"}
HARD_AMOUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 100)
DECIMALS = ("0.1", "0.2", "0.25", "0.3", "0.4", "0.5", "0.6", "0.7", "0.75", "0.8", "0.9", "1.1", "1.2", "1.25", "1.5", "1.6", "1.8", "2.2", "2.4", "2.5",
            "3.2", "3.5", "3.6", "4.5", "5.5", "6.4", "7.5", "8.5", "12.5")
PARTS = ("hour", "minute", "m", "km", "kg", "yuan", "day", "week", "year", "foot", "l", "dollar", "jin", "cm")
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
    """(text, result): the working "37 × 60 = 30 × 60 + 7 × 60 = 1800 + 420 = 2220"; only the result for one unit that is multiplied."""
    factor = Decimal(row["factor"])
    result = value * factor if row["op"] == "×" else value / factor
    text = rounded(result, "about " if lang == "en" else "约 ")
    if value == 1 and row["op"] == "×":
        return text, result
    ones = value % 10
    if row["op"] == "×" and value > 10 and ones and value == int(value) and factor in (7, 12, 14, 15, 16, 24, 36, 60, 3600):
        tens = value - ones
        return f"{value} × {factor} = {tens} × {factor} + {ones} × {factor} = {tens * factor} + {ones * factor} = {text}", result
    return f"{value} {row['op']} {factor} = {text}", result


def amount(draw, row):
    """How many units are asked about."""
    step, factor = int(row["step"]), Decimal(row["factor"])
    if row["factor"] in HARD:
        return Decimal(draw.pick(HARD_AMOUNTS) * step)
    if factor >= 10000:
        return Decimal(draw.number(1, 12))
    if factor == 1024:
        return Decimal(draw.pick((1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 32, 64)) * step)
    if step > 1:
        return Decimal(step * draw.number(1, 20 if draw.chance(0.6) else 60))
    if factor in (10, 100, 1000, 10000, 500, 2, 4) and draw.chance(0.2) and row["from"] not in ("dozen", "couple", "fortnight", "wan", "century"):
        return Decimal(draw.pick(DECIMALS))
    if draw.chance(0.04):
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
    ask = draw.say(texts[kind], n=value, f=f, t=t, one=one, who=made_up.anybody(draw, lang))
    working, result = steps(value, row, lang)
    reply = draw.say(texts["answer"], n=value, f=name(source, value, lang), t=name(target, result, lang), steps=working)
    reply = reply.replace(" make ", " makes ").replace(" are ", " is ") if value == 1 else reply
    if value != 1 and draw.chance(0.25):
        reply += tail(draw, row, lang)
    return tidy(ask), reply


def tail(draw, row, lang):
    """The relation of the two units: 1 kilometre = 1000 metres."""
    big, small = (row["from"], row["to"]) if row["op"] == "×" else (row["to"], row["from"])
    said = draw.say(phrases(f"conversion.{lang}")["tail"], f1=name(units()[big], 1, lang), t=name(units()[small], 2, lang), x=row["factor"])
    return (" " if lang == "en" else "") + said


def tidy(text):
    """The question with the verb of a single thing: 'How many metres is 1 kilometre'; Chinese units alone have no 个."""
    text = re.sub("(?<=[换成化为用到是，从])个(?=小时|季度|星期|世纪)", "", text)
    return re.sub(r"\bare (1 \w+\?)", r"is \1", text)


def easy(draw, lang):
    """(row, source, target) of a conversion by a whole number that is multiplied."""
    row = draw.pick([row for row in conversions(lang) if row["op"] == "×" and row["factor"] not in HARD and row["from"] not in ("fortnight", "couple")])
    return row, units()[row["from"]], units()[row["to"]]


def checked(draw, lang):
    """The user proposes a result."""
    texts, (row, source, target) = phrases(f"conversion.{lang}"), easy(draw, lang)
    value = amount(draw, row)
    working, result = steps(value, row, lang)
    guess = result if draw.chance(0.5) else draw.pick((result * 10, result / 10, result + 10 if result < 200 else result + 100, result * 2))
    slots = dict(n=value, f=name(source, value, lang), t=name(target, result, lang), steps=working)
    ask = draw.say(texts["check"], **{**slots, "g": shown(guess), "t": name(target, guess, lang)})
    return tidy(ask), draw.say(texts["check_yes" if guess == result else "check_no"], **slots)


def compared(draw, lang):
    """Which of two amounts in different units is more."""
    texts, (row, source, target) = phrases(f"conversion.{lang}"), easy(draw, lang)
    value = Decimal(draw.number(1, 12))
    working, result = steps(value, row, lang)
    factor = int(row["factor"])
    other = max(Decimal(1), draw.pick((result, result + factor, result - factor, result + factor // 2, result - factor // 2)))
    kind = "more_same" if other == result else "more_first" if result > other else "more_second"
    slots = dict(a=value, b=other, f=name(source, value, lang), t=name(target, other, lang), steps=working)
    return draw.say(texts["more"], **slots), draw.say(texts[kind], **slots)


def in_parts(draw, lang):
    """2 hours and 15 minutes in minutes, and back."""
    texts = phrases(f"conversion.{lang}")
    row = draw.pick([row for row in conversions(lang) if row["op"] == "×" and row["from"] in PARTS and row["factor"].isdigit() and int(row["factor"]) <= 1000 and row["factor"] not in HARD])
    source, target, factor = units()[row["from"]], units()[row["to"]], int(row["factor"])
    n, m = draw.number(1, 9), draw.number(1, factor - 1)
    m = m if factor < 100 else max(1, m // 10 * 10 if factor == 100 else m // 50 * 50)
    whole = n * factor + m
    slots = dict(n=n, m=m, k=whole, x=factor, p=n * factor, f=name(source, n, lang), t=name(target, 2, lang))
    if draw.chance(0.4):
        slots["f"] = name(source, 2, lang)
        ask = draw.say(texts["back"], **slots)
        return ask, draw.say(texts["back_answer"], **{**slots, "f": name(source, n, lang), "t": name(target, m, lang)})
    working = f"{n * factor} + {m} = {whole}" if n == 1 else f"{n} × {factor} + {m} = {n * factor} + {m} = {whole}"
    return draw.say(texts["parts"], **slots), draw.say(texts["parts_answer"], **slots, steps=working)


def temperature(draw, lang):
    """Celsius and Fahrenheit."""
    texts = phrases(f"conversion.{lang}")
    if draw.chance(0.5):
        celsius = Decimal(draw.number(-20, 100))
        middle = celsius * Decimal("1.8")
        working = f"{celsius} °C = {celsius} × 1.8 + 32 = {shown(middle)} + 32 = {shown(middle + 32)} °F"
        return draw.say(texts["ask_c"], n=celsius), working + ("." if lang == "en" else "。")
    fahrenheit = Decimal(draw.number(-4, 212) if draw.chance(0.3) else 32 + 9 * draw.number(-4, 20))
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
    maker = draw.rng.choices((units_question, temperature, how, fraction, checked, compared, in_parts), (74, 8, 3, 6, 5, 4, 9))[0]
    ask, reply = maker(draw, lang)
    return [("user", ask), ("assistant", spaced(reply))]


TOPICS = [Topic("conversion", 8, wrapped("convert", sample), True)]
