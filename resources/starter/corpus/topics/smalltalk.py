"""Small talk: greetings, thanks, moods, jokes, compliments; goodbyes are a topic of their own, for they end a chat."""
from cards import answer_words, cards, user_words
from openers import talking
from topics import Topic


def _turn(draw, lang, card):
    words = talking(draw, lang, draw.say(card["?"]))
    return [("user", user_words(draw, lang, words)), ("assistant", answer_words(lang, draw.say(card["="])))]


def sample(draw, lang):
    """One exchange, sometimes two."""
    deck = cards(f"smalltalk.{lang}")
    sections = sorted(deck) + ["joke"] * 3 + ["hello", "thanks", "howareyou"]
    turns = []
    for section in draw.sample(sections, 2 if draw.chance(0.25) else 1):
        turns += _turn(draw, lang, deck[section])
    return turns


def sample_goodbye(draw, lang):
    """The end of a chat."""
    deck = cards(f"goodbye.{lang}")
    return _turn(draw, lang, deck[draw.pick(sorted(deck))])


TOPICS = [Topic("smalltalk", 10, sample, True), Topic("goodbye", 1, sample_goodbye, False)]
