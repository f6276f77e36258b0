"""`zjk-gis import`: files and folders into a workspace, each checked on its way in."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import geopandas as gpd
import pandas as pd

from zjk_gis.cli.city import tell_report
from zjk_gis.cli.per_file import PerFile
from zjk_gis.cli.speaking import speaking
from zjk_gis.coordinates.datums import in_declared_datum
from zjk_gis.crs.systems import title_of
from zjk_gis.errors import CRSError, InputError, ProblemsError, ZjkGisError
from zjk_gis.io import list_layers, read_folder, read_layer
from zjk_gis.io.paths import is_readable
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.columns.datum_words import parse_datum
from zjk_gis.read_report import report_of
from zjk_gis.standards import rules_table
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city_file.city import city_of
from zjk_gis.workspace.city_file.reading import read_file, sources_in
from zjk_gis.workspace.city_file.systems import stored
from zjk_gis.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zjk_gis.cli.console import Console
    from zjk_gis.workspace.city_file import City, Source
    from zjk_gis.workspace.rules import OnProblems

__all__ = ["command"]


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("target")
@click.option(
    "--as", "specs", multiple=True, metavar="KIND | FILE=KIND",
    help="What the layer is, such as unit_grids or 单元网格; by default guessed. Of one file of several: "
    "井盖.shp=manholes, as often as needed.",
)  # fmt: skip
@click.option(
    "--name", help="The layer's name in the workspace; by default that of what it is, or of its file."
)
@click.option("--layer", help="Which layer or sheet of the file, where there are several.")
@click.option(
    "--crs", multiple=True, metavar="CRS | FILE=CRS",
    help="The system of the coordinates, where the file does not say, such as EPSG:4547; of one file: "
    "井盖.csv=EPSG:4547, as often as needed.",
)  # fmt: skip
@click.option("--append", is_flag=True, help="Add the rows to the layer that is there.")
@click.option("--keep-problems", is_flag=True, help="Take a layer in although there are errors in it.")
@click.option("--source", default="", help="Where the data come from; by default the file's name.")
@click.option("--note", default="", help="What is to be remembered of this change.")
@click.option(
    "--datum", multiple=True, metavar="DATUM | FILE=DATUM",
    help="The datum of the positions: gcj02 (高德), bd09 (百度), wgs84 or cgcs2000; by default what the file "
    "itself says. Of one file: 案件.csv=高德.",
)  # fmt: skip
@speaking
def command(
    paths: tuple[Path, ...],
    target: str,
    specs: tuple[str, ...],
    name: str | None,
    layer: str | None,
    crs: tuple[str, ...],
    append: bool,
    keep_problems: bool,
    source: str,
    note: str,
    datum: tuple[str, ...],
    console: Console,
) -> None:
    """Take files, folders and archives into a workspace.

    Every layer is read, guessed at with evidence, checked against what it must be, and becomes the next
    version of the layer of its name; several files of one kind are put together. --as, --crs and --datum hold
    for all files or, as FILE=..., for the one of this name or path in its folder (FILE:LAYER for one layer of
    it). A datum that is named is remembered of the source, and taken for the next file from it. TARGET is a
    GeoPackage (city.gpkg), a PostGIS schema (postgresql://user@host/database?schema=zjk) or a city file
    (city.toml): files of its sources are then read as it says, and layers kept in its system. Leaves with 1
    if something was not taken in.
    """
    said = PerFile.read(paths, specs, crs, datum)
    single = name is not None or said.kind is not None or layer is not None
    if single and (len(paths) > 1 or paths[0].is_dir()):
        raise InputError(
            tr("--as, --name and --layer are for one file; of a file among others say --as FILE=KIND")
        )
    on_problems: OnProblems = "keep" if keep_problems else "refuse"
    taken: list[dict[str, object]] = []
    refused: list[dict[str, object]] = []
    city = city_of(target)
    with Workspace.open(target) as workspace:
        begun: set[str] = set()
        reading = _Reading(said, layer, single, console, city, workspace.datums())
        for file, frame, known, error in reading.layers_of(paths):
            into = name or known or _name_of(file)
            try:
                if error:
                    raise InputError(error)
                assert frame is not None  # noqa: S101 - for the type checker: either is there
                origin = source or Path(file).name
                declared = report_of(frame).datum.get("declared_by") == "argument"
                known_datum = None if declared else workspace.datums().get(origin)
                if known_datum is not None:
                    console.note(
                        tr(
                            "{file}: positions taken for {title_of}, as remembered of {origin}",
                            file=file,
                            title_of=title_of(known_datum),
                            origin=origin,
                        ),
                    )
                ready = frame if city is None else _kept_in(city, frame, into, known_datum)
                adds = append or into in begun
                if adds:
                    version = workspace.append(into, ready, source=origin, note=note, on_problems=on_problems)
                else:
                    version = workspace.write(
                        into, ready, spec=known, source=origin, note=note, on_problems=on_problems
                    )
            except ZjkGisError as reason:
                why = _why(reason, frame, paths, known, console)
                refused.append({"file": file, "layer": into, "reason": why})
                console.note(tr("{file}: not taken in: {why}", file=file, why=why))
                continue
            begun.add(into)
            taken.append({"file": file, "layer": into, "spec": known, "rows": len(frame), "version": version})
            line = tr(
                "{file} -> {layer}: {rows:,} rows, version {version}",
                file=file,
                layer=into,
                rows=len(frame),
                version=version,
            )
            console.say(line + tr(" (appended)") * adds)
    console.result({"target": target, "taken": taken, "refused": refused})
    if refused or not taken:
        click.get_current_context().exit(1)


def _why(
    reason: ZjkGisError,
    frame: gpd.GeoDataFrame | None,
    paths: tuple[Path, ...],
    known: str | None,
    console: Console,
) -> str:
    """Say why a layer was not taken in, and what to do, in the words of the command."""
    if isinstance(reason, CRSError) and frame is not None and frame.crs is None:
        return tr(
            "no coordinate reference system; name it with --crs (such as --crs EPSG:4547); "
            "zjk-gis coordinates says what it may be",
        )
    if not isinstance(reason, ProblemsError):
        return str(reason)
    report = reason.report
    errors = report.problems[report.problems["severity"] == "error"]
    titles = rules_table("checks").set_index("check")[f"title_{console.lang}"]
    counts = [f"{titles[rule]} {count:,}" for rule, count in errors["rule"].value_counts(sort=False).items()]
    first = errors.iloc[0]
    place = "" if pd.isna(first["row"]) else f"{first['row']}: "
    files = " ".join(shlex.quote(str(path)) for path in paths[:1])
    if known and not paths[0].is_dir():
        files += f" --as {known}"
    return tr(
        "{count:,} errors ({kinds}); the first: {first}. All by row: zjk-gis check {files} -o problems.xlsx; "
        "to take it as it is, add --keep-problems",
        count=len(errors),
        kinds=listed(counts),
        first=f"{place}{first['field']} {first['value']} {first['message']}",
        files=files,
    )


_Layer = tuple[str, gpd.GeoDataFrame | None, str | None, str]  # file, rows, what they are, why unread


@dataclass(frozen=True, slots=True)
class _Reading:
    """How files are read: as the options say, then as the city file says of its sources."""

    said: PerFile
    layer: str | None
    single: bool
    console: Console
    city: City | None
    remembered: Mapping[str, str]

    def layers_of(self, paths: tuple[Path, ...]) -> Iterator[_Layer]:
        """Read one layer after the other."""
        for path in paths:
            if path.is_dir() or (path.suffix.lower() == ".zip" and not self.single):
                yield from self._of_folder(path)
            else:
                yield from self._of_file(path)

    def _of_file(self, path: Path) -> Iterator[_Layer]:
        sources = {} if self.city is None else sources_in(self.city, path)
        one = self.layer or path.suffix.lower() == ".zip"
        names: list[str | None] = [self.layer] if one else [*list_layers(path)]
        for each in names:
            kind, crs, datum = self.said.of(path, each or "")
            source = next(iter(sources.values()), None) if each is None else sources.get(each)
            known: str | None
            if source is not None and kind in (None, source.layer):
                frame, known = self._as_sent(path, each, source, crs, datum), source.layer
            else:
                known = kind or next((s.name for s in CATALOGUE.values() if each in (s.name, s.title)), None)
                if known is None and not self.single:
                    message = tr(
                        "{path}: what is its layer {each!r}? Say so with --as (such as --as "
                        "{name}:{each}=manholes), or import the folder it lies in",
                        path=path,
                        each=each,
                        name=path.name,
                    )
                    raise InputError(message)
                frame = read_layer(path, layer=each, crs=crs, datum=datum, spec=known)
            tell_report(frame, self.console)
            yield (str(path) if len(names) == 1 else f"{path}:{each}"), frame, known, ""

    def _as_sent(
        self, path: Path, layer: str | None, source: Source, crs: str | None, datum: str | None
    ) -> gpd.GeoDataFrame:
        assert self.city is not None  # noqa: S101 - for the type checker: it has the source
        remembered = self.remembered.get(path.name)
        return read_file(self.city, source, path, remembered=remembered, layer=layer, crs=crs, datum=datum)

    def _of_folder(self, path: Path) -> Iterator[_Layer]:
        """Read what sources of the city sent as the city file says, and guess what the rest is."""
        sent: list[str] = []
        for name, file, layer, source in _sent_in(self.city, path):
            kind, crs, datum = self.said.of(file.relative_to(path.resolve()), layer)
            if kind not in (None, source.layer):
                continue
            sent.append(name)
            try:
                rows = self._as_sent(file, layer, source, crs, datum)
            except ZjkGisError as error:
                yield name, None, source.layer, str(error)
                continue
            tell_report(rows, self.console)
            yield name, rows, source.layer, ""
        reading = read_folder(path, leave_out=sent, **self.said.in_folder(path))
        for row in reading.report.to_dict("records"):
            key, known = str(row["key"]), str(row["spec"]) or None
            frame = reading.layers.get(key)
            if row["error"] and not is_readable(Path(str(row["file"]))):
                self.console.note(tr("{file}: is not a layer; passed over", file=row["file"]))
            elif row["error"] or frame is None:
                yield str(row["file"]), None, known, str(row["error"])
            elif not isinstance(frame, gpd.GeoDataFrame):
                yield key, None, known, tr("no positions, so it is a table and not a layer")
            else:
                if known:
                    self.console.note(
                        tr(
                            "{key}: {kind} ({evidence})",
                            key=key,
                            kind=spec_of(known).title if self.console.lang == "zh" else known,
                            evidence=row["evidence"],
                        )
                    )
                tell_report(frame, self.console)
                yield key, frame, known, ""


def _sent_in(city: City | None, folder: Path) -> Iterator[tuple[str, Path, str, Source]]:
    """Tell what a folder holds of a city's sources: its key in `read_folder`, file, layer and source."""
    if city is None or not folder.is_dir():
        return
    root = folder.resolve()
    files = {file.resolve() for each in city.sources for file in city.files_of(each)}
    for file in sorted(each for each in files if each.is_relative_to(root) and is_readable(each)):
        told = file.relative_to(root).as_posix()
        try:
            sources, is_whole = sources_in(city, file), len(list_layers(file)) == 1
        except ZjkGisError:
            continue  # read_folder tells why it cannot be opened
        for layer, source in sources.items():
            yield (told if is_whole else f"{told}:{layer}"), file, layer, source


def _kept_in(city: City, frame: gpd.GeoDataFrame, name: str, datum: str | None) -> gpd.GeoDataFrame:
    """Return a layer on the ground and in the system in which a city keeps its layers."""
    if datum is not None:
        frame = in_declared_datum(frame, parse_datum(datum), told=city.path.name)
    return stored(frame, city, name)


def _name_of(file: str) -> str:
    """Make a layer's name of a file's."""
    stem = Path(file.rsplit(":", 1)[-1] if ":" in file[2:] else file).stem
    return re.sub(r"[^0-9A-Za-z_\u4e00-\u9fff]+", "_", stem).strip("_")[:15] or "layer"
