"""Nature: animals, their class, legs, food, young and sounds."""
from asking import ask, local, yes_no
from draw import table
from topics import Topic
from wrapping import wrapped

KINDS = ["class", "is_class", "is_class", "which_class", "legs", "food", "young", "from_young", "sound", "trait"]
CLASSES = {"en": ["mammal", "bird", "fish", "reptile", "amphibian", "insect"],
           "zh": ["哺乳动物", "鸟类", "鱼类", "爬行动物", "两栖动物", "昆虫"]}


def _plural(animal_class):
    return animal_class if animal_class == "fish" else animal_class + "s"


def _legs(count, lang):
    if lang == "zh":
        return "没有腿" if count == "0" else f"有 {count} 条腿"
    return "no legs" if count == "0" else count + " legs"


def _animal(draw, row, lang, kind):
    """Slots of an animal; yes/no and either-or questions get a guess (right half of the time for yes/no)."""
    slots = local(row, lang)
    wrong = draw.pick([c for c in CLASSES[lang] if c != slots["class"]])
    guess = slots["class"] if kind == "is_class" and draw.chance(0.5) else wrong
    slots["guess"], slots["yes"] = guess, yes_no(lang, guess == slots["class"])
    slots["first"], slots["second"] = draw.sample([slots["class"], wrong], 2)
    slots["legs"] = _legs(row["legs"], lang)
    slots["a_name"] = "a " + slots["name"]
    slots["classes"], slots["guesses"] = _plural(slots["class"]), _plural(guess)
    slots["firsts"], slots["seconds"] = _plural(slots["first"]), _plural(slots["second"])
    return slots


def _fitting(kind, lang):
    """The animals that a kind of question can be asked about."""
    rows, young = table("animals"), lang + "_young"
    if kind == "sound":
        return [r for r in rows if r[lang + "_sound"] != "-"]
    if kind == "legs":
        return [r for r in rows if r["legs"] != "-"]
    if kind == "from_young":  # names that belong to one animal and do not give it away
        names = [r[young] for r in rows]
        return [r for r in rows if names.count(r[young]) == 1 and r[lang + "_name"] not in r[young]]
    return rows


def animals(draw, lang):
    """Class, legs, food, young, sound and a trait of animals."""
    kind = draw.pick(KINDS)
    row, other = draw.two_famous(_fitting(kind, lang))
    return ask(draw, lang, "nature", kind, _animal(draw, row, lang, kind), _animal(draw, other, lang, kind))


TOPICS = [Topic("animals", 2.5, wrapped("science", animals), True)]
