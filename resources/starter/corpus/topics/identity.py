"""Who the model is: its name, its makers, what it can and cannot do."""
from cards import answer_words, cards, user_words
from openers import opened
from topics import Topic


def sample(draw, lang):
    """One question about the model; often a second one follows."""
    deck = cards(f"identity.{lang}")
    turns = []
    for section in draw.sample(sorted(deck), 2 if draw.chance(0.25) else 1):
        question = opened(draw, lang, draw.say(deck[section]["?"]))
        turns.append(("user", user_words(draw, lang, question)))
        turns.append(("assistant", answer_words(lang, draw.say(deck[section]["="]))))
    return turns


TOPICS = [Topic("identity", 8, sample, True)]
