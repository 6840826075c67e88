"""Small sums as people say them: rows, prices, how much is missing; answered with the computation. tables/sums.<lang>.txt."""
from draw import phrases
from numerals import in_words
from topics import Topic
from topics.arithmetic import product_steps
from wrapping import wrapped

SHARES = {"table": 3, "times": 3, "rows": 3, "price": 2, "more": 3, "less": 3, "gap": 5, "share": 3, "half": 1}


def numbers(draw, kind):
    """The numbers a and b that a kind of sum can have."""
    if kind == "table":
        return draw.number(2, 9), draw.number(2, 9)
    if kind in ("times", "rows", "price"):
        return draw.number(2, 9), draw.number(2, draw.pick((9, 12, 30, 60)))
    if kind == "share":
        b = draw.number(2, 10)
        return b * draw.number(2, 12), b
    if kind == "half":
        return 2 * draw.number(1, 50), 2
    first, second = draw.number(1, 100), draw.number(1, draw.pick((20, 100)))
    if kind == "gap" and draw.chance(0.35):
        first = draw.pick((10, 20, 50, 100, 100))
    if kind != "more" and first <= second:
        return max(first, second) + 1, min(first, second)
    return first, second


def computed(kind, a, b):
    """The computation as it is written down."""
    if kind in ("table", "times", "rows", "price"):
        return product_steps(b, a) if kind == "times" and b > a else product_steps(a, b)
    if kind == "more":
        return f"{a} + {b} = {a + b}"
    if kind in ("share", "half"):
        return f"{a} ÷ {b} = {a // b}"
    return f"{a} - {b} = {a - b}"


def sums(draw, lang):
    """One sum."""
    kind = draw.rng.choices(list(SHARES), SHARES.values())[0]
    a, b = numbers(draw, kind)
    ask = draw.say(phrases(f"sums.{lang}")[kind], a=a, b=b, x=in_words(min(a, 99), lang), y=in_words(min(b, 99), lang))
    if lang == "zh":
        if kind == "times" and a == 2:
            ask = ask.replace("二个", "两个")
        ask = ask.replace(" ", "") if draw.chance(0.4) else ask.replace(" ，", "，").strip()
    return [("user", ask + ("?" if lang == "en" else "？")), ("assistant", computed(kind, a, b) + (".", "。")[lang == "zh"])]


TOPICS = [Topic("sums", 4, wrapped("number", sums), True)]
