"""Numbers that a text names, in digits or in words. Pure."""

from __future__ import annotations

import re

_WORDS = """
1: один одна одно одного одной одному одном однократн* одинарн*
2: два две двух двум двойн* двукратн*
3: три трех трем тремя
4: четыре четырех четырем
5: пять пяти
6: шесть шести
7: семь семи
8: восемь восьми
9: девять девяти
10: десять десяти десятидневн*
12: двенадцать двенадцати
14: четырнадцать четырнадцати
15: пятнадцать пятнадцати
16: шестнадцать шестнадцати
18: восемнадцать восемнадцати
20: двадцать двадцати
30: тридцать тридцати
40: сорок сорока
50: пятьдесят пятидесяти
60: шестьдесят шестидесяти
100: сто ста
150: стопятидесят*
0.5: полмесяц* половин* полтор*
"""
_NAMES = [(n, w) for n, _, words in (s.partition(":") for s in _WORDS.strip().splitlines()) for w in words.split()]
_BY_WORD = {word: n for n, word in _NAMES if not word.endswith("*")}
_BY_BEGINNING = [(word[:-1], n) for n, word in _NAMES if word.endswith("*")]
_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[а-я]+")


def numbers(text: str) -> frozenset[str]:
    """«15 дней» and «пятнадцати дней» are the same one."""
    found = (_number(token) for token in _TOKEN.findall(text.lower().replace("ё", "е")))
    return frozenset(n for n in found if n)


def _number(token: str) -> str:
    if token[0].isdigit():
        return token.replace(",", ".")
    return _BY_WORD.get(token) or next((n for start, n in _BY_BEGINNING if token.startswith(start)), "")
