"""Arithmetic with the numbers 0 to 100, bare and in little stories."""
import made_up
from draw import phrases
from numerals import in_words
from people import two_people
from topics import Topic
from wrapping import wrapped

SIGNS = {"add": "+", "sub": "-", "mul": "×", "div": "÷"}


def operand(draw):
    """A number from 0 to 100, small ones more often."""
    return draw.number(0, 12) if draw.chance(0.3) else draw.number(0, 100)


def written(draw, lang, *numbers):
    """The numbers as the user writes them: nearly always in digits, now and then in words."""
    as_words = draw.chance(0.1) and all(0 <= n <= 100 for n in numbers)
    return [in_words(n, lang) if as_words else str(n) for n in numbers]


def product_steps(a, b):
    """a × b with the working between, where it takes any: by the tens and ones of one factor."""
    result = a * b
    if b < 10 <= a and b > 1 and a % 10 and a != 100:
        tens, ones = a // 10 * 10, a % 10
        return f"{a} × {b} = {tens} × {b} + {ones} × {b} = {tens * b} + {ones * b} = {result}"
    if a > 1 and 10 < b < 100 and b % 10:
        tens, ones = b // 10 * 10, b % 10
        return f"{a} × {b} = {a} × {tens} + {a} × {ones} = {a * tens} + {a * ones} = {result}"
    return f"{a} × {b} = {result}"


def carry_note(a, b, lang):
    """How tens and ones of a sum go together: a short afterthought."""
    tens, ones = a // 10 * 10 + b // 10 * 10, a % 10 + b % 10
    if lang == "en":
        return f" {a // 10 * 10} + {b // 10 * 10} = {tens} and {a % 10} + {b % 10} = {ones}, so {tens + ones}."
    return f"{a // 10 * 10} + {b // 10 * 10} = {tens}，{a % 10} + {b % 10} = {ones}，合起来是 {tens + ones}。"


def question(draw, lang, kind, more, **slots):
    """An expression in a frame, or now and then one of the questions only this operation has."""
    texts = phrases(f"arithmetic.{lang}")
    if draw.chance(more):
        return draw.say(texts[f"{kind}_more"], **slots)
    expression = draw.say(" " + draw.pick(texts[kind]), **slots)[1:]  # the space keeps it from beginning with a capital
    return draw.say(texts["frame"], e=expression)


