"""Printing a section across pipes (管线横断面图): the ground, the pipes to scale, and a table of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.drawing.canvas import Box, Canvas, mark_path, path_of
from zjk_gis.drawing.typefaces import find_typeface
from zjk_gis.errors import EmptyLayerError, MissingColumnError
from zjk_gis.io.paths import target_file
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.labels import label
from zjk_gis.maps import style
from zjk_gis.maps.printing.document import SHEETS, check_dpi, write_document
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.words import Language

__all__ = ["print_section"]

_WIDTH, _MARGIN, _AXIS = 297.0, 12.0, 16.0
_PLOT = Box(_MARGIN + _AXIS, 66.0, _WIDTH - 2 * _MARGIN - 2 * _AXIS, 90.0)  # at its highest
_LEAST_MM = 30.0
_SCALES = [m * 10**n for n in range(1, 5) for m in (1, 1.5, 2, 2.5, 4, 5, 7.5)]
_ASIDE_M, _BELOW_M = 1.5, 0.5  # of ground beside the outermost pipes, and below the lowest
_SOFT, _FAINT, _GROUND = "#566474", "#d9e2ec", "#8a6d3b"
_APART = 4.6  # millimetres between labels
_ROW = 5.2
_LEAST_SIN = 0.2  # a pipe that runs along the line is drawn no wider than that
_NEEDED = ("offset_m", "pipe_code", "pipe_kind", "level_m", "ground_m", "cover_m", "width_mm", "height_mm",
           "angle")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Section:
    """The pipes of a section as they are drawn; heights in metres, NaN where they are not known.

    Attributes
    ----------
    rows : DataFrame
    axis, ground : ndarray of float64
        The level of each pipe and of the ground over it; below a ground at 0 where no levels are known.
    width, height : ndarray of float64
        Of pipes; NaN where they are not known.
    reach : ndarray of float64
        Half of what each takes along the line: more than half its width where it is cut askew.
    in_levels : bool
        Whether heights are levels, not depths.
    """

    rows: pd.DataFrame
    axis: NDArray[np.float64]
    ground: NDArray[np.float64]
    width: NDArray[np.float64]
    height: NDArray[np.float64]
    reach: NDArray[np.float64]
    in_levels: bool

    @property
    def nets(self) -> NDArray[np.float64]:
        """From edge to edge along the line to the next pipe, negative where they lie over one another."""
        offset = self.rows["offset_m"].to_numpy(dtype=np.float64)
        return np.append(np.diff(offset) - self.reach[:-1] - self.reach[1:], np.nan)


@dataclass(frozen=True, slots=True)
class _View:
    """Where metres lie on paper."""

    box: Box
    scale: float
    left: float  # the offset at the left of the box
    top: float  # the level at its top

    def x(self, offset: Any) -> Any:
        """Return millimetres from the left of the page."""
        return self.box.x + (offset - self.left) * 1000 / self.scale

    def y(self, level: Any) -> Any:
        """Return millimetres from the top of the page."""
        return self.box.y + (self.top - level) * 1000 / self.scale

    def mm(self, metres: Any) -> Any:
        """Return a length on paper."""
        return metres * 1000 / self.scale


@checked
def print_section(
    cut: gpd.GeoDataFrame,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    date: str | dt.date | None = None,
    source: str | None = None,
    font: str | os.PathLike[str] | None = None,
    dpi: float = 200,
    lang: Language = "zh",
) -> Path:
    """Print what a line across pipes cuts as a drawing to scale, with a table of the pipes (横断面图).

    Parameters
    ----------
    cut : GeoDataFrame
        From `zjk_gis.pipes.cross_section`.
    path : path
        Ends with ``.svg``, ``.png`` or ``.pdf``. Written whole or not at all.
    title : str, optional
    date : date or str, optional
        Printed as the day of the drawing; by default today.
    source : str, optional
        Where the data come from, printed at the foot.
    font : str or path, optional
        A typeface with Chinese characters; see `zjk_gis.maps.print_map`.
    dpi : float, default 200
        Pixels an inch, of a PNG.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    Path

    Raises
    ------
    MissingExtraError
        If the packages that print are not installed (extra ``print``).
    MissingColumnError
        If `cut` is not what `cross_section` returns.
    EmptyLayerError
        If the line cuts no pipe.
    FileError
        If the file cannot be written.

    Notes
    -----
    Heights and widths have one scale, so that pipes are round. The axis tells levels, or depths below the
    ground where no levels are known. Distances between pipes are net, from edge to edge along the line.
    Colours are those of CJJ 61-2017. A pipe whose depth is not known stands in the table alone, and the table
    says so.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import cross_section
    >>> pipes = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1", "P2"],
    ...         "pipe_kind": ["污水", "给水"],
    ...         "diameter_mm": [400, 200],
    ...         "from_depth_m": [3.0, 1.5],
    ...         "to_depth_m": [3.0, 1.5],
    ...     },
    ...     geometry=[LineString([(0, 6), (100, 6)]), LineString([(0, 2), (100, 2)])],
    ...     crs=4547,
    ... )
    >>> cut = cross_section(LineString([(50, 0), (50, 10)]), pipes)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     drawing = print_section(cut, pathlib.Path(folder) / "section.svg", date="2026-01-01")
    ...     "污水 DN400" in drawing.read_text(encoding="utf-8")
    True
    """
    target = target_file(path, SHEETS)
    check_dpi(dpi)
    section = _read(cut)
    view = _viewed(section)
    canvas = Canvas(find_typeface(font))
    heading = title or tr("Section across pipes", lang=lang)
    _write_head(canvas, heading, section, view, lang)
    _draw_axes(canvas, section, view, lang)
    _draw_ground(canvas, section, view)
    _draw_pipes(canvas, section, view)
    _write_labels(canvas, section, view, lang)
    _draw_nets(canvas, section, view)
    foot = _write_table(canvas, section, view, lang)
    day = today() if date is None else date
    told = tr("Day: {day}", day=str(day), lang=lang)
    if source:
        told += " · " + tr("Source: {source}", source=source, lang=lang)
    canvas.text(_MARGIN, foot + 6, canvas.typeface.fitted(told, 2.6, _WIDTH - 2 * _MARGIN), 2.6, colour=_SOFT)
    return write_document(canvas, target, _WIDTH, foot + 10, title=heading, lang=lang, dpi=dpi)


def _read(cut: gpd.GeoDataFrame) -> _Section:
    """Return what is drawn, in levels where some are known, else in depths."""
    lacking = [name for name in _NEEDED if name not in cut]
    if lacking:
        raise MissingColumnError(
            tr("cut: no column {column!r}; give what zjk_gis.pipes.cross_section returns", column=lacking[0])
        )
    if not len(cut):
        raise EmptyLayerError(tr("cut: the line cuts no pipe; there is nothing to draw"))
    rows = pd.DataFrame(cut.drop(columns=cut.geometry.name)).sort_values(
        ["offset_m", "pipe_code"], ignore_index=True
    )
    number = {name: rows[name].to_numpy(dtype=np.float64) for name in _NEEDED if name not in _NEEDED[1:3]}
    height, width = number["height_mm"] / 1000, number["width_mm"] / 1000
    in_levels = bool(np.isfinite(number["level_m"]).any())
    ground = number["ground_m"] if in_levels else np.zeros(len(rows))
    known = np.isfinite(ground)
    if known.any():
        ground = np.interp(number["offset_m"], number["offset_m"][known], ground[known])
    by_cover = ground - number["cover_m"] - np.nan_to_num(height) / 2
    axis = np.where(np.isfinite(number["level_m"]), number["level_m"], by_cover) if in_levels else by_cover
    sine = np.maximum(np.sin(np.radians(number["angle"])), _LEAST_SIN)
    return _Section(rows, axis, ground, width, height, width / 2 / sine, in_levels)


def _viewed(section: _Section) -> _View:
    """Return the roundest scale at which all pipes are seen."""
    offset, half = section.rows["offset_m"].to_numpy(dtype=np.float64), np.nan_to_num(section.height) / 2
    left, right = offset.min() - _ASIDE_M, offset.max() + _ASIDE_M
    heights = np.concatenate([section.ground, section.axis + half, section.axis - half])
    heights = heights[np.isfinite(heights)] if np.isfinite(heights).any() else np.zeros(1)
    top, foot = float(heights.max()), float(heights.min()) - _BELOW_M
    needed = max((right - left) / _PLOT.width, (top - foot) / _PLOT.height) * 1000
    scale = next((each for each in _SCALES if each >= needed), needed)
    spare = _PLOT.width * scale / 1000 - (right - left)
    high = min(max((top - foot) * 1000 / scale, _LEAST_MM), _PLOT.height)
    return _View(Box(_PLOT.x, _PLOT.y, _PLOT.width, high), scale, left - spare / 2, top)


def _write_head(canvas: Canvas, heading: str, section: _Section, view: _View, lang: Language) -> None:
    canvas.text(
        _MARGIN, 14, canvas.typeface.fitted(heading, 6.4, _WIDTH - 2 * _MARGIN, bold=True), 6.4, bold=True
    )
    told = tr(
        "{count:,} pipes; scale 1:{scale:g}, heights as widths; distances are net, along the line",
        count=len(section.rows),
        scale=view.scale,
        lang=lang,
    )
    canvas.text(_MARGIN, 20.5, told, 3.2, colour=_SOFT)


def _draw_axes(canvas: Canvas, section: _Section, view: _View, lang: Language) -> None:
    """Draw levels (or depths) at the left, depths at the right of levels, and offsets below."""
    box, deep = view.box, view.box.height * view.scale / 1000
    canvas.rect(box.x, box.y, box.width, box.height, stroke=_SOFT, line=0.2)
    what = label("level_m", lang, unit=True) if section.in_levels else tr("Depth (m)", lang=lang)
    canvas.text(box.x - 2, box.y - 3, what, 2.8, colour=_SOFT, anchor="end")
    step = _step(deep * _APART / box.height)
    for level in np.arange(np.ceil((view.top - deep) / step) * step, view.top + 1e-9, step):
        _line(canvas, [(box.x, view.y(level)), (box.right, view.y(level))], colour=_FAINT)
        told = f"{level:.2f}" if section.in_levels else f"{abs(level):.2f}"
        canvas.text(box.x - 2, view.y(level) + 1, told, 2.6, colour=_SOFT, anchor="end")
    known = section.ground[np.isfinite(section.ground)]
    if section.in_levels and len(known):  # of the ground in the middle, so that both can be read
        canvas.text(box.right + 2, box.y - 3, tr("Depth (m)", lang=lang), 2.8, colour=_SOFT)
        middle = float(known.mean())
        for depth in np.arange(0, middle - view.top + deep + 1e-9, step):
            y = view.y(middle - depth)
            _line(canvas, [(box.right, y), (box.right + 1.2, y)])
            canvas.text(box.right + 2, y + 1, f"{depth:.2f}", 2.6, colour=_SOFT)
    across = box.width * view.scale / 1000
    step = _step(across / 12)
    for offset in np.arange(np.ceil(view.left / step) * step, view.left + across + 1e-9, step):
        x = view.x(offset)
        _line(canvas, [(x, box.foot), (x, box.foot + 1.2)])
        canvas.text(x, box.foot + 4.2, f"{offset:g}", 2.6, colour=_SOFT, anchor="middle")
    canvas.text(box.right + 2, box.foot + 4.2, label("offset_m", lang, unit=True), 2.6, colour=_SOFT)


def _line(
    canvas: Canvas,
    points: list[tuple[float, float]],
    *,
    colour: str = _SOFT,
    weight: float = 0.7,
    dashes: str = "",
) -> None:
    """Draw a line through points of the page."""
    path = path_of(np.array(points), np.array([0, len(points)]), closed=False)
    canvas.path(path, {"color": colour, "weight": weight, "fill": False, "dashArray": dashes})


def _step(least: float) -> float:
    """Return a round distance between lines, at least so great."""
    whole = 10.0 ** np.floor(np.log10(least))
    return float(next(each * whole for each in (1, 2, 5, 10) if each * whole >= least - 1e-12))


def _draw_ground(canvas: Canvas, section: _Section, view: _View) -> None:
    """Draw the ground over the pipes, level beyond the outermost; nothing where its level is not known."""
    if not np.isfinite(section.ground).all():
        return
    x = view.x(section.rows["offset_m"].to_numpy(dtype=np.float64))
    x = np.concatenate([[view.box.x], x, [view.box.right]])
    y = view.y(np.concatenate([section.ground[:1], section.ground, section.ground[-1:]]))
    _line(canvas, list(zip(x.tolist(), y.tolist(), strict=True)), colour=_GROUND, weight=2.6)


def _draw_pipes(canvas: Canvas, section: _Section, view: _View) -> None:
    """Draw pipes round and ducts square, to scale, in the colours of their class."""
    classes = rules_table("pipe_kinds").drop_duplicates("pipe_kind").set_index("pipe_kind")["class_code"]
    gone = section.rows.get("is_abandoned", pd.Series(False, index=section.rows.index)).to_numpy(dtype=bool)
    for row, axis, width, height, left in zip(
        section.rows.itertuples(), section.axis, section.width, section.height, gone, strict=True
    ):
        if not np.isfinite(axis):
            continue
        x, y = view.x(row.offset_m), view.y(axis)
        code = classes.get(row.pipe_kind)
        colour = _SOFT if code is None else style.pipe_colour(str(code))
        look: dict[str, Any] = {
            "fillColor": colour,
            "fillOpacity": 0.1 if left else 0.55,
            "color": colour,
            "weight": 1.4,
        }
        look |= {"dashArray": "3 3"} if left else {}
        if not np.isfinite(width):  # its place is known, its size is not
            canvas.path(mark_path(np.array([[x, y]]), "cross", 1.0), look | {"fill": False})
        elif np.isclose(width, height):
            canvas.path(mark_path(np.array([[x, y]]), "circle", max(view.mm(width) / 2, 0.4)), look)
        else:
            w, h = (max(view.mm(each) / 2, 0.4) for each in (width, height))
            box = np.array([[x - w, y - h], [x + w, y - h], [x + w, y + h], [x - w, y + h]])
            canvas.path(path_of(box, np.array([0, 4]), closed=True), look)


def _write_labels(canvas: Canvas, section: _Section, view: _View, lang: Language) -> None:
    """Write upright over each pipe what it is, and lead from there to it."""
    box, x = view.box, view.x(section.rows["offset_m"].to_numpy(dtype=np.float64))
    placed = _spread(x, _APART, box.x + 2, box.right - 2)
    for number, (told, at, label_x, axis, height) in enumerate(
        zip(_named(section.rows, lang), x, placed, section.axis, section.height, strict=True), start=1
    ):
        text = canvas.typeface.fitted(f"{number}  {told}", 2.9, box.y - 32)
        canvas.text(label_x + 1, box.y - 9, text, 2.9, turn=-90)
        over = box.y - 1
        top = over if not np.isfinite(axis) else max(view.y(axis + np.nan_to_num(height) / 2), over)
        lead = [(label_x, box.y - 8), (label_x, box.y - 6), (at, over), (at, top)]
        _line(canvas, lead, dashes="" if np.isfinite(axis) else "2 2")


def _spread(x: NDArray[np.float64], apart: float, left: float, right: float) -> NDArray[np.float64]:
    """Move places in order as little as may be until they lie apart; closer where there is no room.

    Examples
    --------
    >>> _spread(np.array([10.0, 11.0, 30.0]), 4.0, 0.0, 100.0).tolist()
    [8.5, 12.5, 30.0]
    """
    apart = min(apart, (right - left) / max(len(x) - 1, 1))
    groups: list[tuple[float, int]] = []  # of places that touch: their middle, how many
    for place in x.tolist():
        groups.append((place, 1))
        while True:
            middle, count = groups[-1]
            half = (count - 1) * apart / 2
            groups[-1] = (min(max(middle, left + half), right - half), count)
            if len(groups) < 2:
                break
            before, number = groups[-2]
            if groups[-1][0] - half - (before + (number - 1) * apart / 2) >= apart - 1e-9:
                break
            joined = number + count
            groups[-2:] = [((before * number + groups[-1][0] * count) / joined, joined)]
    return np.concatenate([middle + (np.arange(n) - (n - 1) / 2) * apart for middle, n in groups])


def _named(rows: pd.DataFrame, lang: Language) -> list[str]:
    """Return what each pipe is: its kind and size."""
    kinds = rules_table("pipe_kinds").drop_duplicates("pipe_kind").set_index("pipe_kind")
    names = kinds["pipe_kind_name" if lang == "zh" else "english_name"]
    told = []
    for kind, width, height in zip(
        rows["pipe_kind"].tolist(), rows["width_mm"].tolist(), rows["height_mm"].tolist(), strict=True
    ):
        size = "" if np.isnan(width) else f" DN{width:g}" if width == height else f" {width:g}×{height:g}"
        told.append(str(names.get(kind, kind)) + size)
    return told


def _draw_nets(canvas: Canvas, section: _Section, view: _View) -> None:
    """Draw the net distances between neighbours below the plot; the narrowest stand in the table alone."""
    offset, y = section.rows["offset_m"].to_numpy(dtype=np.float64), view.box.foot + 8.5
    for at, net in enumerate(section.nets.tolist()):
        if not net > 0:
            continue
        begin, stop = view.x(offset[at] + section.reach[at]), view.x(offset[at + 1] - section.reach[at + 1])
        _line(canvas, [(begin, y), (stop, y)])
        for x in (begin, stop):
            _line(canvas, [(x, y - 1), (x, y + 1)])
        if stop - begin > 7:
            canvas.text((begin + stop) / 2, y + 3.4, f"{net:.2f}", 2.6, anchor="middle", colour=_SOFT)


def _write_table(canvas: Canvas, section: _Section, view: _View, lang: Language) -> float:
    """Write the pipes in the order of their numbers, and return where the table ends."""
    columns = [("number", 9.0), ("pipe_code", 40.0), ("kind", 42.0), ("offset_m", 22.0), ("cover_m", 20.0),
               ("level_m", 24.0), ("net_m", 30.0), ("angle", 20.0), ("owner", 50.0)]  # fmt: skip
    titles = {
        "number": tr("No.", lang=lang),
        "kind": tr("Kind and size", lang=lang),
        "net_m": tr("Net to the next (m)", lang=lang),
        "level_m": label("level_m", lang, unit=True),
    }
    unknown = tr("not known", lang=lang)
    y = view.box.foot + 20
    for at, told in enumerate(
        [None, *zip(section.rows.itertuples(), _named(section.rows, lang), section.nets, strict=True)]
    ):
        x = _MARGIN
        if at % 2 == 1:
            canvas.rect(_MARGIN, y - 3.7, _WIDTH - 2 * _MARGIN, _ROW, fill="#f3f6f9")
        for name, wide in columns:
            if told is None:
                text = titles.get(name) or label(name, lang, unit=True)
            else:
                text = _cell(name, at, told, lang, unknown)
            text = canvas.typeface.fitted(text, 2.9, wide - 2, bold=told is None)
            canvas.text(x + 1, y, text, 2.9, bold=told is None)
            x += wide
        y += _ROW
    return y - 3.7


def _cell(name: str, number: int, told: tuple[Any, str, float], lang: Language, unknown: str) -> str:
    row, kind, net = told
    if name == "number":
        return str(number)
    if name == "kind":
        gone = getattr(row, "is_abandoned", False)
        return tr("{kind} (given up)", kind=kind, lang=lang) if gone else kind
    if name == "net_m":
        return "—" if np.isnan(net) else f"{net:.2f}" if net > 0 else tr("one over the other", lang=lang)
    value = getattr(row, name, "")
    if name in ("pipe_code", "owner"):
        return "" if pd.isna(value) else str(value)
    return unknown if np.isnan(value) else f"{value:.0f}°" if name == "angle" else f"{value:.2f}"
