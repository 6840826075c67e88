"""Invented words, put together from syllables: names that nobody can know."""
import re

ONSETS = "b br d dr f fl g gr h j k kl kr l m n p pr qu r s sk sl st t tr v w y z zh th sh ch".split()
VOWELS = "a a e e i i o o u ai ei ou".split()
ENDS = ["", "", "", "l", "n", "r", "s", "m", "k", "nd", "rn", "x", "sk", "lt", "th"]
SYLLABLES_ZH = ("阿巴贝波布查达德蒂多厄法菲弗戈格哈赫霍基杰卡科库拉莱雷里卢罗洛梅米莫穆内尼诺努帕佩皮奇恰萨塞沙索塔泰图瓦维温沃希夏雅耶伊尤扎泽佐")


def word(draw, lang, real):
    """An invented word; none that holds a real name, or that a real name holds."""
    while True:
        if lang == "zh":
            text = "".join(draw.sample(SYLLABLES_ZH, 3))
        else:
            middle = "".join(draw.pick(ONSETS) + draw.pick(VOWELS) for _ in range(draw.pick((1, 1, 2))))
            text = middle + draw.pick(ONSETS) + draw.pick(VOWELS) + draw.pick(ENDS)
            if re.search("[aeiou]{3}|[^aeiou]{4}", text):
                continue
        if not any(name in text or text in name for name in real if len(name) > 2 or lang == "zh"):
            return text.capitalize()
