"""What was found out on the way from a file, or a workspace, to a layer: `ReadReport`.

Every reader hands one down to those that it asks, each of which tells it what it found; it ends in
``attrs["report"]`` of what was read, where later steps (a converted datum, fixed positions) add to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from html import escape
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NoReturn

from zjk_gis.errors import counted
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReadReport", "report_of"]

_SHOWN = 3  # names of a table's cell; the rest is counted


@dataclass(kw_only=True, eq=False, repr=False)
class ReadReport(dict[str, Any]):
    """What a reader found out; it prints itself as two sentences, in a notebook as a small table, too.

    Parameters
    ----------
    path : str
        The file read; in an archive or a folder, with its place there.
    format : str
        Of the file, such as ``GPKG`` or ``CSV``.
    layer : str
        The layer, or the sheet of a workbook; of a workspace, the layer's name there.
    rows : int
        How many rows were read.
    encoding, encoding_found : str
        Of its text, and how that is known.
    delimiter : str
        Between the cells of a text file.
    header : dict
        Of a table: ``rows`` of the file with the names, ``first_row`` of the table, ``found`` (why),
        ``full_names`` and ``units``.
    left_out : list of dict
        Rows of the file that are not rows of the table, each with ``row``, ``why`` and ``text``.
    other_names : list of int
        Rows of the file that name columns again.
    ragged : dict of str to list of int
        Lines with too few cells (``short``) or too many (``long``).
    too_many_cells : list of int
        Rows of the table with more cells than there are columns.
    filled_down : dict of str to int
        How many cells of a column were filled from a cell merged downwards.
    hidden : dict
        Hidden ``rows``, ``columns`` and ``sheets`` of a workbook.
    errors, uncomputed : list of str
        Cells that show an error, and those with a formula that nobody has computed; both are missing.
    digits_lost : dict of str to dict of int to str
        By column and row, codes of which a spreadsheet has lost digits.
    digits_doubtful : list of str
        Columns of codes that a spreadsheet has perhaps rounded.
    zeros_restored, dates_for_codes, other_shown, unknown_formats : dict of str to dict of int to str
        By column and row of a workbook: numbers that were codes and got their zeros back; dates where codes
        stand; numbers that are shown otherwise; and those of which it is not known what is shown.
    renamed : dict of str to str
        Columns that have another name than in the file.
    crs : str or None
        The system of the positions; None where nobody says.
    crs_from : str
        Who says so: ``file``, ``format``, ``argument``, ``none``, or what the numbers show.
    limit : optional
        Within what a table's positions lie (see `zjk_gis.coordinates.bare_numbers`).
    coordinates : dict of str to str
        The columns of a table that they were taken from: ``east`` and ``north``, ``both`` in one, or ``wkt``.
    datum : dict
        Where one was declared or stated: ``source``, ``target``, ``declared_by`` (see `convert_datum`).
    without_position : dict of str to list
        Rows without a usable position, by reason.
    coarse : list
        Rows whose positions are rounded to about 1 km.
    confirmed : dict
        The hypothesis that was confirmed (see `infer_coordinates`).
    not_fixed : dict of str to list
        Rows whose positions are in doubt and stayed as they were, by problem (see `fix_positions`).
    unconverted : dict of str to list
        Rows with a value that is not what its field asks for, by field.
    remarks : list of str
        What a person should know.
    workspace, written_at, source : str
        Of a layer read from a workspace: which, and when and from what this version was written.
    version : int or None
        Which version.

    Notes
    -----
    It is a mapping of its fields as well, which ``pandas`` and ``geopandas`` need to write ``attrs`` into a
    Parquet file as JSON; `report_of` makes a report of what such a file hands back. Assign to the attributes.

    Examples
    --------
    >>> report = ReadReport(path="案件.csv", format="CSV", rows=3, encoding="GB18030", crs="EPSG:4490")
    >>> report.without_position["missing"] = [1]
    >>> print(report)
    案件.csv: 3 rows read as GB18030, in EPSG:4490. 1 row has no position (missing: 1).
    >>> report.as_dict()["without_position"]
    {'missing': [1]}
    """

    path: str = ""
    format: str = ""
    layer: str = ""
    rows: int = 0
    encoding: str = ""
    encoding_found: str = ""
    delimiter: str = ""
    header: dict[str, Any] = field(default_factory=dict)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    other_names: list[int] = field(default_factory=list)
    ragged: dict[str, list[int]] = field(default_factory=dict)
    too_many_cells: list[int] = field(default_factory=list)
    filled_down: dict[str, int] = field(default_factory=dict)
    hidden: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    uncomputed: list[str] = field(default_factory=list)
    digits_lost: dict[str, dict[int, str]] = field(default_factory=dict)
    digits_doubtful: list[str] = field(default_factory=list)
    zeros_restored: dict[str, dict[int, str]] = field(default_factory=dict)
    dates_for_codes: dict[str, dict[int, str]] = field(default_factory=dict)
    other_shown: dict[str, dict[int, str]] = field(default_factory=dict)
    unknown_formats: dict[str, dict[int, str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    crs: str | None = None
    crs_from: str = ""
    limit: Any = None
    coordinates: dict[str, str] = field(default_factory=dict)
    datum: dict[str, Any] = field(default_factory=dict)
    without_position: dict[str, list[Any]] = field(default_factory=dict)
    coarse: list[Any] = field(default_factory=list)
    confirmed: dict[str, Any] = field(default_factory=dict)
    not_fixed: dict[str, list[Any]] = field(default_factory=dict)
    unconverted: dict[str, list[Any]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    workspace: str = ""
    version: int | None = None
    written_at: str = ""
    source: str = ""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__dataclass_fields__:
            raise AttributeError(tr("a report of reading has no field {name!r}", name=name))
        super().__setattr__(name, value)
        super().__setitem__(name, value)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def _refused(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(tr("the fields of a report are fixed; assign to its attributes"))

    __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refused

    def __deepcopy__(self, memo: dict[int, Any]) -> ReadReport:
        return type(self)(**{name: deepcopy(value, memo) for name, value in self.items()})

    def __copy__(self) -> ReadReport:
        return type(self)(**self)

    copy = __copy__

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that were told, such as for JSON; a copy.

        Examples
        --------
        >>> ReadReport(path="a.csv", rows=0, remarks=["read as GB18030"]).as_dict()
        {'path': 'a.csv', 'remarks': ['read as GB18030']}
        """
        return {name: deepcopy(value) for name, value in self.items() if value != _UNTOLD[name]}

    def __str__(self) -> str:
        return tr(" ").join(self._sentences())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def _repr_html_(self) -> str:
        """Show two sentences, a table and the remarks in a notebook; everything from the data is escaped."""
        rows = [
            f"<tr><th>{escape(name)}</th><td>{escape(_summary(value))}</td></tr>"
            for name, value in self.as_dict().items()
            if name not in ("remarks", "path", "limit")
        ]
        remarks = [f"<li>{escape(remark)}</li>" for remark in self.remarks]
        return "\n".join(
            [
                f"<p>{escape(str(self))}</p>",
                f'<table border="0">{"".join(rows)}</table>',
                *([f"<ul>{''.join(remarks)}</ul>"] if remarks else []),
            ]
        )

    def _sentences(self) -> tuple[str, str]:
        name = PurePath(self.path).name or self.layer or tr("the layer")
        rows = counted(self.rows, "row", "rows")
        system = self.crs or tr("no known coordinate system")
        said = (
            tr(
                "{name}: {rows} read as {encoding}, in {system}.",
                name=name,
                rows=rows,
                encoding=self.encoding,
                system=system,
            )
            if self.encoding
            else tr("{name}: {rows} read, in {system}.", name=name, rows=rows, system=system)
        )
        aside = {why: len(rows) for why, rows in self.without_position.items() if rows}
        found = []
        if aside:
            reasons = listed(tr("{why}: {count:,}", why=tr(why), count=count) for why, count in aside.items())
            rows = counted(sum(aside.values()), "row has", "rows have")
            found.append(tr("{rows} no position ({reasons})", rows=rows, reasons=reasons))
        if self.left_out:
            rows = counted(len(self.left_out), "row of the file is", "rows of the file are")
            found.append(tr("{rows} left out", rows=rows))
        wrong = sum(map(len, self.unconverted.values()))
        if wrong:
            found.append(tr("{values} as it came", values=counted(wrong, "value stays", "values stay")))
        if not found:
            return said, tr("Every row has its place and its values.")
        return said, tr("{found}.", found=tr(", ").join(found))


