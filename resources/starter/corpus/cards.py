"""Cards: phrase files whose sections hold questions and the answers that fit them.

Each line starts with a mark: '? ' a whole question, '= ' an answer, '@ ' a name of the thing (for "what is ..."),
'~ ' a thing to do (for "how do I ...").
"""
import functools
import re

from draw import phrases

MARKS = "?=@~"


@functools.lru_cache(maxsize=None)
def cards(name):
    """Sections of tables/<name>.txt as {section: {mark: [phrases]}}; every card has an answer."""
    result = {}
    for section, lines in phrases(name).items():
        card = {mark: [line[2:] for line in lines if line[:2] == mark + " "] for mark in MARKS}
        if sum(map(len, card.values())) != len(lines) or not card["="]:
            raise ValueError(f"{name}.txt [{section}]: a line without a mark, or no answer")
        result[section] = card
    return result


def spaced(text):
    """Chinese text with one space wherever Chinese meets Latin letters or digits."""
    text = re.sub(r"([\u4e00-\u9fff])([A-Za-z0-9`])", r"\1 \2", text)
    return re.sub(r"([A-Za-z0-9`%])([\u4e00-\u9fff])", r"\1 \2", text)


def user_words(draw, lang, text):
    """The user's words: Chinese users put the space between Chinese and Latin only half of the time."""
    return spaced(text).strip() if lang == "zh" and draw.chance(0.5) else text.strip()


def answer_words(lang, text):
    """The model's words: always with the space."""
    return spaced(text).strip() if lang == "zh" else text.strip()
