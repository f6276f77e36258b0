"""The sections of the notice, each written by one function; `SECTIONS` is their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.assess.rates import RATES
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.figuring import column_told, value_told
from zjk_gis.reports.bulletin.ids import figure_id
from zjk_gis.reports.bulletin.judging import HIGH_IS_GOOD
from zjk_gis.reports.bulletin.lacking import remarks_of
from zjk_gis.reports.bulletin.notice import Notice, Writer
from zjk_gis.reports.bulletin.recurring import GATHERED, REPEATED, THICKEST
from zjk_gis.reports.bulletin.scores import weights_of
from zjk_gis.words import language, listed, tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["SECTIONS", "written"]

_MOST_RANKED = 20  # areas of a class that are all named; of more the first and the last
_ENDS = 5
_MOST_CHANGES = 5
_MOST_TRADES = 3
_SHOWN_APART = ("filed_rate", "handled_rate", "handled_in_time_rate", "closed_rate", "closed_in_time_rate")


def written(bulletin: Bulletin) -> Notice:
    """Write the notice of a bulletin in the language that is spoken."""
    writer = Writer(bulletin)
    for section in SECTIONS:
        section(writer)
    return Notice(writer.lang, tuple(writer.paragraphs))


def _opening(writer: Writer) -> None:
    own = writer.bulletin
    month = _month(own.month)
    writer.title(tr("Notice on the assessment of city management in {month}", month=month))
    writer.text(tr("To the governments of all counties and districts, and the departments concerned:"))
    writer.text(
        tr(
            "In accordance with clause 34 on supervision and assessment, these are the results of {month}. "
            "A case belongs to the month in which it occurred (Beijing time); how it stands is judged as of "
            "{as_of}, and earlier months at the same time of their own.",
            month=month, as_of=own.as_of.strftime("%Y-%m-%d %H:%M"),
        )
    )  # fmt: skip


def _overall(writer: Writer) -> None:
    def of(indicator: str) -> str:
        return figure_id(writer.bulletin.month, indicator, "all")

    def rate(indicator: str) -> str:
        return (
            label(indicator, writer.lang)
            + tr(" ")
            + writer.told(of(indicator))
            + writer.changes(of(indicator))
        )

    writer.heading(tr("The month as a whole"))
    writer.text(
        tr(
            "{reported} were reported in the whole city{changes}, and {filed} filed: {rate}.",
            reported=writer.told(of("reported")), changes=writer.changes(of("reported")),
            filed=writer.told(of("filed")), rate=rate("filed_rate"),
        )
    )  # fmt: skip
    writer.text(
        tr(
            "{due} were due for handling: {rate}; {in_time}. {overdue} are overdue and not handled yet.",
            due=writer.told(of("due")), rate=rate("handled_rate"), in_time=rate("handled_in_time_rate"),
            overdue=writer.told(of("overdue_open")),
        )
    )  # fmt: skip
    writer.text(
        tr(
            "{due} were due for closing: {rate}; {in_time}.",
            due=writer.told(of("closing_due")), rate=rate("closed_rate"), in_time=rate("closed_in_time_rate"),
        )
    )  # fmt: skip
    others = [name for name in RATES if name not in _SHOWN_APART and of(name) in writer.rows]
    if others:
        writer.text(tr("Of the other rates: {rates}.", rates=tr("; ").join(map(rate, others))))
    if writer.rows[of("hours_median")]["value"] == writer.rows[of("hours_median")]["value"]:
        writer.text(
            tr(
                "Half of the cases were handled within {median}{change}, nine in ten within {most}.",
                median=writer.told(of("hours_median")), change=writer.changes(of("hours_median")),
                most=writer.told(of("hours_90")),
            )
        )  # fmt: skip


def _ranking(writer: Writer) -> None:
    own = writer.bulletin
    ranked, lang = own.ranking, writer.lang
    writer.heading(tr("Ranking"))
    weights = weights_of(own.making)[0]
    said = listed(
        f"{label(name, lang)} {float(weight):g}"
        for name, weight in zip(weights["indicator"], weights["weight"], strict=True)
    )
    writer.text(tr("The score of 0 to 100 is made of (weight): {weights}.", weights=said or tr("none")))
    placed = ranked[ranked["class_place"].notna()] if len(ranked) else ranked
    if placed.empty:
        writer.text(
            tr("Nobody is ranked: no area has {least} cases and a score.", least=own.making.asked["least_n"])
        )
    else:
        for area_class, group in placed.groupby("area_class", sort=True):
            for each in _shown_of(group):
                writer.item(_place(writer, each, str(area_class)))
            if len(group) > _MOST_RANKED:
                writer.text(
                    tr(
                        "The first and the last {count} are named; all are on the sheet of the ranking.",
                        count=_ENDS,
                    )
                )
    for why, sentence in (
        (
            "few_cases",
            tr("Not ranked for want of cases (fewer than {least}): ", least=own.making.asked["least_n"]),
        ),
        ("no_data", tr("Not ranked for want of data: ")),
    ):
        some = ranked[ranked["unranked"] == why] if len(ranked) else ranked
        if len(some):
            writer.text(sentence + listed(writer.name(row) for _, row in some.iterrows()) + tr("."))


def _shown_of(group: pd.DataFrame) -> list[pd.Series]:
    rows = [row for _, row in group.iterrows()]
    return rows if len(rows) <= _MOST_RANKED else rows[:_ENDS] + rows[-_ENDS:]


def _place(writer: Writer, row: pd.Series, area_class: str) -> str:
    score = str(row["figure"])
    place = score.replace("/score/", "/class_place/", 1)
    moved = row.get("places_gained", pd.NA)
    words = ""
    if not pd.isna(moved):
        words = tr(", ") + writer.mark(place, "month_change", _moved(int(moved)))
    told = writer.told(place) + (tr(" (tied)") if row["is_tied"] else "")
    name, points = writer.name(row), writer.told(score)
    if area_class:
        return tr("Class {area_class}, {place}: {name}, {score}{words}.",
                  area_class=area_class, place=told, name=name, score=points, words=words)  # fmt: skip
    return tr("{place}: {name}, {score}{words}.", place=told, name=name, score=points, words=words)


def _moved(places: int) -> str:
    if not places:
        return tr("as in the month before")
    if places > 0:
        return tr("up {places} on the month before", places=places)
    return tr("down {places} on the month before", places=-places)


def _changes(writer: Writer) -> None:
    """Tell what turned better and worse: where the 95 % intervals of the two months do not meet."""
    own = writer.bulletin
    writer.heading(tr("What turned better and worse"))
    areas = own.figures[(own.figures["chapter"] == "areas") & own.figures["month_change"].notna()]
    sign = areas["indicator"].map(HIGH_IS_GOOD).map({True: 1.0, False: -1.0})
    before = {figure: row for figure, row in writer.rows.items() if row["chapter"] == "month_before"}
    month_before = own.making.months.before(1)
    old_ids = month_before + areas["figure"].str[7:]
    low = old_ids.map({figure: row["low_95"] for figure, row in before.items()}).astype(np.float64)
    high = old_ids.map({figure: row["high_95"] for figure, row in before.items()}).astype(np.float64)
    is_real = (areas["low_95"].astype(float) > high) | (areas["high_95"].astype(float) < low)
    if not (sign.notna() & areas["month_change"].notna()).any():
        writer.text(tr("No rate of an area can be compared with the month before."))
        return
    change = areas["month_change"]
    real = areas.assign(better=change * sign > 0, size=change.abs())[is_real & sign.notna()]
    real = real.sort_values(["size", "figure"], ascending=[False, True], kind="stable")
    for is_better, sentence in (
        (True, tr("Clearly better than in the month before: ")),
        (False, tr("Clearly worse than in the month before: ")),
    ):
        some = real[real["better"] == is_better].head(_MOST_CHANGES)
        parts = [
            tr(
                "{name}, {indicator} from {old} to {new}",
                name=writer.name(row), indicator=label(row["indicator"], writer.lang),
                old=writer.told(month_before + row["figure"][7:]), new=writer.told(row["figure"]),
            )
            for _, row in some.iterrows()
        ]  # fmt: skip
        writer.text(sentence + (tr("; ").join(parts) if parts else tr("none")) + tr("."))
    writer.text(tr("Clear is a change whose 95 % intervals of the two months do not meet."))


def _trades(writer: Writer) -> None:
    own, asked = writer.bulletin, writer.bulletin.making.asked
    trades = own.figures[(own.figures["chapter"] == "trades") & (own.figures["subject"] != "—")]
    if trades.empty:
        return
    writer.heading(tr("By trade"))
    most = trades[trades["indicator"] == "reported"]
    most = most.sort_values(["value", "figure"], ascending=[False, True], kind="stable").head(_MOST_TRADES)
    parts = [f"{writer.name(row)} {writer.told(row['figure'])}" for _, row in most.iterrows()]
    writer.text(tr("Most cases: {trades}.", trades=writer.joined(parts)))
    rate = trades[
        (trades["indicator"] == asked["indicator"]) & (trades["denominator"] >= max(asked["least_n"], 1))
    ]
    name = label(asked["indicator"], writer.lang)
    if rate.empty:
        writer.text(tr("No trade has {least} cases of {indicator}.", least=asked["least_n"], indicator=name))
        return
    is_high = HIGH_IS_GOOD[asked["indicator"]]
    poor = rate.sort_values(["value", "figure"], ascending=[is_high, True], kind="stable").head(_MOST_TRADES)
    parts = [f"{writer.name(row)} {writer.told(row['figure'])}" for _, row in poor.iterrows()]
    writer.text(
        tr("Worst by {indicator}, of trades with at least {least} cases: {trades}.",
           indicator=name, least=max(asked["least_n"], 1), trades=writer.joined(parts))
    )  # fmt: skip


def _worst(writer: Writer) -> None:
    own, asked = writer.bulletin, writer.bulletin.making.asked
    name, worst = label(asked["indicator"], writer.lang), own.worst
    column = worst.attrs["column"]
    who = listed(column_told(each, writer.lang) for each in column.split("+"))
    writer.heading(tr("The worst ten"))
    least = max(asked["least_n"], 1)
    if worst.empty:
        sentence = (
            tr("By {who}, all with at least {least} cases reached the best of {indicator}.",
               who=who, least=least, indicator=name)
            if worst.attrs["enough"]
            else tr("By {who}, nobody has {least} cases of {indicator}.",
                    who=who, least=least, indicator=name)
        )  # fmt: skip
        writer.text(sentence)
        return
    writer.text(
        tr("By {who}, of those with at least {least} cases, the worst by {indicator}:",
           who=who, least=least, indicator=name)
    )  # fmt: skip
    for _, row in worst.iterrows():
        figure = str(row["figure"])
        writer.item(
            tr("{order}. {name}: {value} ({top:,.0f} of {base:,.0f})",
               order=row["order"], name=_with_code(writer, row), value=writer.told(figure),
               top=row["numerator"], base=row["denominator"])
        )  # fmt: skip


def _with_code(writer: Writer, row: pd.Series) -> str:
    name, code = writer.name(row), str(row["subject"])
    return name if name == code else tr("{name} ({code})", name=name, code=code)


def _places(writer: Writer) -> None:
    """Name the places where things recur most, and those where cases gather most."""
    tables = writer.bulletin.tables
    named = {
        REPEATED: tr("Most often the same thing came back, after it had been closed, at: "),
        GATHERED: tr("More cases than chance would have it gather at: "),
        THICKEST: tr("Along the roads the cases lie thickest at: "),
    }
    if not any(len(tables.get(name, ())) for name in named):
        return
    writer.heading(tr("Places"))
    for kind, sentence in named.items():
        table = tables.get(kind)
        if table is None or not len(table):
            continue
        said = []
        for figure, code in zip(table["figure"].head(_ENDS), table.iloc[:, 0].head(_ENDS), strict=True):
            name, cases = writer.name(writer.rows[figure]), writer.told(figure)
            told = name if name == code else tr("{name} ({code})", name=name, code=code)
            said.append(tr("{told}: {cases}", told=told, cases=cases))
        writer.text(sentence + listed(said) + tr("."))


def _targets(writer: Writer) -> None:
    own = writer.bulletin
    targets = own.making.asked["targets"]
    writer.heading(tr("Targets"))
    if not targets:
        writer.text(tr("No targets are set for the indicators."))
    for name, target in targets.items():
        figures = own.figures[(own.figures["indicator"] == name) & (own.figures["month"] == own.month)]
        city = figures[figures["chapter"] == "overall"]
        if city.empty:
            writer.item(tr("{indicator}: not computed.", indicator=label(name, writer.lang)))
            continue
        row = city.iloc[0]
        missed = figures[(figures["chapter"] == "areas") & figures["judgement"].isin(["bad", "watch"])]
        said = value_told(target, row["value_unit"])
        parts = [f"{writer.name(each)} {writer.told(each['figure'])}" for _, each in missed.iterrows()]
        judged = {"good": tr("reached"), "no_data": tr("no data")}.get(row["judgement"], tr("not reached"))
        writer.item(
            tr("{indicator}, target {target}: the city {value}, {judged}; not reached by {areas}.",
               indicator=label(name, writer.lang), target=said, value=writer.told(row["figure"]),
               judged=judged, areas=writer.joined(parts) or tr("none"))
        )  # fmt: skip
    progress = own.progress
    known = progress[progress["progress"] != "no_data"]
    districts = own.making.names.get("district_code", {})
    for _, row in known.iterrows():
        unit = "" if row["unit"] == "%" else f" {row['unit']}"
        area = f" {districts.get(row['area'], row['area'])}" if row["area"] else ""
        writer.item(
            tr("{title}{area} (clause {clause}): {reached}{unit}, target {target:,g}{amount}, {progress}.",
               title=row["target_title"], area=area, clause=row["clause"], reached=writer.told(row["figure"]),
               unit=unit, target=row["target_amount"], amount="%" if row["unit"] == "%" else unit,
               progress=label(row["progress"], writer.lang))
        )  # fmt: skip
    without = progress.loc[progress["progress"] == "no_data", "target_title"]
    if len(without):
        writer.text(tr("Nothing was measured of the policy's targets: {titles}.", titles=listed(without)))


def _demands(writer: Writer) -> None:
    own, asked = writer.bulletin, writer.bulletin.making.asked
    now = own.figures[own.figures["month"] == own.month]
    areas = now[now["chapter"] == "areas"]
    writer.heading(tr("What is to be done"))
    overdue = figure_id(own.month, "overdue_open", "all")
    if writer.rows[overdue]["value"]:
        some = areas[(areas["indicator"] == "overdue_open") & (areas["value"] > 0)]
        some = some.sort_values(["value", "figure"], ascending=[False, True], kind="stable")
        parts = [f"{writer.name(row)} {writer.told(row['figure'])}" for _, row in some.iterrows()]
        writer.item(
            tr("{count} are overdue and not handled ({areas}): count each back from its last day, name "
               "who answers, and finish it.", count=writer.told(overdue), areas=writer.joined(parts))
        )  # fmt: skip
    poor = areas[(areas["indicator"] == asked["indicator"]) & (areas["judgement"] == "bad")]
    if len(poor):
        parts = [f"{writer.name(row)} {writer.told(row['figure'])}" for _, row in poor.iterrows()]
        by = set(poor["judged_by"])
        sentence = (
            tr("Clearly short of the target of {indicator}: {areas}. Find the causes and correct them.",
               indicator=label(asked["indicator"], writer.lang), areas=writer.joined(parts))
            if by == {"target"}
            else tr("Clearly below the whole city by {indicator}: {areas}. Find the causes and correct them.",
                    indicator=label(asked["indicator"], writer.lang), areas=writer.joined(parts))
        )  # fmt: skip
        writer.item(sentence)
    if remarks_of(own.making):
        writer.item(tr("Complete the data named below, without which indicators cannot be computed."))
    writer.item(
        tr("The results are part of the yearly assessment of county and district leaderships (clause 34).")
    )


def _lacking(writer: Writer) -> None:
    remarks = remarks_of(writer.bulletin.making, lambda figure, _: writer.told(figure))
    writer.heading(tr("What could not be computed"))
    if not remarks:
        writer.text(tr("All indicators were computed."))
    for remark in remarks:
        writer.item(remark + tr("."))


SECTIONS: list[Callable[[Writer], None]] = [
    _opening,
    _overall,
    _ranking,
    _changes,
    _trades,
    _worst,
    _places,
    _targets,
    _demands,
    _lacking,
]


def _month(month: str) -> str:
    return tr("{month} of {year}", year=month[:4], month=int(month[5:])) if language() == "zh" else month