_UNTOLD = dict(ReadReport())


def report_of(layer: pd.DataFrame | pd.Series) -> ReadReport:
    """Return the report of reading of a layer, an empty one where there is none.

    Parameters
    ----------
    layer : DataFrame, Series, GeoDataFrame or GeoSeries

    Returns
    -------
    ReadReport
        That in ``attrs["report"]``; made of the mapping that a Parquet file hands back in its place.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"a": [1]})
    >>> table.attrs["report"] = {"encoding": "GB18030"}
    >>> report_of(table).encoding
    'GB18030'
    """
    found = layer.attrs.get("report")
    if isinstance(found, ReadReport):
        return found
    told = found if isinstance(found, Mapping) else {}
    return ReadReport(**{name: value for name, value in told.items() if name in _UNTOLD})


def _summary(value: Any) -> str:
    """Tell a field in a cell: names as they are, rows only counted."""
    if isinstance(value, Mapping):
        parts = [
            tr(
                "{name}: {what}",
                name=name,
                what=f"{len(each):,}" if isinstance(each, list | tuple | Mapping) else each,
            )
            for name, each in value.items()
            if each not in ([], {}, "", None)
        ]
        shown, rest = listed(parts[:_SHOWN]), len(parts) - _SHOWN
        return tr("{named} and {rest} more", named=shown, rest=rest) if rest > 0 else shown
    return f"{len(value):,}" if isinstance(value, list | tuple) else str(value)
