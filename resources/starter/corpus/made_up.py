"""Invented names of people, pets, towns, streets and companies, spelled by syllables: names to be copied, not known."""
import functools

from draw import phrases
from people import person


@functools.cache
def pieces(section):
    """All pieces of a section of tables/syllables.txt."""
    return [piece for line in phrases("syllables")[section] for piece in line.split()]


def joined(draw, *sections):
    """One piece of each section, joined."""
    return "".join(draw.pick(pieces(section)) for section in sections)


def stem(draw):
    """The beginning of an English-like name."""
    return joined(draw, "en_start", "en_middle") if draw.chance(0.35) else joined(draw, "en_start")


def given_name(draw, lang):
    """An invented given name; in Chinese a family name with it, or a foreign name in Chinese characters."""
    if lang == "en":
        return stem(draw) + draw.pick(pieces(draw.pick(("en_end_f", "en_end_m"))))
    if draw.chance(0.25):
        return joined(draw, *["zh_sound"] * draw.number(2, 4))
    return joined(draw, "zh_family", *["zh_given"] * draw.pick((1, 2, 2)))


def family_name(draw):
    """An invented English family name."""
    return stem(draw) + joined(draw, "en_family_end")


def anybody(draw, lang):
    """A name of a person: from the lists, invented, or a full English name."""
    kind = draw.rng.random()
    if kind < 0.3:
        return person(draw, lang)
    if kind < 0.85 or lang == "zh":
        return given_name(draw, lang)
    return (person(draw, lang) if draw.chance(0.5) else given_name(draw, lang)) + " " + family_name(draw)


def town(draw, lang):
    """An invented town, city or village."""
    if lang == "en":
        return stem(draw) + joined(draw, "town_end")
    return joined(draw, "zh_town_start", "zh_town_end") if draw.chance(0.6) else joined(draw, *["zh_sound"] * draw.number(2, 4))


def pet(draw, lang):
    """An invented name of a pet."""
    if lang == "en":
        return joined(draw, "en_start", "pet_end")
    kind = draw.pick(("twice", "small", "two"))
    one = draw.pick(pieces("zh_pet"))
    return {"twice": one * 2, "small": "小" + one, "two": one + draw.pick(pieces("zh_pet"))}[kind]


def company(draw, lang):
    """An invented company."""
    if lang == "en":
        return f"{family_name(draw) if draw.chance(0.5) else given_name(draw, lang)} {joined(draw, 'company_end')}"
    return joined(draw, "zh_given", "zh_given", "zh_company_end")


def street(draw, lang):
    """An invented street."""
    if lang == "en":
        return f"{family_name(draw) if draw.chance(0.5) else given_name(draw, lang)} {joined(draw, 'street_end')}"
    return joined(draw, "zh_given", "zh_given", "zh_street_end")


def code_word(draw, lang):
    """A short code: letters, digits, or both."""
    letters = "".join(draw.pick("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(draw.number(1, 3)))
    digits = "".join(draw.pick("0123456789") for _ in range(draw.number(2, 5)))
    return draw.pick((digits, letters + digits, f"{letters}-{digits}"))
