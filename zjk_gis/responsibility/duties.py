"""Every matter has someone: how many departments handle each class of event in each place (事事有人管)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text, rows_by_value
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.spec import folded
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["who_handles"]

_MOST = 5  # values named in an error


@checked
def who_handles(duties: pd.DataFrame, *, places: list[str] | None = None) -> pd.DataFrame:
    """Find for each class of event and each place how many departments handle it.

    Parameters
    ----------
    duties : DataFrame
        One row a duty: ``event_code``, ``department`` and perhaps ``place_code``; without a place the duty
        holds everywhere. An event code of two digits holds for all classes under it; the name of a class
        (暴露垃圾, 市容环境) does as well as its code. A department that is 无, 待定 or another word of the
        table ``nobody`` handles nothing.
    places : list of str, optional
        Codes of the places, such as streets; by default those that `duties` names.

    Returns
    -------
    DataFrame
        One row an event class (事件小类) and place: ``event_code``, ``event_name``, ``place_code``,
        ``departments`` (sorted, joined by ``;``), ``count`` (int64) and ``answer``: ``one``, ``several``, or
        ``fallback`` where none is named, and the street where it lies answers (属地兜底).
        ``attrs["set_aside"]`` lists the duties whose event code is not that of a class or whose place is not
        one of `places`, each with ``layer``, ``row``, ``why`` and ``value``.

    Raises
    ------
    MissingColumnError
        If `duties` lacks a column.
    InputError
        If there are duties and none of their event codes is understood, or none is of one of the `places`.

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
    require_columns(duties, "duties", "event_code", "department")
    events = rules_table("events")
    held = duties.assign(place_code=duties.get("place_code"), department=somebody(duties["department"]))
    held = held[held["department"].notna()]
    classes = code_text(held["event_code"]).map(_event_codes(events), na_action="ignore").astype("str")
    held_in = code_text(held["place_code"])
    elsewhere = held_in.notna() & (places is not None) & ~held_in.isin([str(code) for code in places or []])
    strangers = {"event_code": classes.isna().to_numpy(), "place_code": elsewhere.to_numpy(dtype=bool)}
    _refuse_all_strange(held, strangers)
    where = sorted({*held_in.dropna()}) if places is None else list(places)
    asked = events[["event_code", "event_name"]].merge(
        pd.DataFrame({"place_code": where or [""]}), how="cross"
    )
    words: list[str] = []
    for event, place in zip(asked["event_code"], asked["place_code"], strict=True):
        of_event = classes.isin([event, event[:2]])
        here = held_in.isna() | (held_in == place)
        words.append(";".join(sorted(set(held.loc[of_event & here, "department"].astype(str)))))
    departments = pd.Series(words, dtype="str")
    count = departments.str.count(";") + (departments != "")
    answer = np.array(["fallback", "one", "several"])[np.minimum(count, 2)]
    handled = asked.assign(
        departments=departments, count=count.astype(np.int64), answer=pd.Series(answer, dtype="str")
    )
    aside = SetAside()
    for name, strange in strangers.items():
        aside.note(held, "duties", strange, "not_understood", held[name])
    handled.attrs["set_aside"] = aside.rows
    return handled


def _event_codes(events: pd.DataFrame) -> Callable[[str], str | None]:
    """Return what tells the code of a class of event, of two digits or four, by its code or name."""
    known = dict(zip(events["major_name"], events["major_code"], strict=True))
    known |= dict(zip(events["event_name"], events["event_code"], strict=True))
    codes = {*events["major_code"], *events["event_code"]}
    meanings = {folded(name): code for name, code in known.items()} | {code: code for code in codes}

    def code_of(value: str) -> str | None:
        text = folded(value)
        # A number has lost its first zero: codes have two digits or four.
        whole = text.zfill(len(text) + len(text) % 2) if text.isdecimal() else text
        return meanings.get(whole)

    return code_of


def _refuse_all_strange(held: pd.DataFrame, strangers: Mapping[str, NDArray[np.bool_]]) -> None:
    """Refuse duties of which nothing can be used: all matters would seem to be nobody's."""
    known = {"event_code": "a code or name of the table events", "place_code": "one of places="}
    for name, strange in strangers.items():
        if len(held) and strange.all():
            values = list(rows_by_value(held[name]).items())[:_MOST]
            told = ", ".join(f"{value!r} ({name_rows(rows)})" for value, rows in values)
            raise InputError(
                tr(
                    "duties.{name}: none of the {held_count} values is {known}: {told}",
                    name=name,
                    held_count=len(held),
                    known=tr(known[name]),
                    told=told,
                )
            )
