"""What is drawn of a bulletin: who did how well, and how the city did over the months."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.figuring import column_told
from zjk_gis.reports.charts import Chart, Series
from zjk_gis.reports.telling import plain
from zjk_gis.words import tr

if TYPE_CHECKING:
    import pandas as pd

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["bulletin_charts"]

_MOST_BARS = 20  # of a longer list the worst are drawn
_FOLLOWED = ("handled_rate", "handled_in_time_rate", "closed_rate", "overdue_open_rate")


def bulletin_charts(bulletin: Bulletin, lang: Language) -> list[Chart]:
    """Choose the charts of a bulletin; what would be a single bar or point is left out.

    Parameters
    ----------
    bulletin : Bulletin
    lang : {"zh", "en"}

    Returns
    -------
    list of Chart
    """
    charts = []
    indicator = bulletin.making.asked["indicator"]
    now = bulletin.figures[bulletin.figures["month"] == bulletin.month]
    for chapter, name in (("ranking", "score"), ("areas", indicator), ("trades", indicator)):
        rows = now[(now["chapter"] == chapter) & (now["indicator"] == name) & now["value"].notna()]
        rows = rows[rows["subject"] != "—"]
        if len(rows) > 1:
            charts.append(_bars(bulletin, rows, name, chapter, lang))
    trend = bulletin.trend
    for name in _FOLLOWED:
        rows = trend[trend["indicator"] == name]
        if rows["value"].notna().sum() > 1:
            title = tr("{month}, the whole city: {indicator} over twelve months", lang=lang,
                       month=bulletin.month, indicator=label(name, lang))  # fmt: skip
            amounts = [None if value != value else float(value) for value in rows["value"]]
            charts.append(
                Chart("lines", title, "", rows["month"].tolist(), [Series(label(name, lang), amounts)],
                      value_kind="share")
            )  # fmt: skip
    return charts


def _bars(bulletin: Bulletin, rows: pd.DataFrame, name: str, chapter: str, lang: Language) -> Chart:
    shown = rows.sort_values(["value", "figure"], ascending=[chapter != "ranking", True], kind="stable")
    shown = shown.head(_MOST_BARS)
    columns = [bulletin.making.asked["trade"]] if chapter == "trades" else bulletin.by
    measured, among = label(name, lang), column_told(columns[0], lang)
    title = tr("{month}: {indicator} by {columns}", month=bulletin.month, indicator=measured,
               columns=among, lang=lang)  # fmt: skip
    note = tr("{count:,} in all", count=len(rows), lang=lang)
    if len(shown) < len(rows):
        note = tr("the first {shown} of {count:,}", shown=len(shown), count=len(rows), lang=lang)
    return Chart(
        "bars",
        title,
        note,
        [plain(str(each)) for each in shown["subject_name"]],
        [Series(measured, [round(float(value), 2 if name == "score" else 6) for value in shown["value"]])],
        value_kind="number" if name == "score" else "share",
    )
