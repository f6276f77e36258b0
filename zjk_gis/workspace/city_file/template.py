"""The text of a city file: what was found, and beside it every other thing that may be said, as comments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.standards import rules_table
from zjk_gis.standards.clocks import CLOCKS
from zjk_gis.words import language, listed, tr
from zjk_gis.workspace.city_file.quoting import commented, key_of, quoted
from zjk_gis.workspace.city_file.sections import Publish, Rules
from zjk_gis.workspace.city_file.thresholds import THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zjk_gis.workspace.city_file.sections import Coordinates, Source

__all__ = ["Noted", "text_of"]

_MOST = 30  # values of a column that are listed
_LIMITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What is to be told of a source, besides what it is.

    Attributes
    ----------
    title, evidence : str
        What the files are, and by what that is known.
    count, rows : int
        How many files there are, and rows in the newest.
    encoding, crs, crs_from, datum_from : str
        As the newest file was read.
    lacking, spare : tuple of str
        Columns that the layer must have and the file lacks; columns of the file that are none of the layer's.
    odd : mapping of str to mapping of str to int
        By column the values that are not understood, and how many rows have each.
    repeated : int
        How many rows repeat the key of another.
    """

    title: str
    evidence: str
    count: int
    rows: int
    encoding: str = ""
    crs: str = ""
    crs_from: str = ""
    datum_from: str = ""
    lacking: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    odd: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    repeated: int = 0


def text_of(
    name: str,
    coordinates: Coordinates,
    why: str,
    sources: Sequence[Source],
    notes: Sequence[Noted],
    unplaced: Sequence[tuple[str, str]],
    *,
    outside: bool,
) -> str:
    """Write a city file, with comments in the language that is spoken."""
    lines = [
        *_head(),
        "",
        "[city]",
        _line("name", quoted(name), tr("in titles of maps and reports")),
        _line(
            "workspace", quoted(tr("workspace.gpkg")), tr("all versions are kept here; it may be a database")
        ),
        _line("history", quoted(tr("history")), tr("the record of each run, and what has changed")),
        _line("outside", "true", tr("files may lie outside the folder of this file"), off=not outside),
        "",
        *_coordinates(coordinates, why),
    ]
    for source, noted in zip(sources, notes, strict=True):
        lines += ["", *_source(source, noted)]
    lines += ["", *_unplaced(unplaced)] if unplaced else []
    lines += ["", *_rules(), "", *_thresholds(), "", *_deadlines(), "", *_weights(), "", *_duties()]
    lines += ["", *_lots(), "", *_contacts(), "", *_publish()]
    return "\n".join(lines) + "\n"


def _head() -> Iterator[str]:
    for text in (
        tr("The city file: where the files are, how they are read, thresholds and duties."),
        tr("Paths begin from the folder of this file. What stands behind # is not read."),
        tr(
            "What comes first: options of a command, this file, the memory of the workspace, what files show."
        ),
    ):
        yield f"# {text}"


def _coordinates(found: Coordinates, why: str) -> Iterator[str]:
    yield "[coordinates]"
    yield _line("store", quoted(found.store), tr("the system in which layers are kept"))
    measure = quoted(found.measure or "EPSG:4547")
    yield _line("measure", measure, why or tr("for lengths and areas"), off=not found.measure)
    yield _line("default", quoted("EPSG:4490"), tr("of files that do not say theirs"), off=True)
    datum = tr("of files of which nothing says it: none, gcj02 (高德) or bd09 (百度)")
    yield _line("datum", quoted("none"), datum, off=True)


def _line(key: str, value: str, remark: str = "", *, off: bool = False) -> str:
    """Write one key, perhaps as a comment, with a remark behind it."""
    told = f"   # {_on_one_line(remark)}" if remark else ""
    return f"{'# ' * off}{key} = {value}{told}"


