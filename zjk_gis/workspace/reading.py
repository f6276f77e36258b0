"""What is asked of a workspace without changing it: which layers and versions there are, and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError, ZjkGisError
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.presentation import Presentation, presented
from zjk_gis.read_report import ReadReport
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import is_address
from zjk_gis.workspace.city_file.city import workspace_of
from zjk_gis.workspace.conditions import conditions_of
from zjk_gis.workspace.geopackage import GeoPackageStore
from zjk_gis.workspace.lookup import (
    columns_of,
    current_layers,
    restored_columns,
    unknown_layer,
    version_of,
)
from zjk_gis.workspace.rules import (
    as_table,
    rectangle_of,
)

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from zjk_gis.workspace.stores import Store

__all__ = ["WorkspaceReader"]

_PERIOD = ("valid_from", "valid_to")


@presented
@checked
class WorkspaceReader:
    """Layers with their history, to be read; `zjk_gis.Workspace` changes them, too."""

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
            If the file is not a GeoPackage, is damaged, or its folder is missing.
        WorkspaceError
            If the database cannot be reached or has no PostGIS.
        MissingExtraError
            If a database is named and the packages for it are not installed.
        """
        target = workspace_of(target)
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
        current = current_layers(self._store.versions(), self._store.found())
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
            raise unknown_layer(self._store, name)
        return as_table(versions)

    def datums(self) -> dict[str, str]:
        """Return the datum that is remembered of each source: the one declared last.

        Returns
        -------
        dict of str to str
            ``gcj02``, ``bd09``, ``wgs84`` or ``cgcs2000`` by the source's name.

        Examples
        --------
        >>> import pathlib, tempfile, zjk_gis
        >>> from shapely import Point
        >>> calls = gpd.GeoDataFrame({"id": ["1"]}, geometry=[Point(114.87835, 40.819114)], crs=4490)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     city = zjk_gis.Workspace.open(pathlib.Path(folder, "city.gpkg"))
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
        return version_of(self._store, name, version).dtypes

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
            Only rows that are valid on this day, by ``valid_from`` and ``valid_to``.
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
        found = version_of(self._store, name, version)
        wanted = columns_of(found, columns)
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
        data = restored_columns(self._store, found, fetched, values)
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
