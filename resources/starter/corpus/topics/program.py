"""Questions about Flightdeck and the techniques it uses: engines, quantization, batching, sampling, pages, commands."""
import re

from cards import answer_words, cards, user_words
from draw import phrases
from topics import Topic
from variation import QUESTION_WORDS


MEASURES = {"ttft", "tokps", "latency", "throughput", "perplexity", "bandwidth", "benchmark"}
QUANTIZATIONS = {"int8", "int4", "awq", "gptq", "smoothquant", "fp8", "fp16", "bf16"}
CHOICES = QUANTIZATIONS | {"cpu", "gpu", "huggingface", "modelscope", "ifb", "staticbatch", "gqa", "mha", "mqa", "greedy"}
PLURAL = re.compile(r"^(?!the |an? |`).*(weights|activations|outliers|logits|shards|graphs|embeddings|engines|parameters|tokens|strings|chunks|files)$")
SIDES, PAIRS = 0.2, 0.16  # shares of questions about one side of a thing, and about two things


def _group(section):
    """'page' and 'command' cards have questions of their own."""
    return "page" if section.startswith("page") and section != "pagedkv" else "command" if section.startswith("cmd") else ""


def _ask(draw, lang, section, card):
    """One question that the card answers: by its name, by the thing to do, or one written for it."""
    forms = phrases(f"program_forms.{lang}")
    kinds = [k for k, weight in (("@", 6), ("~", 4), ("?", 8)) for _ in range(weight) if card[k]]
    kind, group = draw.pick(kinds), _group(section)
    if kind == "@":
        return _what(draw, lang, forms, section, card)
    if kind == "~":
        return draw.say(forms[group + "_for" if group and draw.chance(0.6) else "how"], x=_lower(draw, card["~"]))
    return draw.say(card["?"])


def _what(draw, lang, forms, section, card):
    """What is X, in the singular or plural, with another article, or what X measures or stands for."""
    name, group = _lower(draw, card["@"]), _group(section)
    if section in MEASURES and draw.chance(0.3):
        return draw.say(forms["measure"], x=name)
    if re.fullmatch("[A-Z]{3,6}", name) and draw.chance(0.15):
        return draw.say(forms["short"], x=name)
    if group and draw.chance(0.5):
        return draw.say(forms[group], x=name)
    if PLURAL.match(name):
        return draw.say(forms["what_many"], x=name)
    if lang == "en" and re.match("an? ", name) and draw.chance(0.35):
        bare = name.split(" ", 1)[1]
        if draw.chance(0.3):
            return draw.say(forms["what"], x="the " + bare)
        many = bare[:-1] + "ies" if bare.endswith("y") else bare + ("es" if bare.endswith("ch") else "s")
        return draw.say(forms["what_many"], x=many)
    return draw.say(forms["what"], x=name)


def _lower(draw, templates):
    """A drawn phrase as it stands inside a sentence: say() without its capital letter."""
    return draw.say("#" + draw.pick(templates))[1:]


def _named(draw, forms, card):
    return draw.say(forms, x=_lower(draw, card["@"]))


def _difference(draw, lang, section, deck):
    """A question about two things; the section is called '<one>.vs.<other>' after their cards."""
    pair = section.split(".vs.")
    forms = phrases(f"program_forms.{lang}")
    kind = "difference_choice" if CHOICES.issuperset(pair) and draw.chance(0.4) else "difference"
    draw.rng.shuffle(pair)
    x, y = (_lower(draw, deck[name]["@"]) for name in pair)
    return draw.say(forms[kind], x=x, y=y)


def _side(draw, lang, deck):
    """A question about one side of a thing (when, why, how much memory ...), and its answer."""
    sides = cards(f"program_aspects.{lang}")
    section = draw.pick(list(sides))
    name, side = section.split(".")
    names = [text for text in deck[name]["@"] if not PLURAL.match(text)]
    question = draw.say(phrases(f"program_forms.{lang}")["as_" + side], x=_lower(draw, names))
    return question, draw.say(sides[section]["="])


def _question(draw, lang, deck):
    """A question of any kind, and its answer."""
    if draw.chance(SIDES):
        return _side(draw, lang, deck)
    pairs = [name for name in deck if ".vs." in name]
    if draw.chance(PAIRS):
        section = draw.pick(pairs)
        asks = not deck[section]["?"] or draw.chance(0.8)
        question = _difference(draw, lang, section, deck) if asks else draw.say(deck[section]["?"])
    else:
        section = draw.pick([name for name in deck if ".vs." not in name])
        question = _ask(draw, lang, section, deck[section])
    return question, draw.say(deck[section]["="])


def _wrapped(draw, lang, question):
    """The question, now and then with a greeting, a reason or a request around it."""
    forms = phrases(f"program_forms.{lang}")
    if draw.chance(0.14):
        opening = draw.say(forms["opening"] + forms["before"])
        follows = opening[-2:] == ", " and question.split(" ")[0].lower() in QUESTION_WORDS
        return opening + (question[0].lower() + question[1:] if follows else question)
    if draw.chance(0.08) and question[-1] in "?？.。":
        return question + draw.say("#" + draw.pick(forms["after"]))[1:]
    return question


def sample(draw, lang):
    deck = cards(f"program.{lang}")
    question, answer = _question(draw, lang, deck)
    turns = [("user", user_words(draw, lang, _wrapped(draw, lang, question))), ("assistant", answer_words(lang, answer))]
    if draw.chance(0.15):
        card = deck[draw.pick([name for name in deck if deck[name]["@"]])]
        follow = _named(draw, phrases(f"program_forms.{lang}")["follow"], card)
        turns += [("user", user_words(draw, lang, follow)), ("assistant", answer_words(lang, draw.say(card["="])))]
    return turns


TOPICS = [Topic("program", 20, sample, True)]
