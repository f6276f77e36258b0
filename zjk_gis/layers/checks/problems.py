"""What a validation found: collected check by check, told row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.labels import label
from zjk_gis.presentation import Presentation, presented
from zjk_gis.standards import rules_table
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language
    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.standards.rules import Overrides

__all__ = ["COLUMNS", "Problems", "ValidationReport"]

COLUMNS = ["row", "field", "value", "rule", "severity", "message"]
_SHOWN = 10


@presented
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ValidationReport:
    """What in a layer is not as its spec says.

    Attributes
    ----------
    spec : LayerSpec
        What the layer was checked against.
    rows : int
        How many rows it has.
    problems : GeoDataFrame
        One row a problem, those of the layer as a whole first, then in the order of the rows:

        - ``row``: the index label; missing where the layer as a whole is meant
        - ``field`` (text): the column
        - ``value`` (text): what stands there
        - ``rule`` (text): which check; see ``zjk_gis.standards.rules_table("checks")``
        - ``severity`` (text): ``error``, or ``warning`` for what can be worked with all the same
        - ``message`` (text): what to do, in the language asked for
        - ``geometry``: that of the row, in the layer's CRS
    clean : ndarray of bool
        For each row whether no error was found in it.
    not_checked : tuple of str
        The checks that need another layer that was not given, and which.
    lang : {"zh", "en"}
        The language of the messages.
    """

    spec: LayerSpec
    rows: int
    problems: gpd.GeoDataFrame
    clean: NDArray[np.bool_]
    not_checked: tuple[str, ...] = ()
    lang: Language = "zh"

    @property
    def ok(self) -> bool:
        """Whether there is no error, in the rows or in the layer as a whole."""
        return not (self.problems["severity"] == "error").any()

    @property
    def errors(self) -> int:
        """How many problems are errors."""
        return int((self.problems["severity"] == "error").sum())

    @property
    def counts(self) -> pd.DataFrame:
        """How often each check found something: rule, title, severity, problems; errors first."""
        both = pd.DataFrame(self.problems[["severity", "rule"]])
        found = both.groupby(["severity", "rule"], sort=True).size().rename("problems").reset_index()
        checks = rules_table("checks").set_index("check")[f"title_{self.lang}"]
        found.insert(1, "title", found["rule"].map(checks))
        return found.reindex(columns=["rule", "title", "severity", "problems"])

    def __str__(self) -> str:
        """Tell the counts and the first problems, a line each."""
        lines = [self._head(self.lang)]
        lines += [
            tr(
                "  {severity} {rule} {title}: {count:,}",
                severity=label(str(row.severity), self.lang),
                rule=row.rule,
                title=row.title,
                count=row.problems,
                lang=self.lang,
            )
            for row in self.counts.itertuples(index=False)
        ]
        lines += [
            tr(
                "  [{row}] {field} {value!r}: {message}",
                row=problem.row,
                field=problem.field,
                value=problem.value,
                message=problem.message,
                lang=self.lang,
            )
            for problem in self.problems.head(_SHOWN).itertuples(index=False)
        ]
        rest = len(self.problems) - _SHOWN
        if rest > 0:
            lines.append(tr("  ... and {rest:,} more", rest=rest, lang=self.lang))
        lines += [tr("  not checked: {each}", each=each, lang=self.lang) for each in self.not_checked]
        return "\n".join(lines)

    def _head(self, lang: Language) -> str:
        name = self.spec.title if lang == "zh" else self.spec.name
        if self.problems.empty:
            return tr("{name}: {rows:,} rows, nothing wrong", name=name, rows=self.rows, lang=lang)
        return tr(
            "{name}: {rows:,} rows, {clean:,} clean, {problems:,} problems",
            name=name,
            rows=self.rows,
            clean=int(self.clean.sum()),
            problems=len(self.problems),
            lang=lang,
        )

    def _presentation(self) -> Presentation:
        head, count = self._head(language()), len(self.not_checked)
        head = (
            tr("{head}. Not checked: {count:,}.", head=head, count=count)
            if count
            else tr("{head}.", head=head)
        )
        return excerpt(head, pd.DataFrame(self.problems), ["row", "field", "value", "severity", "message"])


class Problems:
    """What was found so far; put in order at the end.

    Parameters
    ----------
    layer : GeoDataFrame
    tables : mapping of str to DataFrame, str or Path, optional
        The user's own rows of the tables: among them ``checks``, by which a check's severity can be changed.
    lang : {"zh", "en"}
    """

    def __init__(self, layer: pd.DataFrame, tables: Overrides | None, lang: Language) -> None:
        self.layer = layer
        self.lang = lang
        self.tables = tables
        self._checks = rules_table("checks", overrides=tables).set_index("check")
        self._found: list[pd.DataFrame] = []
        self._places: list[NDArray[np.int64]] = []
        self.not_checked: list[str] = []

    def text(self, rule: str) -> str:
        """Return the message of a check, with the places for words that it needs."""
        return str(self._checks.loc[rule, f"message_{self.lang}"])

    def add_layer(self, field: str, rule: str, /, **words: object) -> None:
        """Note a problem of the layer as a whole."""
        self._add(np.array([-1]), [None], field, rule, self.text(rule).format(**words), [""])

    def add(
        self,
        wrong: NDArray[np.bool_],
        field: str,
        rule: str,
        /,
        *,
        values: pd.Series | None = None,
        words: Sequence[dict[str, object]] | None = None,
        messages: Sequence[str] | NDArray[np.object_] | None = None,
        **same: object,
    ) -> None:
        """Note a problem of the rows where `wrong` is true.

        Parameters
        ----------
        wrong : ndarray of bool
        field, rule : str
        values : Series, optional
            What stands there, one a row of the layer.
        words : sequence of dict, optional
            What the message says of each wrong row.
        messages : sequence of str, optional
            The message of each wrong row, ready.
        **same : object
            What the message says of all of them.
        """
        at = np.flatnonzero(wrong)
        if not len(at):
            return
        text: Any = messages
        if messages is None:
            template = self.text(rule)
            text = (
                template.format(**same)
                if words is None
                else [template.format(**same, **each) for each in words]
            )
        shown = "" if values is None else as_text(values.iloc[at]).fillna("").to_numpy(dtype=object)
        labels = self.layer.index[at].to_numpy(dtype=object)
        self._add(at, labels, field, rule, text, shown)

    def _add(self, at: Any, labels: Any, field: str, rule: str, message: Any, value: Any) -> None:
        columns = {"row": labels, "field": field, "value": value, "rule": rule}
        severity = self._checks.loc[rule, "severity"]
        self._found.append(pd.DataFrame({**columns, "severity": severity, "message": message}).astype(object))
        self._places.append(np.asarray(at, dtype=np.int64))

    def skip(self, check: str, why: str) -> None:
        """Note what was not checked, and for want of what."""
        self.not_checked.append(tr("{check}: {why}", check=check, why=why, lang=self.lang))

    def report(self, spec: LayerSpec) -> ValidationReport:
        """Put what was found in the order of the rows."""
        places = np.concatenate(self._places) if self._places else np.empty(0, dtype=np.int64)
        order = np.argsort(places, kind="stable")
        places = places[order]
        if self._found:
            table = pd.concat(self._found, ignore_index=True).iloc[order].reset_index(drop=True)[COLUMNS]
        else:
            table = pd.DataFrame(columns=COLUMNS, dtype=object)
        for name in COLUMNS[1:]:
            table[name] = table[name].astype("str")
        shapes, crs = np.full(len(places), None, dtype=object), None
        if isinstance(self.layer, gpd.GeoDataFrame) and self.layer.active_geometry_name is not None:
            crs, of_row = self.layer.crs, places >= 0
            shapes[of_row] = self.layer.geometry.to_numpy()[places[of_row]]
        errors = places[(table["severity"] == "error").to_numpy()]
        clean = np.ones(len(self.layer), dtype=bool)
        clean[errors[errors >= 0]] = False
        return ValidationReport(
            spec=spec,
            rows=len(self.layer),
            problems=gpd.GeoDataFrame(table, geometry=shapes, crs=crs),
            clean=clean,
            not_checked=tuple(self.not_checked),
            lang=self.lang,
        )
