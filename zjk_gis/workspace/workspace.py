"""The workspace (工作空间): a bureau's layers with their history, in one GeoPackage or one PostGIS schema."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeGuard
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError, WorkspaceError, ZjkGisError
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.checks.validate import validate
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.presentation import Presentation, presented
from zjk_gis.read_report import ReadReport, report_of
from zjk_gis.words import listed, tr
from zjk_gis.workspace.conditions import conditions_of
from zjk_gis.workspace.geopackage import GeoPackageStore
from zjk_gis.workspace.rules import (
    as_table,
    check_keepable,
    count_errors,
    count_or_refuse,
    crs_text,
    fitting_rows,
    free_name,
    in_beijing,
    joined_columns,
    moment_of,
    now,
    on_the_ground,
    rectangle_of,
)
from zjk_gis.workspace.versions import Version, archived_name, check_name, restored, storable

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.workspace.rules import OnProblems
    from zjk_gis.workspace.stores import Store, Writing

__all__ = ["Workspace", "is_address", "shown"]

_SERVERS = ("postgresql://", "postgres://", "postgresql+psycopg://")
_TOLD = ("schema", "host", "hostaddr", "port", "dbname", "service")  # which say where a database is
_PERIOD = ("valid_from", "valid_to")
_ROW_IDS, _SHAPES = ("fid", "fid_", "fid__"), ("geom", "geom_", "geom__")


def is_address(target: object) -> TypeGuard[str]:
    """Tell whether a target names a database, and not a file.

    Examples
    --------
    >>> is_address("postgresql://gis@server/zjk"), is_address("city.gpkg")
    (True, False)
    """
    return isinstance(target, str) and target.startswith(_SERVERS)


def shown(target: str | os.PathLike[str]) -> str:
    """Name a file, or a database without who reads it and by which password.

    Examples
    --------
    >>> shown("postgresql://gis:secret@server/zjk?schema=city&password=secret")
    'postgresql://server/zjk?schema=city'
    """
    if not is_address(target):
        return str(target)
    parts = urlsplit(target)
    told = [each for each in parts.query.split("&") if each.partition("=")[0] in _TOLD]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}?{'&'.join(told)}".rstrip("?")


@presented
@checked
class Workspace:
    """A bureau's layers with their history (工作空间), in one GeoPackage or one PostGIS schema.

    Every change makes a new version of a layer and leaves the earlier ones as they were, so that yesterday's
    zones can be read tomorrow. The current version is a table of the layer's own name, which QGIS opens;
    no other program can change its rows.

    Parameters
    ----------
    store
        Use `Workspace.open`.

    Notes
    -----
    A change is there whole or not at all, whenever the process ends. Writers wait for each other: of one
    GeoPackage, or of one layer's schema on a server. Appended rows are added behind those that are there, and
    a version of the layer is the rows up to some number: appending copies nothing.

    Values come back with the dtypes that they had; times are kept to the millisecond, mixed columns and
    categories as text. The index is not kept.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from shapely import box
    >>> shapes = [box(0, 0, 9, 9), box(9, 0, 18, 9)]
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A", "B"]}, geometry=shapes, crs=4547)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     city = Workspace.open(pathlib.Path(folder, "city.gpkg"))
    ...     _ = city.write("patrols", zones, source="drawn by hand")
    ...     _ = city.write("patrols", zones.iloc[:1])
    ...     len(city.read("patrols")), len(city.read("patrols", version=1))
    (1, 2)
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, int] = {}  # the version of each layer that was read or written here last

    @classmethod
    def open(cls, target: str | os.PathLike[str], *, wait_s: float = 60.0) -> Self:
        """Open a workspace, or begin one.

        Parameters
        ----------
        target : str or path
            A GeoPackage (``city.gpkg``), made with the first layer that is written; or a PostgreSQL database
            with PostGIS, as ``postgresql://user@host/database?schema=zjk`` (without ``schema`` the schema
            ``public``). The password is best kept in ``~/.pgpass`` or the variable ``PGPASSWORD``.
        wait_s : float, default 60
            How long to wait, in seconds, for another process that is writing.

        Returns
        -------
        Workspace

        Raises
        ------
        InputError
            If `target` is neither.
        FileError
            If the file is no GeoPackage, is damaged, or its folder is missing.
        WorkspaceError
            If the database cannot be reached or has no PostGIS.
        MissingExtraError
            If a database is named and the packages for it are not installed.
        """
        if is_address(target):
            from zjk_gis.workspace.postgis import PostgisStore

            return cls(PostgisStore(target, wait_s=wait_s))
        return cls(GeoPackageStore(target, wait_s=wait_s))  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        """Return the workspace itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the workspace."""
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._store.close()

    def list(self) -> pd.DataFrame:
        """Return which layers there are.

        Returns
        -------
        DataFrame
            One row a layer, by name:

            - ``layer``, ``title`` (text): its name, and its Chinese one where the catalogue knows the layer
            - ``rows`` (int64)
            - ``version`` (int64): of how many; 0 for a layer that others put there
            - ``written_at`` (datetime64, Beijing time)
            - ``source``, ``spec``, ``datum`` (the one declared, or empty), ``crs`` (text)
            - ``errors`` (Int64): how many `validate` found when it was written; missing if none was asked
            - ``minx``, ``miny``, ``maxx``, ``maxy`` (float64): in its own CRS
        """
        current = _current(self._store.versions(), self._store.found())
        table = as_table(current[name] for name in sorted(current))
        titles = [spec_of(spec).title if spec in CATALOGUE else "" for spec in table["spec"]]
        table.insert(1, "title", pd.Series(titles, dtype="str"))
        bounds = np.array([current[name].bounds or [np.nan] * 4 for name in sorted(current)], dtype=float)
        table[["minx", "miny", "maxx", "maxy"]] = bounds.reshape(-1, 4)
        return table.drop(columns=["action", "note"])

    def history(self, name: str) -> pd.DataFrame:
        """Return the versions of a layer, deleted ones too.

        Returns
        -------
        DataFrame
            One row a version, oldest first: ``layer``, ``version``, ``action`` (``write``, ``append``,
            ``delete``, or ``found`` for what was there before), ``rows``, ``written_at``, ``source``,
            ``note``, ``spec``, ``datum``, ``crs``, ``errors``, as in `list`.

        Raises
        ------
        InputError
            If there never was such a layer.
        """
        versions = [each for each in self._store.versions() if each.layer == name]
        versions = versions or [each for each in self._store.found() if each.layer == name]
        if not versions:
            raise self._unknown(name)
        return as_table(versions)

    def datums(self) -> dict[str, str]:
        """Return the datum that is remembered of each source: the one declared last.

        Returns
        -------
        dict of str to str
            ``gcj02``, ``bd09``, ``wgs84`` or ``cgcs2000`` by the source's name.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from shapely import Point
        >>> calls = gpd.GeoDataFrame({"id": ["1"]}, geometry=[Point(114.87835, 40.819114)], crs=4490)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     city = Workspace.open(pathlib.Path(folder, "city.gpkg"))
        ...     _ = city.write("calls", calls, source="12345", datum="高德")
        ...     _ = city.append("calls", calls, source="12345")
        ...     city.datums(), city.read("calls").geometry.x.round(5).tolist()
        ({'12345': 'gcj02'}, [114.87222, 114.87222])
        """
        declared = [each for each in self._store.versions() if each.source and each.datum]
        return {each.source: each.datum for each in sorted(declared, key=lambda each: each.written_at)}

    def dtypes(self, name: str, *, version: int | str | dt.date | None = None) -> dict[str, str]:
        """Return the columns of a layer and their dtypes, without reading its rows.

        Parameters
        ----------
        name : str
        version : int, date or str, optional
            As for `read`.

        Returns
        -------
        dict of str to str

        Raises
        ------
        InputError
            If there is no such layer or version.
        """
        return self._version(name, version).dtypes

    def read(
        self,
        name: str,
        *,
        bbox: tuple[float, float, float, float] | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
        at: str | dt.date | None = None,
        version: int | str | dt.date | None = None,
    ) -> gpd.GeoDataFrame:
        """Return a layer, or some of it, as it is or as it was.

        Parameters
        ----------
        name : str
        bbox : tuple of four floats, GeoDataFrame or GeoSeries, optional
            Only rows whose shape meets this rectangle: ``(minx, miny, maxx, maxy)`` in the layer's CRS, or
            the bounds of a layer, which is converted.
        columns : sequence of str, optional
            Only these, and the geometry.
        where : mapping of str to value, optional
            Only rows whose column is the value, one of a list, or within a tuple ``(least, most)``, both
            included and None for an open end; None itself asks for rows without a value:
            ``{"street_code": ["130703001", "130703002"], "level": (2, None)}``.
        at : date or str, optional
            Only rows that hold on this day, by ``valid_from`` and ``valid_to``.
        version : int, date or str, optional
            A version by its number, or the one that was current at a time (Beijing time; a day means its
            end). By default the newest.

        Returns
        -------
        GeoDataFrame
            In the order written, numbered from 0. ``attrs["report"]`` tells ``workspace``, ``layer``,
            ``version``, ``written_at``, ``source``, ``rows`` and ``crs``.

        Raises
        ------
        InputError
            If there is no such layer, version or column, or a condition cannot be asked of a column.
        WorkspaceError
            If the store cannot be read.
        """
        found = self._version(name, version)
        wanted = self._columns(found, columns)
        conditions = conditions_of(where, found)
        crs = found.parsed_crs
        rectangle = rectangle_of(bbox, found)
        period = [each for each in _PERIOD if at is not None and each in found.dtypes and each not in wanted]
        if at is not None and not set(_PERIOD) & set(found.dtypes):
            raise InputError(
                tr(
                    "{name}: has neither valid_from nor valid_to, so at= cannot be asked; version= can",
                    name=name,
                )
            )
        fetched = [*wanted, *period]
        values, shapes = self._store.rows(found, fetched, conditions, rectangle)
        data = self._restored(found, fetched, values)
        frame = gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
        if rectangle is not None:
            frame = frame[shapely.intersects(frame.geometry.to_numpy(), shapely.box(*rectangle))]
        if at is not None:
            begins, ends = validity_days(frame, name)
            day = day_of(at)
            frame = frame[(begins <= day) & (day <= ends)]
        frame = frame[[*wanted, "geometry"]].reset_index(drop=True)
        if found.geometry_name != "geometry":
            frame = frame.rename_geometry(found.geometry_name)
        if version is None:
            self._seen[name] = found.number
        frame.attrs = {
            "report": ReadReport(
                workspace=self._store.name,
                layer=name,
                version=found.number,
                written_at=found.written_at,
                source=found.source,
                rows=len(frame),
                crs=found.crs or None,
            )
        }
        return frame

    def write(
        self,
        name: str,
        layer: gpd.GeoDataFrame,
        *,
        spec: LayerSpec | str | None = None,
        source: str = "",
        datum: str | None = None,
        note: str = "",
        on_problems: OnProblems = "refuse",
        based_on: int | None = None,
    ) -> int:
        """Write a layer as its new version; the earlier ones stay.

        Parameters
        ----------
        name : str
            Letters, digits, underscores and Chinese characters.
        layer : GeoDataFrame
            With a CRS. Not changed; its index is not kept.
        spec : LayerSpec or str, optional
            What the layer must be; by default that of the catalogue's layer of this name, or what the layer
            was written with before. A layer of another name without a spec is not validated.
        source, note : str, optional
            Where it comes from, and what is to be remembered of the change.
        datum : str, optional
            The datum of its positions (``"gcj02"``, ``"bd09"``, ``"wgs84"``, ``"cgcs2000"``), from which they
            are brought to CGCS2000, once: not if `read_layer` did so. It is remembered of `source`, and so is
            one that was declared to `read_layer`; by default what is remembered of the source is taken, and
            the note says so. It comes before what the layer's file states.
        on_problems : {"refuse", "keep"}
            What to do where `validate` finds errors: refuse the layer, or write it and count them.
        based_on : int, optional
            The version that the change began from; by default the one that `read` gave, if the layer comes
            from it, under whatever name the workspace was opened. A layer that has lost its ``attrs`` is
            taken to come from the version that was read last. Where others have changed the layer since,
            nothing is written.

        Returns
        -------
        int
            The number of the version.

        Raises
        ------
        InputError
            If the name, a column or the CRS cannot be stored, `validate` finds errors, or `datum` is unknown.
        CRSError
            If the layer has no CRS, or one that contradicts the datum.
        WorkspaceError
            If others changed the layer since it was read, or the store cannot be written.
        """
        check_name(name)
        check_keepable(layer, name)
        wanted = self._spec(name, spec)
        began = self._began_from(name, layer, based_on)
        is_own = self._version_read(layer) is not None
        layer, declared, converted = on_the_ground(layer, source, datum, self.datums(), is_own=is_own)
        errors = count_errors(layer, wanted, name, on_problems)
        plain, columns = storable(layer, name)
        row_id, shape = (free_name(names, columns) for names in (_ROW_IDS, _SHAPES))
        geometry_name = str(plain.active_geometry_name)
        plain = gpd.GeoDataFrame(plain.rename_geometry(shape))
        with self._store.writing() as writing:
            found = _current(writing.versions(), writing.found(), name).get(name)
            if found is not None and not found.number:
                found = _adopted(writing, found)
            self._refuse_late(name, began, 0 if found is None else found.number)
            number = max((each.number for each in writing.versions() if each.layer == name), default=0) + 1
            version = Version(
                layer=name,
                number=number,
                action="write",
                table=name,
                last_row=len(plain),
                columns=columns,
                row_id=row_id,
                geometry=shape,
                geometry_name=geometry_name,
                crs=crs_text(plain),
                rows=len(plain),
                errors=errors,
                written_at=now(),
                source=str(source),
                note="; ".join(text for text in (str(note), converted) if text),
                spec="" if wanted is None else wanted.name,
                datum=declared,
            ).with_shapes(plain)
            writing.create(plain, version, found)
            writing.record(version)
        if name in self._seen:
            self._seen[name] = number
        return number

    def append(
        self,
        name: str,
        layer: gpd.GeoDataFrame,
        *,
        source: str = "",
        datum: str | None = None,
        note: str = "",
        on_problems: OnProblems = "refuse",
    ) -> int:
        """Add rows to a layer, which makes its next version.

        Parameters
        ----------
        name : str
            A layer that is there.
        layer : GeoDataFrame
            The rows; converted to the layer's CRS where theirs is another, which the note then says.
            Columns that they lack stay missing.
        source, datum, note : str, optional
            As for `write`.
        on_problems : {"refuse", "keep"}
            What to do where `validate` finds errors in the new rows, held against those that are there.

        Returns
        -------
        int
            The number of the version.

        Raises
        ------
        InputError
            If there is no such layer, the rows have columns that it lacks or values of another kind,
            `validate` finds errors in them, or `datum` is unknown.
        CRSError
            If the rows have no CRS, or one that contradicts the datum.
        WorkspaceError
            If the store cannot be written.
        """
        check_name(name)
        check_keepable(layer, name)
        is_own = self._version_read(layer) is not None
        layer, declared, moved = on_the_ground(layer, source, datum, self.datums(), is_own=is_own)
        with self._store.writing() as writing:
            found = _current(writing.versions(), writing.found()).get(name)
            if found is None:
                raise self._unknown(name)
            if not found.number:
                found = _adopted(writing, found)
            rows, converted = fitting_rows(layer, found)
            spec = spec_of(found.spec) if found.spec in CATALOGUE else None
            errors = found.errors
            if spec is not None:
                errors = max(errors, 0) + self._new_errors(found, rows, spec, on_problems)
            plain, columns = storable(rows, name)
            joined = joined_columns(found, plain, dict(columns))
            plain = gpd.GeoDataFrame(plain.rename_geometry(found.geometry))
            version = replace(
                found,
                number=found.number + 1,
                action="append",
                columns=joined,
                last_row=found.last_row + len(plain),
                rows=found.rows + len(plain),
                errors=errors,
                written_at=now(),
                source=str(source),
                note="; ".join(text for text in (str(note), moved, converted) if text),
                datum=declared,
            ).with_shapes(plain)
            if len(plain):
                writing.extend(plain, found, version)
            writing.record(version)
        # A layer that was there before the workspace has the number 0 and becomes version 1.
        if name in self._seen and max(self._seen[name], 1) == version.number - 1:
            self._seen[name] = version.number
        return version.number

    def delete(self, name: str, *, note: str = "", forget: bool = False) -> None:
        """Remove a layer; its versions can still be read unless they are to be forgotten.

        Parameters
        ----------
        name : str
        note : str, optional
            Why.
        forget : bool, default False
            Remove every version too, for good.

        Raises
        ------
        InputError
            If there is no such layer.
        WorkspaceError
            If the store cannot be written.
        """
        with self._store.writing() as writing:
            versions = [each for each in writing.versions() if each.layer == name]
            found = _current(writing.versions(), writing.found()).get(name)
            if found is None and not (forget and versions):
                raise self._unknown(name)
            if forget:
                tables = {each.table: each for each in [*versions, *([] if found is None else [found])]}
                for each in tables.values():
                    writing.drop(each)
                if versions:
                    writing.forget(name)
                return
            assert found is not None  # noqa: S101 - for the type checker: told apart above
            if not found.number:
                found = _adopted(writing, found)
            writing.archive(found)
            gone = replace(
                found,
                number=found.number + 1,
                action="delete",
                table=archived_name(found),
                last_row=0,
                rows=0,
                errors=-1,
                bounds=None,
                written_at=now(),
                source="",
                note=str(note),
                datum="",
            )
            writing.record(gone)

    def _version(self, name: str, version: int | str | dt.date | None) -> Version:
        """Return the version asked for, or say which there are."""
        versions = [each for each in self._store.versions() if each.layer == name]
        if not versions:
            versions = [each for each in self._store.found() if each.layer == name]
        if not versions:
            raise self._unknown(name)
        if version is None:
            if versions[-1].action == "delete":
                raise InputError(
                    tr(
                        "{name}: was deleted from {name_2} at {in_beijing}; version={number} reads what it "
                        "was",
                        name=name,
                        name_2=self._store.name,
                        in_beijing=in_beijing(versions[-1].written_at),
                        number=versions[-2].number,
                    )
                )
            return versions[-1]
        if isinstance(version, int | np.integer):
            found = next((each for each in versions if each.number == version), None)
        else:
            moment = moment_of(version)
            found = next((each for each in reversed(versions) if each.written_at <= moment), None)
        if found is None or found.action == "delete":
            known = ", ".join(f"{each.number} ({in_beijing(each.written_at)})" for each in versions[-8:])
            raise InputError(
                tr(
                    "{name}: no version {version!s} with rows; the newest versions are {known}",
                    name=name,
                    version=version,
                    known=known,
                )
            )
        return found

    def _restored(
        self, version: Version, columns: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> dict[str, pd.Series]:
        """Give each column its dtype; a table of others may hold what its columns do not declare."""
        data = {}
        for column, each in zip(columns, values, strict=True):
            try:
                data[column] = restored(each, version.dtypes[column])
            except (ValueError, TypeError) as error:
                raise WorkspaceError(
                    tr(
                        "{name}: {layer}: {column} holds what it does not declare: {error}",
                        name=self._store.name,
                        layer=version.layer,
                        column=column,
                        error=error,
                    )
                ) from error
        return data

    def _columns(self, version: Version, columns: Sequence[str] | None) -> Sequence[str]:
        if columns is None:
            return [name for name, _ in version.columns]
        if isinstance(columns, str) or not isinstance(columns, Iterable):
            raise InputError(tr("columns must be a list of names, such as [{columns!r}]", columns=columns))
        wanted = [name for name in columns if name != version.geometry_name]
        missing = [name for name in wanted if name not in version.dtypes]
        if missing:
            raise InputError(
                tr(
                    "{layer}: no column {missing}; its columns are {dtypes}",
                    layer=version.layer,
                    missing=", ".join(map(repr, missing)),
                    dtypes=", ".join(version.dtypes),
                )
            )
        return list(dict.fromkeys(wanted))

    def _spec(self, name: str, spec: LayerSpec | str | None) -> LayerSpec | None:
        """Return what a layer must be: as asked, as its name says, or as before."""
        if spec is not None:
            return spec_of(spec) if isinstance(spec, str) else spec
        by_name = next((each for each in CATALOGUE.values() if name in (each.name, each.title)), None)
        if by_name is not None:
            return by_name
        before = [each.spec for each in self._store.versions() if each.layer == name]
        return spec_of(before[-1]) if before and before[-1] in CATALOGUE else None

    def _began_from(self, name: str, layer: gpd.GeoDataFrame, based_on: int | None) -> tuple[int | None, str]:
        """Return the version that a change began from, where that is known, and whence it is."""
        if based_on is not None:
            return based_on, ""
        if "report" in layer.attrs:
            read = self._version_read(layer)
            return (read if report_of(layer).layer == name else None), ""
        # Many an operation loses a layer's attributes. Who read the layer here and writes it here means it.
        return self._seen.get(name), tr(", which was read here last")

    def _version_read(self, layer: gpd.GeoDataFrame) -> int | None:
        """Return which version a layer was read from, if it was from this workspace.

        A workspace has many names: a link to its file, a server's other addresses. What was read from it is
        known by the moment at which that version was written.
        """
        report = report_of(layer)
        version = report.version
        if version is None:
            return None
        if report.workspace == self._store.name:
            return version
        read = (report.layer, max(version, 1), report.written_at)
        known = [*self._store.versions(), *self._store.found()]
        same = any((each.layer, max(each.number, 1), each.written_at) == read for each in known)
        return version if same else None

    def _refuse_late(self, name: str, began: tuple[int | None, str], newest: int) -> None:
        """Refuse a change that began from a version which is not the newest any more."""
        version, known_by = began
        if version is None or version == newest or (version == 0 and newest == 1):
            return
        raise WorkspaceError(
            tr(
                "{name}: the change began from version {version}{known_by}, and the newest is "
                "{newest}; read it again and carry the change over, or pass based_on={newest} to "
                "write this in its place",
                name=name,
                version=version,
                known_by=known_by,
                newest=newest,
            )
        )

    def _new_errors(
        self, found: Version, rows: gpd.GeoDataFrame, spec: LayerSpec, on_problems: OnProblems
    ) -> int:
        """Validate new rows beside those that are there; count or refuse what is wrong with the new."""
        names = [name for name, _ in found.columns]
        values, shapes = self._store.rows(found, names, [], None)
        data = self._restored(found, names, values)
        there = gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(shapes, crs=rows.crs), crs=rows.crs)
        # The rows that are there get labels below zero: what is wrong with the new ones keeps their numbers.
        there.index = pd.RangeIndex(-len(there), 0)
        new = rows.reset_index(drop=True)
        if new.active_geometry_name != "geometry":
            new = new.rename_geometry("geometry")
        both = gpd.GeoDataFrame(
            pd.concat([there.astype(object), new.astype(object)]), geometry="geometry", crs=rows.crs
        )
        for name in names:
            both[name] = both[name].infer_objects()
        report = validate(both, spec)
        numbers = pd.to_numeric(report.problems["row"], errors="coerce")
        wrong = (report.problems["severity"] == "error") & ~(numbers < 0)
        return count_or_refuse(report, report.problems[wrong], found.layer, on_problems)

    def _unknown(self, name: str) -> InputError:
        there = sorted(_current(self._store.versions(), self._store.found()))
        known = tr("its layers are {layers}", layers=listed(there)) if there else tr("it has none yet")
        return InputError(
            tr("{workspace}: no layer {name!r}; {known}", workspace=self._store.name, name=name, known=known)
        )

    def _presentation(self) -> Presentation:
        """Name the store, without its password, and what is in it, if it can be asked."""
        told = tr("The workspace {name}.", name=self._store.name)
        try:
            layers = self.list()
        except (ZjkGisError, OSError):
            return Presentation(told)
        return excerpt(
            tr("{told} Layers: {count:,}.", told=told, count=len(layers)),
            layers,
            ["layer", "title", "rows", "version", "written_at", "crs"],
        )


def _current(versions: list[Version], found: list[Version], name: str = "") -> dict[str, Version]:
    """Return the newest version of each layer that was not deleted; refuse a name that differs in case."""
    newest = {each.layer: each for each in [*found, *versions]}
    current = {layer: each for layer, each in newest.items() if each.action != "delete"}
    other = next((each for each in current if each.casefold() == name.casefold() and each != name), None)
    if other is not None:
        raise InputError(
            tr(
                "{name}: there is a layer {other!r}; names that differ in case only are refused",
                name=name,
                other=other,
            )
        )
    return current


def _adopted(writing: Writing, found: Version) -> Version:
    """Enter a layer that others put there as the first version."""
    before = [each.number for each in writing.versions() if each.layer == found.layer]
    version = replace(found, number=max(before, default=0) + 1)
    writing.guard(version)
    writing.record(version)
    return version
