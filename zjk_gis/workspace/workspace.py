"""The workspace (工作空间): a bureau's layers with their history, in one GeoPackage or one PostGIS schema."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.presentation import presented
from zjk_gis.read_report import report_of
from zjk_gis.words import tr
from zjk_gis.workspace.lookup import (
    adopted,
    current_layers,
    new_errors,
    refuse_late,
    spec_for,
    unknown_layer,
    version_read,
)
from zjk_gis.workspace.reading import WorkspaceReader
from zjk_gis.workspace.rules import (
    check_keepable,
    count_errors,
    crs_text,
    fitting_rows,
    free_name,
    joined_columns,
    now,
    on_the_ground,
)
from zjk_gis.workspace.versions import Version, archived_name, check_name, storable

if TYPE_CHECKING:
    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.workspace.rules import OnProblems

__all__ = ["Workspace"]

_ROW_IDS, _SHAPES = ("fid", "fid_", "fid__"), ("geom", "geom_", "geom__")


@presented
@checked
class Workspace(WorkspaceReader):
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
        wanted = spec_for(self._store, name, spec)
        began = self._began_from(name, layer, based_on)
        is_own = version_read(self._store, layer) is not None
        layer, declared, converted = on_the_ground(layer, source, datum, self.datums(), is_own=is_own)
        errors = count_errors(layer, wanted, name, on_problems)
        plain, columns = storable(layer, name)
        row_id, shape = (free_name(names, columns) for names in (_ROW_IDS, _SHAPES))
        geometry_name = str(plain.active_geometry_name)
        plain = gpd.GeoDataFrame(plain.rename_geometry(shape))
        with self._store.writing() as writing:
            found = current_layers(writing.versions(), writing.found(), name).get(name)
            if found is not None and not found.number:
                found = adopted(writing, found)
            refuse_late(name, began, 0 if found is None else found.number)
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
                note=tr("; ").join(text for text in (str(note), converted) if text),
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
            What to do where `validate` finds errors in the new rows, checked against those that are there.

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
        is_own = version_read(self._store, layer) is not None
        layer, declared, moved = on_the_ground(layer, source, datum, self.datums(), is_own=is_own)
        with self._store.writing() as writing:
            found = current_layers(writing.versions(), writing.found()).get(name)
            if found is None:
                raise unknown_layer(self._store, name)
            if not found.number:
                found = adopted(writing, found)
            rows, converted = fitting_rows(layer, found)
            spec = spec_of(found.spec) if found.spec in CATALOGUE else None
            errors = found.errors
            if spec is not None:
                errors = max(errors, 0) + new_errors(self._store, found, rows, spec, on_problems)
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
                note=tr("; ").join(text for text in (str(note), moved, converted) if text),
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
            found = current_layers(writing.versions(), writing.found()).get(name)
            if found is None and not (forget and versions):
                raise unknown_layer(self._store, name)
            if forget:
                tables = {each.table: each for each in [*versions, *([] if found is None else [found])]}
                for each in tables.values():
                    writing.drop(each)
                if versions:
                    writing.forget(name)
                return
            assert found is not None  # noqa: S101 - for the type checker: told apart above
            if not found.number:
                found = adopted(writing, found)
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

    def _began_from(self, name: str, layer: gpd.GeoDataFrame, based_on: int | None) -> tuple[int | None, str]:
        """Return the version that a change began from, where that is known, and how that is known."""
        if based_on is not None:
            return based_on, ""
        if "report" in layer.attrs:
            read = version_read(self._store, layer)
            return (read if report_of(layer).layer == name else None), ""
        # Many an operation loses a layer's attributes. Who read the layer here and writes it here means it.
        return self._seen.get(name), tr(", which was read here last")
