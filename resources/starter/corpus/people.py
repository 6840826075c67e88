"""Names of people, shared by the topics."""
from draw import phrases


def person(draw, lang):
    """A name of a person."""
    names = phrases("names")
    if lang == "en":
        return draw.pick(names["en"])
    if draw.chance(0.35):
        return draw.pick(names["zh_familiar"])
    return draw.pick(names["zh_family"]) + draw.pick(names["zh_given"])


def two_people(draw, lang):
    """Two different names."""
    one = person(draw, lang)
    while True:
        other = person(draw, lang)
        if other != one:
            return one, other
