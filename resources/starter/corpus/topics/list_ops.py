"""Work on short lists of numbers or words, and on the letters of single words."""
import functools

from draw import phrases
from topics import Topic

ORDINALS = {"en": ("first", "second", "third", "fourth", "fifth", "sixth", "seventh"),
            "zh": ("第一", "第二", "第三", "第四", "第五", "第六", "第七")}
LAST = {"en": "last", "zh": "最后一"}


def texts_of(lang):
    return phrases(f"list_ops.{lang}")


def numbers(draw, low=3, high=7):
    """Different numbers from 0 to 100, often small ones."""
    return draw.sample(range(draw.pick((21, 51, 101))), draw.number(low, high))


@functools.cache
def vocabulary(lang):
    return list(dict.fromkeys(texts_of(lang)["words"]))


def words(draw, lang, low=3, high=7):
    return draw.sample(vocabulary(lang), draw.number(low, high))


def items(draw, lang):
    """A list of words or of numbers."""
    return words(draw, lang) if draw.chance(0.65) else [str(n) for n in numbers(draw)]


def typed(draw, lang, values):
    """The list as the user types it."""
    values = [str(v) for v in values]
    if lang == "zh":
        return draw.pick(("、", "、", "，", ", ", " ")).join(values)
    if draw.chance(0.15):
        return ", ".join(values[:-1]) + " and " + values[-1]
    return draw.pick((", ", ", ", ", ", " ", ",")).join(values)


def listed(lang, values):
    """The list as answers show it; numbers are parted by ASCII commas in both languages."""
    values = [str(v) for v in values]
    return ("、" if lang == "zh" and not values[0].isdigit() else ", ").join(values)


def asked(draw, lang, kind, values, **slots):
    return draw.say(texts_of(lang)[kind], list=typed(draw, lang, values), **slots)


def answered(draw, lang, kind, **slots):
    return draw.say(texts_of(lang)[kind], **slots)


def counting(draw, lang):
    values = items(draw, lang)
    return asked(draw, lang, "count", values), answered(draw, lang, "count_answer", r=len(values))


def sorting(draw, lang):
    kind = draw.pick(("ascending", "ascending", "descending") + (("alphabet", "alphabet") if lang == "en" else ()))
    values = words(draw, lang, 3, 6) if kind == "alphabet" else numbers(draw)
    result = listed(lang, sorted(values, reverse=kind == "descending"))
    return asked(draw, lang, kind, values), answered(draw, lang, f"{kind}_answer", r=result)


def reversing(draw, lang):
    values = items(draw, lang)
    return asked(draw, lang, "reverse", values), answered(draw, lang, "reverse_answer", r=listed(lang, values[::-1]))


def nth(draw, lang):
    values = items(draw, lang)
    place = draw.pick((0, 1, 2, -1, draw.number(0, len(values) - 1)))
    name = LAST[lang] if place < 0 else ORDINALS[lang][place]
    return asked(draw, lang, "nth", values, k=name), answered(draw, lang, "nth_answer", k=name, r=values[place])


def extreme(draw, lang):
    values = numbers(draw, 3, 6)
    kind = draw.pick(("largest", "smallest"))
    result = max(values) if kind == "largest" else min(values)
    return asked(draw, lang, kind, values), answered(draw, lang, f"{kind}_answer", r=result)


def adding_up(draw, lang):
    """The sum, added from the left so that each step is small."""
    values = [draw.number(1, draw.pick((10, 20, 30))) for _ in range(draw.number(3, 5))]
    steps, total = " + ".join(map(str, values)), values[0]
    for i, value in enumerate(values[1:], 2):
        total += value
        steps += " = " + " + ".join(map(str, [total, *values[i:]]))
    return asked(draw, lang, "sum", values), steps + ("." if lang == "en" else "。")


def deduplicating(draw, lang):
    values = items(draw, lang)[:4]
    for value in draw.sample(values, draw.number(1, 2)):
        values.insert(draw.number(0, len(values)), value)
    return asked(draw, lang, "dedupe", values), answered(draw, lang, "dedupe_answer", r=listed(lang, dict.fromkeys(values)))