def _on_one_line(text: str) -> str:
    """Write text of any kind on one line of a comment, at full length."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _list(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return quoted(texts[0])
    return f"[{', '.join(map(quoted, texts))}]"


def _source(source: Source, noted: Noted) -> Iterator[str]:
    told = tr(
        "{title}: {count} files, {rows:,} rows in the newest; {evidence}",
        title=noted.title, count=noted.count, rows=noted.rows, evidence=commented(noted.evidence),
    )  # fmt: skip
    yield f"# {told}"
    yield "[[source]]"
    yield _line("layer", quoted(source.layer), noted.title)
    corrected = tr("one whose name ends with _更正, _v2 or (1) corrects the file of the same day")
    yield _line("files", _list(source.files), corrected)
    if noted.encoding:
        yield _line("encoding", quoted("auto"), tr("found: {encoding}", encoding=noted.encoding))
    for key in ("sheet", "table"):
        if getattr(source, key):
            yield _line(key, quoted(getattr(source, key)))
    repeated = tr("{count} rows repeat it", count=noted.repeated) if noted.repeated else ""
    yield _line("key", _list(source.key), repeated or tr("by which a row is known again"))
    complete = tr("true: all rows each time, one that is missing is gone; false: rows are added or replaced")
    yield _line("complete", str(source.complete).lower(), complete)
    edition = tr(
        "the day of a file: folder (in its name or its folders'), column, or file (when it was changed)"
    )
    yield _line("edition", quoted(source.edition), edition)
    yield from _where(source, noted)
    yield from _columns(source, noted)
    yield from _values(source, noted)


def _where(source: Source, noted: Noted) -> Iterator[str]:
    if source.crs:
        yield _line("crs", quoted(source.crs), tr("by {evidence}", evidence=commented(noted.crs_from)))
    elif noted.crs:
        said = tr("not needed: the files say {crs}", crs=commented(noted.crs))
        yield _line("crs", quoted("EPSG:4547"), said, off=True)
    else:
        yield _line("crs", quoted("EPSG:4547"), tr("the files do not say their system; fill it in"), off=True)
    if source.datum:
        yield _line("datum", quoted(source.datum), tr("by {evidence}", evidence=commented(noted.datum_from)))
    else:
        said = tr("no offset is stated; gcj02 (高德) or bd09 (百度) if it is so")
        yield _line("datum", quoted("none"), said, off=True)


def _columns(source: Source, noted: Noted) -> Iterator[str]:
    lang, spec = language(), spec_of(source.layer)
    off = tr("the names of the files are the layer's own")
    yield "[source.columns]" if source.columns else f"# [source.columns]   # {off}"
    for name, given in source.columns.items():
        yield _line(name, quoted(given), "" if name in ("lon", "lat") else label(name, lang))
    for name in noted.lacking:
        if name not in source.columns:
            yield _line(
                name, '""', tr("needed, and not found: {title}", title=spec.field(name).title), off=True
            )
    if noted.spare:
        shown = listed(commented(name) for name in noted.spare[:_MOST])
        yield f"# {tr('columns of the files that are none of the layer: {columns}', columns=shown)}"


def _values(source: Source, noted: Noted) -> Iterator[str]:
    spec = spec_of(source.layer)
    for name in dict.fromkeys([*source.values, *noted.odd]):
        one = spec.field(name)
        standard = listed(one.ordered_values() or one.allowed())
        told = tr("values of the files = standard values: {values}", values=commented(standard))
        yield f"[source.values.{key_of(name)}]   # {told}"
        for given, meant in source.values.get(name, {}).items():
            yield _line(key_of(given), quoted(meant))
        odd = noted.odd.get(name, {})
        for given, count in list(odd.items())[:_MOST]:
            yield _line(key_of(given), '""', tr("{count:,} rows; not known, fill in", count=count), off=True)
        if len(odd) > _MOST:
            yield f"# {tr('and {rest} more values that are not known', rest=len(odd) - _MOST)}"


def _unplaced(unplaced: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"# {tr('What was found and could not be placed:')}"
    for name, why in unplaced:
        yield f"#   {commented(name)}: {_on_one_line(why)}"


def _rules() -> Iterator[str]:
    usual = Rules()
    yield "[rules]"
    yield _line(
        "older", quoted(usual.older), tr("files older than what is there: refuse, or keep as history")
    )
    yield _line(
        "shrink", f"{usual.shrink:g}", tr("stop if a complete set has lost more than this share of its rows")
    )
    correction = tr("a file of the same edition within so many days is a correction")
    yield _line("correction_days", str(usual.correction_days), correction)
    yield _line(
        "geometry_tolerance_m",
        f"{usual.geometry_tolerance_m:g}",
        tr("borders moved by less are unchanged, m"),
    )


def _thresholds() -> Iterator[str]:
    yield "[thresholds]"
    for name, rule in THRESHOLDS.items():
        yield _line(name, f"{rule.usual:g}", tr(rule.meaning), off=True)
    yield f"# {tr('also those of the table limits, such as:')}"
    rows = rules_table("limits").head(_LIMITS)
    for name, value, meaning, unit in zip(
        rows["limit"], rows["value"], rows["meaning"], rows["unit"], strict=True
    ):
        yield _line(name, value, f"{meaning}, {unit}", off=True)


def _deadlines() -> Iterator[str]:
    yield f"[deadlines]   # {tr('how long a class may take; the clocks are {clocks}', clocks=listed(CLOCKS))}"
    example = rules_table("deadlines").iloc[0]
    told = f"{example['event_name']}, {tr('an example from another city')}"
    yield _line(
        quoted(example["event_code"]), quoted(f"{example['deadline']}{example['clock']}"), told, off=True
    )


def _weights() -> Iterator[str]:
    lang = language()
    yield f"[weights]   # {tr('of indicators in the score')}"
    rows = rules_table("score_weights")
    for name, weight in zip(rows["indicator"], rows["weight"], strict=True):
        yield _line(name, weight, label(name, lang), off=True)
    yield f"[weights.risk]   # {tr('of grades of hazards')}"
    rows = rules_table("risk_weights")
    for name, weight in zip(rows["hazard_grade"], rows["weight"], strict=True):
        yield _line(quoted(name), weight, off=True)


def _duties() -> Iterator[str]:
    yield f"[duties]   # {tr('who handles a class of event; two digits stand for a whole group')}"
    yield _line(quoted("0102"), quoted("环卫处"), off=True)
    yield f'# [duties."130703005"]   # {tr("in this street alone")}'


def _lots() -> Iterator[str]:
    yield f"[public_lots]   # {tr('which parking lots are open to the public')}"
    yield _line("kinds", '["公共", "道路临时泊位"]', off=True)
    yield _line("also", '["T12"]', tr("codes of lots that are, whatever their kind"), off=True)
    yield _line("never", '["T13"]', tr("codes of lots that are not"), off=True)


def _contacts() -> Iterator[str]:
    yield f"[contacts]   # {tr('whom to call in a street, by its code or name')}"
    yield _line(quoted("130703005"), '{ name = "", phone = "", office = "" }', off=True)


def _publish() -> Iterator[str]:
    usual = Publish()
    yield f"[publish]   # {tr('what is published; without a folder nothing is')}"
    yield _line("folder", quoted(tr("published")), off=True)
    yield _line("language", quoted(usual.language), off=True)
    yield _line("personal", quoted(usual.personal), tr("names and telephone numbers: drop or mask"), off=True)
    yield _line("audience", quoted(usual.audience), tr("internal, or public"), off=True)
    yield _line("approval_number", '""', tr("the approval number of the map (审图号)"), off=True)
