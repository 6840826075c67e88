"""How users write: lower case, missing end marks, ASCII punctuation in Chinese, a word of greeting in front, at times a missing or misspelt word."""
import re

from draw import phrases

DROP, TYPO = 0.08, 0.02  # a filler word left out; two letters swapped
LOWER, NO_END, ASCII_MARKS, PREFIX, NO_APOSTROPHE = 0.12, 0.20, 0.30, 0.08, 0.05
CHINESE = re.compile("[\u4e00-\u9fff]")
TO_ASCII = str.maketrans("，。？！：；（）", ",.?!:;()")
APOSTROPHE = re.compile(r"\b([Ww]hat|[Ww]ho|[Ww]here|[Hh]ow|[Dd]on|[Cc]an|[Ii]sn|[Dd]oesn)'(s|t)\b")
QUOTED = re.compile("[\"“「`\n]")  # words the answer may have to repeat as they are
END_MARKS = ".?!。？！"

EXACT = re.compile(r"""[0-9"'“”「」‘`\n;；{}<>=+*/\\_]|[,，、].*[,，、]""")  # quotes, lists, numbers, code: nothing may be disturbed
WORK_ON_WORDS = re.compile(r"\b(letters?|spell\w*|words?|lists?|sort|reverse|backwards|items?|alphabet\w*|repeat|copy|case|capitals|say)\b"
                           "|[字词念写列项倒反排拼]|重复|照抄", re.IGNORECASE)
FILLER = re.compile(r"(?<=\w) (?:the|a|an|please|me|is)(?= \w)|, please(?=[.?!]?$)")
CHINESE_FILLER = re.compile(r"(?<=[\u4e00-\u9fff])(?<![亚目有似真是])的(?=[\u4e00-\u9fff])(?![黎确士斯])|^请(?![问假教客])|一下|(?<![除为得不])了(?=[，。？！,.?!]|$)|呢(?=[。？！.?!]|$)")
TYPO_WORDS = re.compile(r"(?i)\b(capital|country|countries|currency|language|mountain|highest|tallest|continent|between|difference|explain|please|chemical"
                        "|element|symbol|planet|planets|longest|largest|smallest|second|happened|invented|discovered|describe|download|number|world"
                        "|should|would|could|where|which|about|story|children|computer|memory|model|people|before|friend|wonder|something)\b")

QUESTION_WORDS = frozenset("what what's which who who's where when why how is are was were does do did can could will".split())
COMMAND_WORDS = frozenset("""tell name give write list calculate compute convert sort count add subtract multiply divide find
    spell reverse translate explain describe show work say pick choose remove order arrange put change turn express""".split())
CHINESE_QUESTION = re.compile("吗|什么|哪|多少|谁|几|怎么|为何|如何|何时")
CHINESE_NOT_BEFORE = ("请", "你好", "您好", "谢", "再见", "我", "嗨", "早", "晚", "麻烦", "那", "好", "不", "对", "问", "想")
CHINESE_COMMAND = ("把", "计算", "算", "写出", "列出", "告诉我", "说出", "给出", "解释", "介绍", "翻译", "讲", "数", "举", "按", "将")


def english_prefix(draw, text, first):
    """The text with an opening word, where it begins like a question or a command; otherwise as it is."""
    word = text.split(" ", 1)[0].lower().rstrip(",:")
    kinds = phrases("prefixes.en")
    if word in QUESTION_WORDS:
        choices = kinds["first"] if first and draw.chance(0.5) else kinds["question"]
    elif word in COMMAND_WORDS:
        choices = kinds["first"] if first and draw.chance(0.4) else kinds["command"]
    else:
        return text
    prefix = draw.pick(choices)
    return (prefix[0].upper() + prefix[1:] if draw.chance(0.6) else prefix) + text[0].lower() + text[1:]


def chinese_prefix(draw, text, first):
    """The same for Chinese turns."""
    if text.startswith(CHINESE_NOT_BEFORE):
        return text
    kinds = phrases("prefixes.zh")
    if text.startswith(CHINESE_COMMAND):
        return draw.pick(kinds["first"] if first and draw.chance(0.4) else kinds["command"]) + text
    if CHINESE_QUESTION.search(text):
        return draw.pick(kinds["first"] if first and draw.chance(0.5) else kinds["question"]) + text
    return text


def disturbed(draw, text, chinese):
    """The text with one filler word left out, or with two neighbouring letters of a common word swapped."""
    if EXACT.search(text) or WORK_ON_WORDS.search(text):
        return text
    if draw.chance(DROP):
        fillers = list((CHINESE_FILLER if chinese else FILLER).finditer(text))
        if fillers:
            found = draw.pick(fillers)
            return text[:found.start()] + text[found.end():]
    if not chinese and draw.chance(TYPO):
        words = [match for match in TYPO_WORDS.finditer(text) if len(match.group()) >= 6]
        if words:
            at = draw.pick(words)
            i = draw.number(at.start() + 1, at.end() - 2)
            return text[:i] + text[i + 1] + text[i] + text[i + 2:]
    return text


def vary_turn(draw, text, first):
    """One user's turn, written a little differently now and then; its meaning stays."""
    chinese = CHINESE.search(text) is not None
    chance = draw.chance
    if chance(PREFIX):
        text = (chinese_prefix if chinese else english_prefix)(draw, text, first)
    if QUOTED.search(text):
        return text
    text = disturbed(draw, text, chinese)
    if chinese:
        if chance(ASCII_MARKS):
            text = text.translate(TO_ASCII)
    elif chance(NO_APOSTROPHE):
        text = APOSTROPHE.sub(r"\1\2", text)
    if chance(LOWER):
        text = text.lower()
    if text[-1] in END_MARKS and chance(NO_END):
        text = text.rstrip(END_MARKS) or text
    return text.strip()


def vary(draw, turns):
    """The turns with every user's turn varied."""
    varied, first = [], True
    for role, text in turns:
        if role == "user":
            text, first = vary_turn(draw, text, first), False
        varied.append((role, text))
    return varied
