"""What is personal in a table of cases, and is not handed on: telephones, and who reported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_personal", "masked", "without_personal"]

_COLUMN = re.compile(
    "电话|手机|联系方式|联系人|身份证|举报人|投诉人|来电人|当事人|微信|phone|mobile|telephone|id_card|complainant|reporter",
    re.IGNORECASE,
)
# In running text: a mobile telephone, one on a line, an identity card.
_NUMBER = re.compile(
    r"(?<!\d)(?:1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}|\d{17}[\dXx])(?![\dXx])", re.ASCII
)
_KEPT = 3  # digits of a number


def without_personal(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns that name who reported or how to reach them, and hide telephones in texts.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame
        The other columns; in texts that are not codes telephones and identity cards keep three digits.

    Examples
    --------
    >>> import pandas as pd
    >>> cases = pd.DataFrame(
    ...     {"incident_code": ["13812345678"], "联系电话": ["1"], "description": ["垃圾,请回13812345678"]}
    ... )
    >>> without_personal(cases).iloc[0].tolist()
    ['13812345678', '垃圾,请回138********']
    """
    kept = table[[name for name in table.columns if not is_personal(name)]]
    return kept.assign(**_hidden_in(kept))


def masked(table: pd.DataFrame) -> pd.DataFrame:
    """Hide who reported and how to reach them, but leave the columns.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame
        In the columns that `without_personal` leaves out, numbers keep three digits and other words their
        first character; texts are as it returns them.

    Examples
    --------
    >>> import pandas as pd
    >>> cases = pd.DataFrame({"投诉人": ["张三丰", None], "联系电话": ["13812345678", "0313-2012345"]})
    >>> masked(cases).values.tolist()
    [['张**', '138********'], [nan, '031*********']]
    """
    own = {name: table[name].map(_masked).astype("str") for name in table.columns if is_personal(name)}
    return table.assign(**_hidden_in(table), **own)


def is_personal(column: object) -> bool:
    """Tell whether a column names who reported, or how to reach somebody."""
    return _COLUMN.search(str(column)) is not None


def _hidden_in(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns of running text without numbers of telephones and cards."""
    return {
        name: table[name].map(lambda text: _NUMBER.sub(_hidden, text) if isinstance(text, str) else text)
        for name in table.columns
        if not str(name).endswith(("_code", "编号", "编码", "代码"))
        and table[name].dtype in ("object", "str")
        and not is_personal(name)
    }


def _masked(value: object) -> object:
    text = "" if value is None or value != value else str(value).strip()
    if not text:
        return None
    kept = _KEPT if text[0].isdecimal() else 1
    return text[:kept] + "*" * min(max(len(text) - kept, 1), 9)


def _hidden(number: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", number[0])
    return digits[:_KEPT] + "*" * (len(digits) - _KEPT)