def membership(draw, lang):
    values = items(draw, lang)
    x = draw.pick(values) if draw.chance(0.5) else values.pop()
    kind = "contains_yes" if x in values else "contains_no"
    return asked(draw, lang, "contains", values, x=x), answered(draw, lang, kind, x=x)


def changing(draw, lang):
    """One item joins at the end, or leaves."""
    values = items(draw, lang)
    if draw.chance(0.5):
        x = values.pop()
        return asked(draw, lang, "add", values, x=x), answered(draw, lang, "add_answer", r=listed(lang, [*values, x]))
    x = draw.pick(values)
    return asked(draw, lang, "remove", values, x=x), answered(draw, lang, "remove_answer", r=listed(lang, [v for v in values if v != x]))


def english_word(draw):
    return draw.pick([w for w in texts_of("en")["words"] if len(w) <= 6])


def quoted(draw, word):
    """The English word as users write it: bare, quoted, or with a capital."""
    return draw.pick((word, word, f'"{word}"', f"'{word}'", word.capitalize()))


def letters_of_word(draw, lang):
    """Count, spell, turn round, first and last letter, of an English word asked in English."""
    kind = draw.pick(("letters", "letters", "spell", "spell", "backwards", "first_letter", "last_letter"))
    word = english_word(draw)
    slots = dict(q=quoted(draw, word), w=word, W=word.capitalize(), s="-".join(word.upper()))
    slots.update(b=word[::-1], t="-".join(word[::-1].upper()))
    slots["r"] = {"letters": len(word), "first_letter": word[0].upper(), "last_letter": word[-1].upper()}.get(kind)
    ask = draw.say(texts_of(lang)[kind], **slots)
    return ask, draw.say(texts_of(lang)[f"{kind}_answer"], **{**slots, "q": f'"{word}"'})


def characters_of_word(draw, lang):
    """The same for Chinese words, and for English words asked in Chinese."""
    kind = draw.pick(("letters", "letters_en", "letters_en", "spell", "spell", "backwards", "first_letter", "last_letter"))
    word = english_word(draw)
    if kind in ("letters_en", "spell"):
        slots = dict(e=word, s="-".join(word.upper()), r=len(word))
        return draw.say(texts_of(lang)[kind], **slots), draw.say(texts_of(lang)[f"{kind}_answer"], **slots)
    word = draw.pick([w for w in texts_of("zh")["words"] if len(w) > 1])
    slots = dict(q=f"“{word}”", s="、".join(word), b=word[::-1])
    slots["r"] = {"letters": len(word), "first_letter": word[0], "last_letter": word[-1]}.get(kind)
    ask = draw.say(texts_of(lang)[kind], **{**slots, "q": draw.pick((slots["q"], slots["q"], word))})
    return ask, draw.say(texts_of(lang)[f"{kind}_answer"], **slots)


def word(draw, lang):
    return (letters_of_word if lang == "en" else characters_of_word)(draw, lang)


def case(draw, lang):
    """Upper and lower case."""
    kind = draw.pick(("upper", "lower"))
    value = " ".join(english_word(draw) for _ in range(draw.pick((1, 1, 2))))
    shown = value if kind == "upper" else draw.pick((value.upper(), value.title()))
    result = value.upper() if kind == "upper" else value
    q = f'"{shown}"' if draw.chance(0.4) else shown
    return draw.say(texts_of(lang)[kind], q=q, e=q), draw.say(texts_of(lang)[f"{kind}_answer"], r=result)


KINDS = ((counting, 10), (sorting, 22), (reversing, 10), (nth, 14), (extreme, 12), (adding_up, 6), (deduplicating, 6),
         (membership, 6), (changing, 6), (word, 18), (case, 6))
MAKERS, SHARES = zip(*KINDS)


def sample(draw, lang):
    """One task and its result."""
    ask, reply = draw.rng.choices(MAKERS, SHARES)[0](draw, lang)
    return [("user", ask), ("assistant", reply)]


TOPICS = [Topic("list_ops", 8, sample, True)]
