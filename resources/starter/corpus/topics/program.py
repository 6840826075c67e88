"""Questions about Flightdeck and the techniques it uses: engines, quantization, batching, sampling, pages, commands."""
from cards import answer_words, cards, user_words
from draw import phrases
from topics import Topic


def _ask(draw, lang, card):
    """One question that the card answers: by its name, by the thing to do, or one written for it."""
    forms = phrases(f"program_forms.{lang}")
    kinds = [k for k, weight in (("@", 5), ("~", 4), ("?", 4)) for _ in range(weight) if card[k]]
    kind = draw.pick(kinds)
    if kind == "@":
        return _named(draw, forms["what"], card)
    if kind == "~":
        return draw.say(forms["how"], x=_lower(draw, card["~"]))
    return draw.say(card["?"])


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
        question = _ask(draw, lang, card)
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


TOPICS = [Topic("program", 18, sample, True)]
