"""Work on short lists of numbers or words, and on the letters of single words."""
import functools
import re

from draw import phrases, table
from topics import Topic

ORDINALS = {"en": "first second third fourth fifth sixth seventh eighth ninth tenth".split(),
            "zh": ["第" + digit for digit in "一二三四五六七八九十"]}
LAST = {"en": {-1: "last", -2: "second to last"}, "zh": {-1: "最后一", -2: "倒数第二"}}
SEPARATORS = {"en": (", ", ", ", ", ", ", ", " ", ",", "; ", "\n", "\n- "), "zh": ("、", "、", "、", "，", ", ", " ", "；", "\n")}
QUOTES = {"en": ('""', "\'\'"), "zh": ("“”", "“”", '""', "「」")}


def texts_of(lang):
    return phrases(f"list_ops.{lang}")


def numbers(draw, low=3, high=8):
    """Different numbers from 0 to 100, often small ones, now and then large ones."""
    return draw.sample(range(draw.pick((21, 51, 101, 101, 1001))), draw.number(low, high))


@functools.cache
def vocabulary(lang):
    """All words of a language from the lexicon."""
    return list(dict.fromkeys(word for line in phrases("lexicon")[lang] for word in line.split()))


@functools.cache
def single_characters():
    """The Chinese words of one character."""
    return [word for word in vocabulary("zh") if len(word) == 1]


@functools.cache
def names(lang):
    """Names with capitals: people, countries and cities."""
    places = [row[column + lang] for row in table("countries") for column in ("", "capital_")]
    people = phrases("names")["en" if lang == "en" else "zh_familiar"]
    return [name for name in dict.fromkeys(people + places) if " " not in name and len(name) < 12]


def invented(draw, lang):
    """A word that no lexicon has, to be copied letter by letter."""
    if lang == "en":
        return "".join(draw.pick("abcdefghijklmnopqrstuvwxyz") for _ in range(draw.number(3, 7)))
    return draw.pick(single_characters()) + draw.pick(single_characters())


def words(draw, lang, low=3, high=8):
    """Different words; whole lists of names or of single Chinese characters, too."""
    count, kind = draw.number(low, high), draw.rng.random()
    if kind < 0.12:
        return draw.sample(names(lang), count)
    if kind < 0.24 and lang == "zh":
        return draw.sample(single_characters(), count)
    found = draw.sample(vocabulary(lang), count)
    if draw.chance(0.3):
        found = [invented(draw, lang) if draw.chance(0.35) else word for word in found]
    return list(dict.fromkeys(found))


def items(draw, lang):
    """A list of words or of numbers."""
    return words(draw, lang) if draw.chance(0.75) else [str(n) for n in numbers(draw)]


def typed(draw, lang, values):
    """The list as the user types it."""
    values = [str(v) for v in values]
    if draw.chance(0.12) and not values[0].isdigit():
        left, right = draw.pick(QUOTES[lang])
        values = [left + value + right for value in values]
    separator = draw.pick(SEPARATORS[lang])
    if draw.chance(0.15):
        last = draw.pick((" and ", ", and ")) if lang == "en" else draw.pick(("和", "和", "还有"))
        return ("、" if lang == "zh" else ", ").join(values[:-1]) + last + values[-1]
    text = separator.join(values)
    return "- " + text if separator == "\n- " else text


def listed(lang, values):
    """The list as answers show it; numbers are parted by ASCII commas in both languages."""
    values = [str(v) for v in values]
    return ("、" if lang == "zh" and not values[0].isdigit() else ", ").join(values)


def asked(draw, lang, kind, values, **slots):
    """A question about the list; a list on several lines stands at the end."""
    shown = typed(draw, lang, values)
    templates = texts_of(lang)[kind]
    if "\n" in shown:
        ends = [t for t in templates if re.search("[:：] ?{list}[.?。？]?$", t)]
        if ends:
            return re.sub(" ?{list}[.?。？]?$", "", draw.say(draw.pick(ends), list="{list}", **slots)) + "\n" + shown
        shown = shown.removeprefix("- ").replace("\n- ", ", ").replace("\n", "、" if lang == "zh" else ", ")
    return draw.say(templates, list=shown, **slots)


