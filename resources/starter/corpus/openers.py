"""A few words before or after a question, as people write them; tables/openers.<lang>.txt."""
from draw import phrases
from variation import QUESTION_WORDS

BEFORE, AFTER, TALK = 0.10, 0.06, 0.15
ABOUT_ONESELF = ("I ", "I'm ", "My ", "Today ", "It is ", "It's ", "Everything ", "We ", "我", "今天")


def opened(draw, lang, question):
    """The question as it is, or at times with a greeting, a reason or a request around it."""
    forms = phrases(f"openers.{lang}")
    if draw.chance(BEFORE):
        opening = draw.say(forms["before"])
        follows = opening[-2:] != ". " and opening[-2:] != "! " and question.split(" ")[0].lower() in QUESTION_WORDS
        return opening + (question[0].lower() + question[1:] if follows else question)
    if draw.chance(AFTER) and question[-1] in "?？":
        return question + draw.pick(forms["after"])
    return question


def talking(draw, lang, text):
    """What people say about themselves, at times with a small word in front."""
    if not text.startswith(ABOUT_ONESELF) or not draw.chance(TALK):
        return text
    opening = draw.say(phrases(f"openers.{lang}")["talk"])
    return opening + (text if text[:2] in ("I ", "I'") else text[0].lower() + text[1:])
