"""Questions about facts: phrases of a question kind are put into everyday frames ("Do you know ...?").

A phrase book tables/<book>.<lang>.txt has for each kind of question the sections
    <kind>.q    direct questions without the question mark      <kind>.np   what is asked for, as a noun phrase
    <kind>.ind  indirect questions ("how many moons Mars has")  <kind>.yn   Chinese yes/no questions
    <kind>.some things to be told ("a fact about gold")
    <kind>.raw  whole sentences, used as they are               <kind>.a    answers
    <kind>.more short follow-ups about another subject ("And {name}?"), optional
Frames for the styles are in tables/ask_frames.<lang>.txt.
"""
import functools
import re

from draw import phrases, table

STYLES = {"q": 6, "yn": 6, "np": 4, "some": 2, "ind": 3, "raw": 3}
PUNCTUATION = {"en": "?", "zh": "？"}


def fill(draw, templates, slots):
    """Draws one of the templates and fills it: capitals at sentence starts (but "km" stays), "an" before vowels."""
    template = templates if isinstance(templates, str) else draw.pick(templates)
    text = draw.say("\u2060" + template, **slots)[1:]  # the mark keeps say() from changing the first letter
    text = re.sub(r" {2,}", " ", text).strip().replace(" ,", ",")
    text = re.sub(r"(?<=\w) \?", "?", text)
    text = re.sub(r"\b([Aa]) (?=(?!eu|Eu|(?:one|is|in|as|of|on|or|and|are)\b)[aeioAEIO]|hour)", r"\1n ", text)
    if not template.startswith("{symbol}"):
        text = text[:1].upper() + text[1:]
    return re.sub(r"(?<=[.?!] )[a-z]", lambda m: m.group().upper(), text)


@functools.lru_cache(maxsize=None)
def aliases(lang):
    """Other spellings a user may choose: name -> list of aliases (tables/aliases.tsv)."""
    found = {}
    for row in table("aliases"):
        chinese = re.search(r"[\u4e00-\u9fff]", row["name"] + row["alias"]) is not None
        if chinese == (lang == "zh"):
            found.setdefault(row["name"], []).append(row["alias"])
    return found


def reworded(draw, lang, slots):
    """The slots with some names replaced by an alias, for the user's side only."""
    known = aliases(lang)
    return {key: draw.pick(known[value]) if value in known and draw.chance(0.4) else value for key, value in slots.items()}


def question(draw, lang, book, kind, slots):
    """A user's question of this kind, in a random style and frame."""
    sections = phrases(f"{book}.{lang}")
    styles = [s for s in STYLES if f"{kind}.{s}" in sections]
    style = draw.rng.choices(styles, [STYLES[s] for s in styles])[0]
    return framed(draw, lang, style, draw.pick(sections[f"{kind}.{style}"]), reworded(draw, lang, slots))


def framed(draw, lang, style, phrase, slots):
    """The phrase in a frame for its style; Chinese leaves out the blanks beside Latin letters half the time."""
    if style in ("q", "yn") and draw.chance(0.4):
        phrase += PUNCTUATION[lang]
    elif style != "raw":
        phrase = draw.pick(phrases(f"ask_frames.{lang}")[style]).replace("{q}", phrase)
    text = fill(draw, phrase, slots)
    if lang == "zh" and draw.chance(0.5):
        text = re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)
    return text


def spaced(text):
    """Chinese text with a blank beside Latin letters and digits; other text as it is."""
    return re.sub(r"(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])", " ", text)


def answer(draw, lang, book, kind, slots):
    """An answer of this kind."""
    return spaced(fill(draw, phrases(f"{book}.{lang}")[f"{kind}.a"], slots))


def one_fact(draw, row, lang):
    """A fact that has its own questions: the cells q, np ("-": none; "+names": a plural) and a are templates."""
    thing = row[lang + "_np"]
    style, phrase = "q", row[lang + "_q"]
    if thing != "-" and draw.chance(0.3):
        style, phrase = "some" if thing.startswith("+") else "np", thing.lstrip("+")
    user = framed(draw, lang, style, phrase, {})
    return [("user", user), ("assistant", spaced(fill(draw, row[lang + "_a"], {})))]


def ask(draw, lang, book, kind, slots, other=None):
    """A question and its answer; with `other` (slots of another subject) now and then a short follow-up."""
    chat = [("user", question(draw, lang, book, kind, slots)), ("assistant", answer(draw, lang, book, kind, slots))]
    more = phrases(f"{book}.{lang}").get(f"{kind}.more")
    if other and more and draw.chance(0.12):
        chat += [("user", fill(draw, more, other)), ("assistant", answer(draw, lang, book, kind, other))]
    return chat


def local(row, lang):
    """The row's cells for one language: 'en_name' is also there as 'name', and so on."""
    prefix = lang + "_"
    return {**row, **{key[3:]: value for key, value in row.items() if key.startswith(prefix)}}


def yes_no(lang, right):
    """How an answer to a yes/no question begins."""
    return {"en": ("No", "Yes"), "zh": ("不是", "是的")}[lang][right]
