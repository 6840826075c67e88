"""The nouns of tables/nouns.<lang>.txt for stories and poems about any subject."""
import functools

from draw import phrases


@functools.cache
def nouns(lang):
    """(kind, noun, noun with article) for all nouns; kind is thing, person or idea."""
    rows = []
    for kind, lines in phrases(f"nouns.{lang}").items():
        for word in " ".join(lines).split():
            name, _, measure = word.replace("-", " ").partition(":")
            article = ("an " if name[0] in "aeiou" else "a ") if lang == "en" else "一" + (measure or "位")
            rows.append((kind, name, name if kind == "idea" else article + name))
    return rows


def any_noun(draw, lang, adjectives=False):
    """One noun with the words that templates need: kind, x, a, X; at times with an adjective where those are allowed."""
    kind, name, with_article = draw.pick(nouns(lang))
    if adjectives and kind != "idea" and draw.chance(0.4):
        word = draw.pick(" ".join(phrases(f"adjectives.{lang}")[kind]).split())
        article = ("an " if word[0] in "aeiou" else "a ") if lang == "en" else with_article[:-len(name)]
        name = f"{word} {name}" if lang == "en" else word + name
        with_article = article + name
    return {"kind": kind, "x": name, "a": with_article, "X": name.title()}


def filled(text, noun):
    """The text with its {x}, {X} and {a}; other slots stay, a sentence begins with a capital letter."""
    for slot in ("x", "a", "X"):
        text = text.replace("{" + slot + "}", noun[slot])
    return text
