"""How a figure is computed, told in words: what is counted, and of which rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.layers.labels import Language

__all__ = ["FORMULAS", "formula_told"]

FORMULAS = ("filter", "amount", "whole_amount")  # the columns that hold some

_CONDITION = re.compile(r"(\w+) (==|!=) (?:'(\w+)'|(True|False))")
_AMOUNT = re.compile(r"(sum|max|gini|count)\((\w+)\)")
_TOLD = {
    "sum": "sum of {column}",
    "max": "greatest {column}",
    "gini": "Gini coefficient of {column}",
    "count": "number of rows with {column}",
}


def formula_told(text: str, lang: Language) -> str:
    """Tell a condition or an amount in words; what is neither stays as it is.

    Examples
    --------
    >>> formula_told("answer == 'several'", "zh"), formula_told("sum(area_m2)", "zh")
    ('结论为多方', '面积合计')
    >>> formula_told("found != 'none' and ambiguous == False", "en")
    'found is not none and needs a look is no'
    """
    if text == "count":
        return tr("number of rows", lang=lang)
    amount = _AMOUNT.fullmatch(text)
    if amount:
        return tr(_TOLD[amount[1]], column=label(amount[2], lang), lang=lang)
    conditions = [_CONDITION.fullmatch(part) for part in text.split(" and ")]
    told = [_condition(one, lang) for one in conditions if one is not None]
    return tr(" and ", lang=lang).join(told) if len(told) == len(conditions) else text


def _condition(found: re.Match[str], lang: Language) -> str:
    column, sign, word, flag = found.groups()
    value = label(word or ("yes" if flag == "True" else "no"), lang)
    sentence = "{column} is {value}" if sign == "==" else "{column} is not {value}"
    return tr(sentence, column=label(column, lang), value=value, lang=lang)