def four_operations(draw, lang):
    """a + b, a - b, a × b, a ÷ b."""
    texts = phrases(f"arithmetic.{lang}")
    kind = draw.pick(("add", "add", "sub", "sub", "mul", "mul", "div"))
    a, b = operand(draw), operand(draw)
    if kind == "sub" and a < b and draw.chance(0.85):
        a, b = b, a
    if kind == "div":
        b = draw.number(1, 12)
        a = b * (draw.number(0, 12) if b > 10 or draw.chance(0.7) else draw.number(0, 100 // b))
    if kind == "mul" and draw.chance(0.4):
        a, b = draw.number(0, 12), draw.number(0, 12)
    if kind == "div" and draw.chance(0.02):
        b = 0
    wa, wb = written(draw, lang, a, b)
    ask = question(draw, lang, kind, 0.15, a=wa, b=wb)
    if kind == "div" and b == 0:
        return ask, draw.say(texts["zero"])
    result = {"add": a + b, "sub": a - b, "mul": a * b, "div": a // b if b else 0}[kind]
    exact = product_steps(a, b) if kind == "mul" else f"{a} {SIGNS[kind]} {b} = {result}"
    form = "answer_long" if exact.count("=") > 1 or kind in ("mul", "div") and draw.chance(0.5) else "answer"
    reply = draw.say(texts[form], x=exact, r=result)
    if kind == "add" and a > 10 and b > 10 and draw.chance(0.2):
        reply = draw.say(texts["answer"][0], x=exact) + carry_note(a, b, lang)
    if kind == "div" and draw.chance(0.15):
        check = f"{result} × {b} = {a}"
        reply = f"{exact}, because {check}." if lang == "en" else f"{exact}，因为 {check}。"
    return ask, reply


def remainder(draw, lang):
    """Division with a remainder."""
    texts = phrases(f"arithmetic.{lang}")
    b = draw.number(2, 12)
    a = draw.number(b, 100)
    wa, wb = written(draw, lang, a, b)
    q, r = divmod(a, b)
    ask = draw.say(texts["rem"], a=wa, b=wb)
    if r == 0:
        return ask, f"{a} ÷ {b} = {q}, with no remainder." if lang == "en" else f"{a} ÷ {b} = {q}，没有余数。"
    if lang == "en":
        return ask, f"{a} ÷ {b} = {q} remainder {r}, because {q} × {b} = {q * b} and {a} - {q * b} = {r}."
    return ask, f"{a} ÷ {b} = {q} 余 {r}，因为 {q} × {b} = {q * b}，{a} - {q * b} = {r}。"


def three_numbers(draw, lang):
    """a + b + c, added from the left."""
    a, b, c = (draw.number(1, draw.pick((10, 20, 50))) for _ in range(3))
    wa, wb, wc = written(draw, lang, a, b, c)
    exact = f"{a} + {b} + {c} = {a + b} + {c} = {a + b + c}"
    ask = question(draw, lang, "sum3", 0.2, a=wa, b=wb, c=wc)
    return ask, draw.say(phrases(f"arithmetic.{lang}")["answer_long"], x=exact, r=a + b + c)


def check(draw, lang):
    """The user proposes a result."""
    texts = phrases(f"arithmetic.{lang}")
    kind = draw.pick(("add", "sub", "mul"))
    a, b = draw.number(0, 30), draw.number(0, 20)
    if kind == "mul":
        a, b = draw.number(1, 12), draw.number(1, 10)
    a, b = max(a, b), min(a, b)
    result = {"add": a + b, "sub": a - b, "mul": a * b}[kind]
    claimed = result if draw.chance(0.5) else max(0, result + draw.pick((-10, -2, -1, 1, 2, 10)))
    expression = f"{a} {SIGNS[kind]} {b}"
    ask = draw.say(texts["check"], x=f"{expression} = {claimed}", e=expression, r=claimed)
    return ask, draw.say(texts["check_yes" if claimed == result else "check_no"], x=f"{expression} = {result}")


def comparison(draw, lang):
    """Which of two numbers is larger or smaller."""
    texts = phrases(f"arithmetic.{lang}")
    a, b = draw.number(0, 100), draw.number(0, 100)
    if draw.chance(0.2):
        a, b = draw.number(0, 1000), draw.number(0, 1000)
    if a == b:
        b += 1
    wa, wb = written(draw, lang, a, b)
    kind = draw.pick(("larger", "larger", "smaller", "is_larger", "is_smaller"))
    ask = draw.say(texts[kind], a=wa, b=wb)
    if kind == "is_larger":
        return ask, draw.say(texts["is_more_yes" if a > b else "is_more_no"], a=a, b=b)
    if kind == "is_smaller":
        return ask, draw.say(texts["is_less_yes" if a < b else "is_less_no"], a=a, b=b)
    return ask, draw.say(texts[f"{kind}_answer"], big=max(a, b), small=min(a, b))


def multiples(draw, lang):
    """Double, half, triple, square and square root."""
    texts = phrases(f"arithmetic.{lang}")
    kind = draw.pick(("double", "half", "triple", "square", "root"))
    a = draw.number(0, 100)
    if kind in ("square", "root"):
        a = draw.number(1, 20) if draw.chance(0.8) or kind == "root" else a
    if kind == "root":
        ask = draw.say(texts[kind], a=written(draw, lang, a * a)[0])
        return ask, draw.say(texts["root_answer"], a=a * a, r=a)
    ask = draw.say(texts[kind], a=written(draw, lang, a)[0])
    if kind == "half":
        return ask, draw.say(texts["half_answer"], a=a, r=a // 2 if a % 2 == 0 else a / 2)
    b = {"double": 2, "triple": 3, "square": a}[kind]
    return ask, draw.say(texts["answer_long"], x=product_steps(a, b), r=a * b)


def percentage(draw, lang):
    """10, 20, 25, 50 and 100 percent of round numbers."""
    texts = phrases(f"arithmetic.{lang}")
    p = draw.pick((10, 10, 20, 25, 25, 50, 50, 100))
    a = draw.number(1, 10) * 100 if draw.chance(0.4) else draw.number(1, 50) * {10: 10, 20: 10, 25: 20, 50: 10, 100: 10}[p]
    result = a * p // 100
    ask = draw.say(texts["percent"], p=p, a=a, q="百" if p == 100 else in_words(p, "zh"))
    return ask, draw.say(texts["percent_step" if draw.chance(0.3) else "percent_answer"], p=p, a=a, r=result)


def parity(draw, lang):
    """Even or odd."""
    texts = phrases(f"arithmetic.{lang}")
    a = draw.number(0, 100)
    names = {"en": ("even", "odd"), "zh": ("偶数", "奇数")}[lang]
    kind = draw.pick(("even", "odd", "parity"))
    ask = draw.say(texts[kind], a=written(draw, lang, a)[0])
    reply = "parity_answer" if kind == "parity" else "parity_yes" if (kind == "odd") == (a % 2 == 1) else "parity_no"
    return ask, draw.say(texts[reply], a=a, kind=names[a % 2])


def sequence(draw, lang):
    """The next number of a simple row, or the neighbour of one number."""
    texts = phrases(f"arithmetic.{lang}")
    kind = draw.pick(("after", "before", "up", "up", "up", "down", "double", "square"))
    if kind in ("after", "before"):
        a = draw.number(1, 199)
        return draw.say(texts[kind], a=written(draw, lang, a)[0]), draw.say(texts[f"{kind}_answer"], a=a, r=a + 1 if kind == "after" else a - 1)
    length = draw.number(3, 5)
    step, start = draw.pick((1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 20)), draw.number(0, 30)
    if kind == "up":
        row = [start + step * i for i in range(length + 1)]
    elif kind == "down":
        row = [start + step * (length + 1 - i) for i in range(length + 1)]
    elif kind == "double":
        start = draw.number(1, 6)
        row = [start * 2 ** i for i in range(length + 1)]
    else:
        start = draw.number(1, 5)
        row = [(start + i) ** 2 for i in range(length + 1)]
        step = start + length
    comma = draw.pick((", ", ", ", ",")) if lang == "en" else draw.pick(("，", "、", ", "))
    return draw.say(texts["next"], list=comma.join(map(str, row[:-1]))), draw.say(texts[f"next_{kind}"], r=row[-1], d=step)


def strangers(draw, lang):
    """Two people, one of them often with an invented name."""
    name, other = two_people(draw, lang)
    if draw.chance(0.4):
        name = made_up.given_name(draw, lang)
    return (name, other) if name != other else strangers(draw, lang)


def story(draw, lang):
    """A word problem."""
    texts = phrases(f"arithmetic.{lang}")
    if draw.chance(0.25):
        return long_story(draw, lang, texts)
    kind = draw.pick(("add", "add", "sub", "sub", "mul", "div"))
    a, b = draw.number(2, draw.pick((20, 60))), draw.number(2, draw.pick((10, 40)))
    if kind == "sub":
        a, b = max(a, b) + 1, min(a, b)
    elif kind == "mul":
        a, b = draw.number(2, 12), draw.number(2, 12)
    elif kind == "div":
        b = draw.number(2, 10)
        a = b * draw.number(2, 12)
    result = {"add": a + b, "sub": a - b, "mul": a * b, "div": a // b}[kind]
    name, other = strangers(draw, lang)
    ask, reply = draw.pick(texts[f"word_{kind}"]).split(" => ")
    slots = dict(a=a, b=b, r=result, r4=a * 4, r7=a * 7, r8=a * 8, n=name, o=other, i=draw.pick(texts["items"]))
    slots["z"] = draw.number(2, 99)  # a number that does not matter
    return draw.say(ask, **slots), draw.say(reply, **slots)


def long_story(draw, lang, texts):
    """A word problem of two steps, or with a remainder."""
    name, other = strangers(draw, lang)
    slots = dict(n=name, o=other, i=draw.pick(texts["items"]))
    kind = draw.rng.random()
    if kind < 0.2:
        a, b, c = draw.number(2, 30), draw.number(2, 20), draw.number(2, 9)
        ask, reply = draw.pick(texts["word_sum3"]).split(" => ")
        slots.update(a=a, b=b, c=c, p=a + b, t=a + b + c)
    elif kind < 0.4:
        a, b, c = draw.number(2, 9), draw.number(2, 9), draw.number(1, 20)
        ask, reply = draw.pick(texts["word_mul_add"]).split(" => ")
        slots.update(a=a, b=b, c=c, p=a * b, t=a * b + c)
    elif kind < 0.6:
        a, b = draw.number(2, 9), draw.number(2, 9)
        c = draw.pick([note for note in (10, 20, 50, 100) if note >= a * b])
        ask, reply = draw.pick(texts["word_money"]).split(" => ")
        slots.update(a=a, b=b, c=c, p=a * b, t=c - a * b)
    elif kind < 0.8:
        a, c = draw.number(5, 60), draw.number(1, 20)
        b = draw.number(1, a - 1)
        ask, reply = draw.pick(texts["word_two"]).split(" => ")
        slots.update(a=a, b=b, c=c, p=a - b, t=a - b + c)
    else:
        b, q = draw.number(3, 10), draw.number(2, 9)
        m = draw.number(1, b - 1)
        a = b * q + m
        exact = f"{a} ÷ {b} = {q} remainder {m}" if lang == "en" else f"{a} ÷ {b} = {q} 余 {m}"
        ask, reply = draw.pick(texts["word_rem"]).split(" => ")
        slots.update(a=a, b=b, q=q, m=m, x=exact)
    return draw.say(ask, **slots), draw.say(reply, **slots)


KINDS = ((four_operations, 52), (remainder, 5), (three_numbers, 6), (check, 5), (comparison, 8), (multiples, 8),
         (percentage, 6), (parity, 5), (sequence, 6), (story, 36))
MAKERS, SHARES = zip(*KINDS)


def sample(draw, lang):
    """One question and its answer; now and then a second one of another number follows."""
    turns = []
    for _ in range(2 if draw.chance(0.1) else 1):
        ask, reply = draw.rng.choices(MAKERS, SHARES)[0](draw, lang)
        turns += [("user", ask), ("assistant", reply)]
    return turns


TOPICS = [Topic("arithmetic", 12, wrapped("number", sample), True)]
