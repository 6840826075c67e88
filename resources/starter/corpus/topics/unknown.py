"""Questions the model cannot answer: invented names, private data, prices, news; it says so and invents nothing."""
from cards import answer_words, cards, user_words
from draw import phrases
from topics import Topic


def _names(draw, lang):
    """A drawn name for every slot of the questions: invented people and places, real cities and stars."""
    sections = phrases(f"unknown_names.{lang}")
    return {slot: draw.say("#" + draw.pick(templates))[1:] for slot, templates in sections.items()}


def sample(draw, lang):
    """One such question, sometimes two."""
    deck = cards(f"unknown.{lang}")
    turns = []
    for section in draw.sample(sorted(deck), 2 if draw.chance(0.15) else 1):
        names = _names(draw, lang)
        question, answer = (draw.say(deck[section][mark], **names) for mark in "?=")
        turns += [("user", user_words(draw, lang, question)), ("assistant", answer_words(lang, answer))]
    return turns


TOPICS = [Topic("unknown", 7, sample, True)]
