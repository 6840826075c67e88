"""Questions about Flightdeck and the techniques it uses: engines, quantization, batching, sampling, pages, commands."""
import re

from cards import answer_words, cards, user_words
from draw import phrases
from topics import Topic


MEASURES = {"ttft", "tokps", "latency", "throughput", "perplexity", "bandwidth", "benchmark"}


def _group(section):
    """'page' and 'command' cards have questions of their own."""
    return "page" if section.startswith("page") and section != "pagedkv" else "command" if section.startswith("cmd") else ""


def _ask(draw, lang, section, card):
    """One question that the card answers: by its name, by the thing to do, or one written for it."""
    forms = phrases(f"program_forms.{lang}")
    kinds = [k for k, weight in (("@", 6), ("~", 4), ("?", 8)) for _ in range(weight) if card[k]]
    kind, group = draw.pick(kinds), _group(section)
    if kind == "@":
        return _what(draw, lang, forms, section, card)
    if kind == "~":
        return draw.say(forms[group + "_for" if group and draw.chance(0.6) else "how"], x=_lower(draw, card["~"]))
    return draw.say(card["?"])


def _what(draw, lang, forms, section, card):
    """What is X, in the singular or plural, with another article, or what X measures or stands for."""
    name, group = _lower(draw, card["@"]), _group(section)
    if section in MEASURES and draw.chance(0.3):
        return draw.say(forms["measure"], x=name)
    if re.fullmatch("[A-Z]{3,6}", name) and draw.chance(0.15):
        return draw.say(forms["short"], x=name)
    if group and draw.chance(0.5):
        return draw.say(forms[group], x=name)
    if lang == "en" and re.match("an? ", name) and draw.chance(0.35):
        bare = name.split(" ", 1)[1]
        if draw.chance(0.3):
            return draw.say(forms["what"], x="the " + bare)
        many = bare[:-1] + "ies" if bare.endswith("y") else bare + ("es" if bare.endswith("ch") else "s")
        return draw.say(forms["what_many"], x=many)
    return draw.say(forms["what"], x=name)


def _lower(draw, templates):
    """A drawn phrase as it stands inside a sentence: say() without its capital letter."""
    return draw.say("#" + draw.pick(templates))[1:]


def _named(draw, forms, card):
    return draw.say(forms, x=_lower(draw, card["@"]))


def _difference(draw, lang, section, deck):
    """A question about two things; the section is called '<one>.vs.<other>' after their cards."""
    pair = section.split(".vs.")
    draw.rng.shuffle(pair)
    x, y = (_lower(draw, deck[name]["@"]) for name in pair)
    return draw.say(phrases(f"program_forms.{lang}")["difference"], x=x, y=y)


def _turns(draw, lang, deck, section):
    """A question and its answer; now and then with a word of greeting before the question."""
    card = deck[section]
    if ".vs." in section and (not card["?"] or draw.chance(0.8)):
        question = _difference(draw, lang, section, deck)
    else:
        question = _ask(draw, lang, section, card)
    if draw.chance(0.1):
        question = draw.say(phrases(f"program_forms.{lang}")["opening"]) + question
    return [("user", user_words(draw, lang, question)), ("assistant", answer_words(lang, draw.say(card["="])))]


def sample(draw, lang):
    deck = cards(f"program.{lang}")
    turns = _turns(draw, lang, deck, draw.pick(sorted(deck)))
    if draw.chance(0.15):
        card = deck[draw.pick(sorted(name for name in deck if deck[name]["@"]))]
        follow = _named(draw, phrases(f"program_forms.{lang}")["follow"], card)
        turns += [("user", user_words(draw, lang, follow)), ("assistant", answer_words(lang, draw.say(card["="])))]
    return turns


TOPICS = [Topic("program", 20, sample, True)]
