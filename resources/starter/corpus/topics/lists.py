"""Lists of exactly N items on a subject, numbered or bulleted, at times continued on request."""
from draw import phrases
from topics import Topic

WORDS = {"en": dict(enumerate("two three four five six seven eight nine ten".split(), 2)),
         "zh": dict(enumerate("两三四五六七八九十", 2))}


def items_text(items, bullets, first=1):
    """The items as a Markdown list."""
    return "\n".join(f"- {item}" if bullets else f"{number}. {item}" for number, item in enumerate(items, first))


def what_of(draw, lang, rows, count):
    """The subject with its number: 'five tips for ...', '5 个……的点子'."""
    word = str(count) if draw.chance(0.4) else WORDS[lang][count]
    name = rows[0].split(" / ")
    if lang == "en":
        return f"{word} {draw.pick(name)}", f"{WORDS['en'][count]} {name[0]}"
    spaced = f" {word} " if word.isdigit() else word
    return spaced + draw.pick(name), WORDS["zh"][count] + name[0]


def more(draw, lang, forms, left, done, bullets):
    """A follow-up that asks for further items."""
    count = draw.number(2, 3)
    user = draw.say(forms["more"], n=WORDS[lang][count] if draw.chance(0.6) else str(count))
    answer = draw.say(forms["answer_more"], n=WORDS[lang][count])
    return [("user", user), ("assistant", answer + "\n\n" + items_text(left[:count], bullets, done + 1))]


def any_subject(draw, lang):
    """The rows of a class of subjects with one of them in place of {x}; without items where no good list is known."""
    kind, rows = draw.pick(list(phrases(f"lists_generic.{lang}").items()))
    x = draw.say("#" + draw.pick(phrases(f"lists_slots.{lang}")[kind]))[1:]
    return [row.replace("{x}", x) for row in rows]


def sample(draw, lang):
    """One list request."""
    forms = phrases(f"lists.{lang}")
    rows = any_subject(draw, lang) if draw.chance(0.35) else draw.pick(list(phrases(f"lists_subjects.{lang}").values()))
    if len(rows) == 1:
        what = draw.pick(rows[0].split(" / "))
        count = WORDS[lang][draw.number(3, 7)]
        asked = f"{count} {what}" if lang == "en" else count + what
        told = what if lang == "en" else what[1:]
        reply = draw.say(phrases(f"lists_slots.{lang}")["answer_unknown"], what=told)
        return [("user", draw.say(forms["ask_plain"], what=asked, plain=what, some=what[1:], n=count, m=what[0])), ("assistant", reply)]
    count = draw.pick([2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 10])
    kind = draw.pick(["numbered", "bullets", "plain", "plain", "plain", "some"])
    if kind == "some":
        count = 5
    asked, told = what_of(draw, lang, rows, count)
    plain = draw.pick(rows[0].split(" / "))
    items = draw.sample(rows[1:], len(rows) - 1)
    number = draw.pick([str(count), WORDS[lang][count]])
    user = draw.say(forms["ask_" + kind], what=asked, plain=plain, some=plain[1:], n=number, m=plain[0]).strip()
    bullets = kind == "bullets"
    text = draw.say(forms["answer"], what=told) + "\n\n" + items_text(items[:count], bullets)
    turns = [("user", user), ("assistant", text)]
    if count <= 7 and draw.chance(0.12):
        turns += more(draw, lang, forms, items[count:], count, bullets)
    return turns


TOPICS = [Topic("lists", 5, sample, True)]