def answered(draw, lang, kind, **slots):
    return draw.say(texts_of(lang)[kind], **slots)


def counting(draw, lang):
    values = items(draw, lang)
    return asked(draw, lang, "count", values), answered(draw, lang, "count_answer", r=len(values))


def sorting(draw, lang):
    kind = draw.pick(("ascending", "ascending", "descending", "alphabet") + (("alphabet",) if lang == "en" else ()))
    values = words(draw, "en", 3, 6) if kind == "alphabet" else numbers(draw, 3, 7)
    result = listed("en" if kind == "alphabet" else lang, sorted(values, reverse=kind == "descending"))
    return asked(draw, lang, kind, values), answered(draw, lang, f"{kind}_answer", r=result)


def reversing(draw, lang):
    values = items(draw, lang)
    return asked(draw, lang, "reverse", values), answered(draw, lang, "reverse_answer", r=listed(lang, values[::-1]))


def nth(draw, lang):
    """The n-th item, the last, or the last but one."""
    values = items(draw, lang)
    place = draw.pick((0, 1, 2, -1, -1, draw.number(0, len(values) - 1), draw.number(0, len(values) - 1), -2))
    name = LAST[lang][place] if place < 0 else ORDINALS[lang][place]
    if place >= 0 and draw.chance(0.25):
        ask = asked(draw, lang, "nth_number", values, d=place + 1)
    else:
        ask = asked(draw, lang, "nth", values, k=name)
    return ask, answered(draw, lang, "nth_answer", k=name, r=values[place])


def beside(draw, lang):
    """Where an item stands, and what comes before or after it."""
    values = items(draw, lang)
    kind = draw.pick(("position", "after", "before"))
    place = draw.number(kind == "before", len(values) - 1 - (kind == "after"))
    x, step = values[place], {"after": 1, "before": -1}.get(kind, 0)
    reply = answered(draw, lang, f"{kind}_answer", x=x, X=x[:1].upper() + x[1:], k=ORDINALS[lang][place], d=place + 1, r=values[place + step])
    return asked(draw, lang, kind, values, x=x), reply


def copying(draw, lang):
    """The list or a word as it is."""
    if draw.chance(0.6):
        values = items(draw, lang)
        return asked(draw, lang, "join", values), answered(draw, lang, "join_answer", r=listed(lang, values))
    word = invented(draw, lang) if draw.chance(0.3) else draw.pick(vocabulary(lang))
    left, right = draw.pick(QUOTES[lang])
    return draw.say(texts_of(lang)["repeat"], q=left + word + right), word


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


@functools.cache
def short_words():
    """English words that can be spelled in one go."""
    return [word for word in vocabulary("en") if len(word) <= 7]


def english_word(draw):
    return invented(draw, "en") if draw.chance(0.08) else draw.pick(short_words())


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


@functools.cache
def long_words():
    """Chinese words of several characters."""
    return [word for word in vocabulary("zh") if len(word) > 1]


def characters_of_word(draw, lang):
    """The same for Chinese words, and for English words asked in Chinese."""
    kind = draw.pick(("letters", "letters_en", "letters_en", "spell", "spell", "backwards", "first_letter", "last_letter"))
    word = english_word(draw)
    if kind in ("letters_en", "spell"):
        slots = dict(e=word, s="-".join(word.upper()), r=len(word))
        return draw.say(texts_of(lang)[kind], **slots), draw.say(texts_of(lang)[f"{kind}_answer"], **slots)
    word = draw.pick(long_words())
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


KINDS = ((counting, 10), (sorting, 22), (reversing, 14), (nth, 18), (beside, 7), (copying, 6), (extreme, 12), (adding_up, 6), (deduplicating, 6),
         (membership, 6), (changing, 6), (word, 18), (case, 6))
MAKERS, SHARES = zip(*KINDS)


def sample(draw, lang):
    """One task and its result."""
    ask, reply = draw.rng.choices(MAKERS, SHARES)[0](draw, lang)
    return [("user", ask), ("assistant", reply)]


TOPICS = [Topic("list_ops", 7, sample, True)]
