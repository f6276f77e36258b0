"""What is in a store: which version, column or layer is meant, and what to say of one that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.errors import InputError, WorkspaceError
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.checks.validate import validate
from zjk_gis.read_report import report_of
from zjk_gis.words import listed, tr
from zjk_gis.workspace.rules import count_or_refuse, in_beijing, moment_of
from zjk_gis.workspace.versions import restored

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.workspace.rules import OnProblems
    from zjk_gis.workspace.stores import Store, Writing
    from zjk_gis.workspace.versions import Version

__all__ = [
    "adopted", "columns_of", "current_layers", "new_errors", "refuse_late", "restored_columns", "spec_for",
    "unknown_layer", "version_of", "version_read",
]  # fmt: skip


def version_of(store: Store, name: str, version: int | str | dt.date | None) -> Version:
    """Return the version asked for, or say which there are."""
    versions = [each for each in store.versions() if each.layer == name]
    if not versions:
        versions = [each for each in store.found() if each.layer == name]
    if not versions:
        raise unknown_layer(store, name)
    if version is None:
        if versions[-1].action == "delete":
            raise InputError(
                tr(
                    "{name}: was deleted from {name_2} at {in_beijing}; version={number} reads what it was",
                    name=name,
                    name_2=store.name,
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


def current_layers(versions: list[Version], found: list[Version], name: str = "") -> dict[str, Version]:
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


def adopted(writing: Writing, found: Version) -> Version:
    """Enter a layer that others put there as the first version."""
    before = [each.number for each in writing.versions() if each.layer == found.layer]
    version = replace(found, number=max(before, default=0) + 1)
    writing.guard(version)
    writing.record(version)
    return version


def columns_of(version: Version, columns: Sequence[str] | None) -> Sequence[str]:
    """Return the columns asked for, all where none are named; refuse those that are not there."""
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


def restored_columns(
    store: Store, version: Version, columns: Sequence[str], values: Sequence[Sequence[Any]]
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
                    name=store.name,
                    layer=version.layer,
                    column=column,
                    error=error,
                )
            ) from error
    return data


def spec_for(store: Store, name: str, spec: LayerSpec | str | None) -> LayerSpec | None:
    """Return what a layer must be: as asked, as its name says, or as before."""
    if spec is not None:
        return spec_of(spec) if isinstance(spec, str) else spec
    by_name = next((each for each in CATALOGUE.values() if name in (each.name, each.title)), None)
    if by_name is not None:
        return by_name
    before = [each.spec for each in store.versions() if each.layer == name]
    return spec_of(before[-1]) if before and before[-1] in CATALOGUE else None


def version_read(store: Store, layer: gpd.GeoDataFrame) -> int | None:
    """Return which version a layer was read from, if it was from this workspace.

    A workspace has many names: a link to its file, a server's other addresses. What was read from it is
    known by the moment at which that version was written.
    """
    report = report_of(layer)
    version = report.version
    if version is None:
        return None
    if report.workspace == store.name:
        return version
    read = (report.layer, max(version, 1), report.written_at)
    known = [*store.versions(), *store.found()]
    same = any((each.layer, max(each.number, 1), each.written_at) == read for each in known)
    return version if same else None


def refuse_late(name: str, began: tuple[int | None, str], newest: int) -> None:
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


def new_errors(
    store: Store, found: Version, rows: gpd.GeoDataFrame, spec: LayerSpec, on_problems: OnProblems
) -> int:
    """Validate new rows beside those that are there; count or refuse what is wrong with the new."""
    names = [name for name, _ in found.columns]
    values, shapes = store.rows(found, names, [], None)
    data = restored_columns(store, found, names, values)
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


def unknown_layer(store: Store, name: str) -> InputError:
    """Return the refusal of a layer that is not there, which names those that are."""
    there = sorted(current_layers(store.versions(), store.found()))
    known = tr("its layers are {layers}", layers=listed(there)) if there else tr("it has none yet")
    return InputError(
        tr("{workspace}: no layer {name!r}; {known}", workspace=store.name, name=name, known=known)
    )
