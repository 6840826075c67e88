"""Short stories on a requested subject: a hero, a problem that the subject brings, a plot, a small meaning."""
import re

from draw import phrases
from nouns import any_noun, filled
from topics import Topic

FIELDS = ("ask", "title", "where", "meet", "problem", "fix", "close")
PLOTS = ("quest", "friend", "amends", "small", "invention", "journey", "returned", "patience", "together")


SHORTEST, LONGEST = 100, {"en": 200, "zh": 230}  # words, or Chinese characters
BRIEF = {"en": 125, "zh": 205}  # at most, for a short story


# Subjects that stay at home: no plot on a far road.
AT_HOME = {"bakery", "library", "school", "clock", "computer", "birthday", "mouse", "monster", "ghost", "grandmother", "painter",
           "friendship", "book", "bird", "robot", "garden", "moon", "snow", "astronaut", "car", "bicycle", "violin", "lighthouse", "key"}


# Subjects whose problem is solved with words or the heart: no machine helps.
NO_MACHINE = {"friendship", "wizard", "princess", "book", "library", "school", "kindness", "courage", "horse", "painter", "grandmother",
              "letter", "pirate", "birthday", "rabbit", "snow", "map", "umbrella"}


def plots(subject):
    """The plots that fit a subject."""
    unfit = {"journey": AT_HOME | {"any"}, "invention": NO_MACHINE | {"any"}}
    return [plot for plot in PLOTS if subject["id"] not in unfit.get(plot, ())]


def subjects(lang):
    """The subject rows: one dict a section of seven lines."""
    return [dict(zip(FIELDS, lines), id=name) for name, lines in phrases(f"stories_subjects.{lang}").items()]


def any_subject(draw, lang):
    """A subject row made from any noun."""
    noun = any_noun(draw, lang, adjectives=True)
    variants = [lines for name, lines in phrases(f"stories_generic.{lang}").items() if name.startswith(noun["kind"])]
    return dict(zip(FIELDS, (filled(line, noun) for line in draw.pick(variants))), id="any")


def animal_subject(draw, lang):
    """A subject row about an animal, often a little or an old one."""
    texts = phrases(f"stories_animals.{lang}")
    name, _, measure = draw.pick(" ".join(texts["animals"]).split()).partition(":")
    size = draw.pick(("", "", "little ", "little ", "old ") if lang == "en" else ("", "小", "小", "小", "老"))
    name = size + name if not name.startswith("小") or size == "" else name
    article = ("an " if name[0] in "aeiou" else "a ") if lang == "en" else "一" + measure
    noun = {"x": name, "a": article + name, "X": name.title()}
    lines = [filled(line, noun) for line in texts[draw.pick([section for section in texts if section != "animals"])]]
    lines[0] = draw.say("#" + lines[0])[1:]
    return dict(zip(FIELDS, lines), id="any")


def heroes(lang):
    """Names with gender and pronouns, one 'name gender' a line."""
    rows = []
    for line in phrases(f"stories.{lang}")["heroes"]:
        name, gender = line.split()
        girl = gender == "f"
        if lang == "en":
            rows.append(dict(name=name, kid="girl" if girl else "boy", he="she" if girl else "he",
                             He="She" if girl else "He", him="her" if girl else "him", his="her" if girl else "his",
                             His="Her" if girl else "His", himself="herself" if girl else "himself"))
        else:
            rows.append(dict(name=name, kid="女孩" if girl else "男孩", he="她" if girl else "他"))
    return rows


def join(lang, sentences):
    """Sentences to one paragraph."""
    return (" " if lang == "en" else "").join(s for s in sentences if s)


def title(draw, lang, subject, hero):
    """A title line in one of a few forms."""
    lower = re.sub(r"^(The|A) ", lambda m: m.group().lower(), subject["title"])
    return draw.say(phrases(f"stories.{lang}")["title"], **{**hero, **subject, "lower": lower})


def tell(draw, lang, subject, hero, style, plot):
    """The whole story in two to four paragraphs; returns it with its core sentences, for a shorter version."""
    glue = phrases(f"stories.{lang}")
    core = {part: draw.say(subject[part], **hero) for part in ("where", "meet", "problem", "fix", "close")}
    friend = draw.pick([h for h in heroes(lang) if h["name"] != hero["name"]])
    where = core["where"]
    slots = {**hero, "where": where[:1].lower() + where[1:], "Where": where, "friend": friend["name"], "other": friend["kid"]}

    def say(section):
        return draw.say(glue[section], **slots)

    first = [say("open"), core["meet"], core["problem"]]
    second = [say(plot + "1"), say(plot + "2")]
    third = [core["fix"], say("funny") if style == "funny" else "", say(plot + "3")]
    last = [core["close"], say("meaning_" + plot), say("goodnight") if style == "bedtime" else ""]
    paragraphs = [first, second, third, last]
    if draw.chance(0.3):
        paragraphs = [first + second, third + last]
    core["meaning"] = say("meaning_short")
    return "\n\n".join(join(lang, p) for p in paragraphs), core


def length(lang, text):
    """Words of an English text, characters of a Chinese one."""
    return len(text.split()) if lang == "en" else len(text)


def fitting(draw, lang, subject, hero, style, plot):
    """A story as tell() makes it, of the right length."""
    longest = (BRIEF if style == "short" else LONGEST)[lang]
    told = []
    while len(told) < 20:
        text, core = tell(draw, lang, subject, hero, style, plot)
        if SHORTEST <= length(lang, text) <= longest:
            return text, core
        told.append((text, core))
    return min((pair for pair in told if length(lang, pair[0]) >= SHORTEST), key=lambda pair: len(pair[0]), default=told[0])


def short(draw, lang, hero, core):
    """The same story in a few sentences, for somebody who found it too long."""
    opening = draw.say(phrases(f"stories.{lang}")["open_short"], **hero)
    return join(lang, [opening, core["meet"], core["problem"], core["fix"], core["meaning"]])


def follow_up(draw, lang, subject, hero, core, style, plot):
    """A second exchange: a shorter version, or another story on the same subject."""
    asks = phrases(f"stories.{lang}")
    if draw.chance(0.5):
        return [("user", draw.say(asks["ask_shorter"])), ("assistant", short(draw, lang, hero, core))]
    other = draw.pick([h for h in heroes(lang) if h["name"] != hero["name"]])
    text, _ = fitting(draw, lang, subject, other, style, draw.pick([p for p in plots(subject) if p != plot]))
    return [("user", draw.say(asks["ask_another"])), ("assistant", text)]


def sample(draw, lang):
    """One story request with its story, at times with a follow-up."""
    glue = phrases(f"stories.{lang}")
    kind = draw.rng.random()
    subject = any_subject(draw, lang) if kind < 0.3 else animal_subject(draw, lang) if kind < 0.55 else draw.pick(subjects(lang))
    hero = draw.pick(heroes(lang))
    plot = draw.pick(plots(subject))
    style = draw.pick(["plain"] * 9 + ["bedtime", "bedtime", "funny", "short", "short", "named", "named", "named", "any"])
    request = draw.say(glue["ask_" + style], **{**hero, **subject})
    text, core = fitting(draw, lang, subject, hero, style, plot)
    if draw.chance(0.4) and style != "short":
        text = title(draw, lang, subject, hero) + "\n\n" + text
    turns = [("user", request), ("assistant", text)]
    if draw.chance(0.2):
        turns += follow_up(draw, lang, subject, hero, core, style, plot)
    return turns


TOPICS = [Topic("stories", 4, sample, False)]
