"""Work on short lists of numbers or words, and on the letters of single words."""
import functools
import re

import made_up
import notes
from asking import spaced
from draw import phrases, table
from topics import Topic
from wrapping import wrapped

ORDINALS = {"en": "first second third fourth fifth sixth seventh eighth ninth tenth".split(),
            "zh": ["第" + digit for digit in "一二三四五六七八九十"]}
CARDINALS = {"en": "no one two three four five six seven eight nine ten".split(), "zh": "零一两三四五六七八九十"}
LAST = {"en": {-1: "last", -2: "second to last"}, "zh": {-1: "最后一", -2: "倒数第二"}}
SEPARATORS = {"en": (", ", ", ", ", ", ", ", " ", ",", "; ", "\n", "\n- ", "\n* ", " - ", " | ", "/", " / ", " > "),
              "zh": ("、", "、", "、", "、", "、", "，", "，", ", ", ",", " ", "；", "\n", "\n- ", " | ", "/", " / ")}
SIGN_LIKE = (" - ", "/", " / ", " > ")  # between numbers they would be sums
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
    separator = draw.pick([s for s in SEPARATORS[lang] if s not in SIGN_LIKE or not values[0].isdigit()])
    if draw.chance(0.15):
        last = draw.pick((" and ", ", and ")) if lang == "en" else draw.pick(("和", "和", "还有"))
        return ("、" if lang == "zh" else ", ").join(values[:-1]) + last + values[-1]
    text = separator.join(values)
    return separator[1:] + text if separator in ("\n- ", "\n* ") else text


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
        shown = re.sub("\n[-*]? ?", "、" if lang == "zh" else ", ", re.sub("^[-*] ", "", shown))
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
    kind = draw.rng.random()
    if kind < 0.35:
        word = notes.tell(draw, lang, notes.several(draw, lang, 1))
    elif kind < 0.6:
        word = draw.pick((made_up.anybody, made_up.town, made_up.company, made_up.code_word, made_up.street))(draw, lang)
    else:
        word = invented(draw, lang) if kind < 0.7 else draw.pick(vocabulary(lang))
    left, right = draw.pick(QUOTES[lang])
    return draw.say(texts_of(lang)["copy_text" if kind < 0.35 else "repeat"], q=left + word + right), word


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
    return [word for word in vocabulary("en") if len(word) <= 9]


def english_word(draw):
    """A word to work on: of the lexicon, or now and then random letters, a place, or a name."""
    kind = draw.rng.random()
    if kind < 0.08:
        return invented(draw, "en")
    if kind < 0.22:
        return draw.pick((made_up.given_name(draw, "en"), made_up.town(draw, "en"), made_up.pet(draw, "en"))).lower()
    if kind < 0.3:
        return draw.pick([name for name in names("en") if name.isascii() and name.isalpha()]).lower()
    return draw.pick(short_words())


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


def number_list(draw, lang, low=4, high=8):
    return numbers(draw, low, high)


def parts(draw, lang):
    """The first or the last few items."""
    values = items(draw, lang)
    values = values if len(values) > 2 else values + words(draw, lang, 3, 3)
    values = list(dict.fromkeys(values))
    count, kind = draw.number(2, max(2, len(values) - 1)), draw.pick(("first_n", "last_n"))
    result = values[:count] if kind == "first_n" else values[-count:]
    count_word = draw.pick((count, CARDINALS[lang][count]))
    return asked(draw, lang, kind, values, c=count_word), answered(draw, lang, kind + "_answer", c=count, r=listed(lang, result))


def ends(draw, lang):
    """The first and the last item."""
    values = items(draw, lang)
    return asked(draw, lang, "ends", values), answered(draw, lang, "ends_answer", x=values[0], y=values[-1])


def by_length(draw, lang):
    """The longest or shortest word, or all words from short to long; lengths differ."""
    values = {len(word): word for word in words(draw, lang, 6, 8) if word.isalpha()}
    values = draw.sample(list(values.values()), min(len(values), draw.number(3, 5)))
    if len(values) < 2:
        return by_length(draw, lang)
    ordered, kind = sorted(values, key=len), draw.pick(("longest", "shortest", "by_length"))
    result = {"longest": ordered[-1], "shortest": ordered[0], "by_length": listed(lang, ordered)}[kind]
    size = len(result)
    return asked(draw, lang, kind, values), answered(draw, lang, kind + "_answer", r=result, d=size)


def replacing(draw, lang):
    """One item is replaced by another, two change places, or one comes to the front."""
    values, kind = list(dict.fromkeys(items(draw, lang))), draw.pick(("replace", "swap", "front"))
    if len(values) < 3:
        return replacing(draw, lang)
    x, y = draw.sample(values, 2)
    if kind != "swap":
        values.remove(y)
    shown = values
    if kind == "front":
        result = [y, *values]
    else:
        result = [{x: y, y: x if kind == "swap" else y}.get(value, value) for value in values]
    return asked(draw, lang, kind, shown, x=x, y=y), answered(draw, lang, "changed_answer", r=listed(lang, result))


def choosing(draw, lang):
    """The even or odd numbers, or those above or below one."""
    values = number_list(draw, lang)
    kind, limit = draw.pick(("even", "odd", "above", "below")), draw.pick(values) + draw.pick((-1, 0, 1, 2))
    fits = {"even": lambda n: n % 2 == 0, "odd": lambda n: n % 2, "above": lambda n: n > limit, "below": lambda n: n < limit}[kind]
    result = [n for n in values if fits(n)]
    if limit < 0 or not result:
        return choosing(draw, lang)
    return asked(draw, lang, "pick_" + kind, values, d=limit), answered(draw, lang, f"pick_{kind}_answer", d=limit, r=listed(lang, result))


def occurrences(draw, lang):
    """How often an item stands in a list."""
    values = items(draw, lang)[:4]
    x = draw.pick(values)
    for _ in range(draw.number(0, 3)):
        values.insert(draw.number(0, len(values)), x)
    if len(values) < 3:
        return occurrences(draw, lang)
    return asked(draw, lang, "often", values, x=x), answered(draw, lang, "often_answer", x=x, X=x[:1].upper() + x[1:], r=times(lang, values.count(x)))


def times(lang, count):
    """'once', 'twice', '3 times'."""
    return f"{count} 次" if lang == "zh" else {1: "once", 2: "twice"}.get(count, f"{count} times")


def spread(draw, lang):
    """The largest and smallest number, or the difference between them."""
    values, kind = number_list(draw, lang, 3, 6), draw.pick(("both", "spread"))
    big, small = max(values), min(values)
    return asked(draw, lang, kind, values), answered(draw, lang, kind + "_answer", big=big, small=small, r=big - small)


KINDS = ((counting, 10), (sorting, 22), (reversing, 14), (nth, 18), (beside, 7), (copying, 9), (extreme, 12), (adding_up, 6), (deduplicating, 6),
         (membership, 6), (changing, 6), (word, 28), (case, 6), (parts, 6), (ends, 4), (by_length, 7), (replacing, 6), (choosing, 6),
         (occurrences, 4), (spread, 4))
MAKERS, SHARES = zip(*KINDS)


def sample(draw, lang):
    """One task and its result."""
    ask, reply = draw.rng.choices(MAKERS, SHARES)[0](draw, lang)
    return [("user", ask), ("assistant", reply if lang == "en" else spaced(reply))]


TOPICS = [Topic("list_ops", 9, wrapped("list", sample), True)]
