"""Every matter has someone: how many departments handle each class of event in each place (事事有人管)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from zjk_gis.errors import MissingColumnError
from zjk_gis.layers.values import code_text
from zjk_gis.standards import rules_table

__all__ = ["who_handles"]


def who_handles(duties: pd.DataFrame, *, places: list[str] | None = None) -> pd.DataFrame:
    """Find for each class of event and each place how many departments handle it.

    Parameters
    ----------
    duties : DataFrame
        One row a duty: ``event_code``, ``department`` and perhaps ``place_code``; without a place the duty
        holds everywhere. An event code of two digits holds for all classes under it.
    places : list of str, optional
        Codes of the places, such as streets; by default those that `duties` names.

    Returns
    -------
    DataFrame
        One row an event class (事件小类) and place: ``event_code``, ``event_name``, ``place_code``,
        ``departments`` (sorted, joined by ``;``), ``count`` (int64) and ``answer``: ``one``, ``several``, or
        ``fallback`` where none is named, and the street where it lies answers (属地兜底).

    Raises
    ------
    MissingColumnError
        If `duties` lacks a column.

    Notes
    -----
    The classes are those of the table ``events`` that ships with the package.

    Examples
    --------
    >>> duties = pd.DataFrame({"event_code": ["05", "0102"], "department": ["城管", "环卫"]})
    >>> found = who_handles(duties, places=["130703005"]).set_index("event_code")
    >>> found.loc[["0102", "0501", "0401"], "answer"].tolist()
    ['one', 'one', 'fallback']
    """
    for name in ("event_code", "department"):
        if name not in duties:
            message = f"duties: no column {name!r}; its columns are {', '.join(map(str, duties.columns))}"
            raise MissingColumnError(message)
    events = rules_table("events")[["event_code", "event_name"]]
    held = duties.assign(place_code=duties.get("place_code"))
    held = held[held["department"].notna()]
    where = sorted({*code_text(held["place_code"].dropna())}) if places is None else list(places)
    asked = events.merge(pd.DataFrame({"place_code": where or [""]}), how="cross")
    words: list[str] = []
    for event, place in zip(asked["event_code"], asked["place_code"], strict=True):
        of_event = code_text(held["event_code"]).isin([event, event[:2]])
        here = held["place_code"].isna() | (code_text(held["place_code"]) == place)
        words.append(";".join(sorted(set(held.loc[of_event & here, "department"].astype(str)))))
    departments = pd.Series(words, dtype="str")
    count = departments.str.count(";") + (departments != "")
    answer = np.array(["fallback", "one", "several"])[np.minimum(count, 2)]
    return asked.assign(
        departments=departments, count=count.astype(np.int64), answer=pd.Series(answer, dtype="str")
    )
