"""Nature: animals, their class, legs, food, young and sounds."""
from asking import ask, local, yes_no
from draw import table
from topics import Topic

KINDS = ["class", "is_class", "is_class", "which_class", "legs", "food", "young", "sound", "trait"]
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


def animals(draw, lang):
    """Class, legs, food, young, sound and a trait of animals."""
    kind = draw.pick(KINDS)
    rows = [r for r in table("animals") if kind != "sound" or r[lang + "_sound"] != "-"]
    row, other = draw.sample(rows, 2)
    return ask(draw, lang, "nature", kind, _animal(draw, row, lang, kind), _animal(draw, other, lang, kind))


TOPICS = [Topic("animals", 2.5, animals, True)]
