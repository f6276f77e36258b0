"""What is personal in a table of cases, and is not handed on: telephones, and who reported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["without_personal"]

_COLUMN = re.compile(
    "电话|手机|联系方式|联系人|身份证|举报人|投诉人|来电人|当事人|微信|phone|mobile|telephone|id_card|complainant|reporter",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")  # of a mobile telephone, in running text


def without_personal(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns that name who reported or how to reach them, and hide telephones in texts.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame
        The other columns; in texts that are not codes a mobile number keeps its first three digits.

    Examples
    --------
    >>> import pandas as pd
    >>> cases = pd.DataFrame(
    ...     {"incident_code": ["13812345678"], "联系电话": ["1"], "description": ["垃圾,请回13812345678"]}
    ... )
    >>> without_personal(cases).iloc[0].tolist()
    ['13812345678', '垃圾,请回138********']
    """
    kept = table[[name for name in table.columns if not _COLUMN.search(str(name))]]
    hidden = {
        name: kept[name].map(lambda text: _NUMBER.sub(_hidden, text) if isinstance(text, str) else text)
        for name in kept.columns
        if not str(name).endswith(("_code", "编号", "编码", "代码")) and kept[name].dtype in ("object", "str")
    }
    return kept.assign(**hidden)


def _hidden(number: re.Match[str]) -> str:
    return number[0][:3] + "*" * 8
