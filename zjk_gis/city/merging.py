"""One edition of a source put into a layer, row by row.

1. A row that comes as it came last time leaves what is there, also where somebody has corrected it since.
2. A row of which a newer edition is there is passed over.
3. A row that differs is taken; so is one whose key is new, or had been withdrawn.
4. A row that a complete set lacks is withdrawn, unless it was only set aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.city.digests import row_digests
from zjk_gis.city.rows import compare_rows, keys_of
from zjk_gis.city.sending import typed
from zjk_gis.city.state import RowState
from zjk_gis.layers.catalogue import spec_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["Merged", "adopted_rows", "merge_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A layer with an edition in it.

    Attributes
    ----------
    layer : GeoDataFrame
        All of it.
    added_only : GeoDataFrame or None
        The rows that were added, where nothing else changed.
    changes : DataFrame
        As `compare_rows` returns them.
    states : dict of str to RowState
        Of the rows whose state is another one now.
    passed : int
        How many rows were passed over, since a newer edition of them is there.
    """

    layer: gpd.GeoDataFrame
    added_only: gpd.GeoDataFrame | None
    changes: pd.DataFrame
    states: dict[str, RowState]
    passed: int = 0


def adopted_rows(layer: gpd.GeoDataFrame, key: Sequence[str], columns: Sequence[str]) -> dict[str, RowState]:
    """Return the state of rows that were there before the first run: as if they had come without a date."""
    keys = keys_of(layer, key) if set(key) <= set(layer.columns) else pd.Series("", index=layer.index)
    own = (keys != "") & ~keys.duplicated(keep=False)
    there = [name for name in columns if name in layer]
    digests = row_digests(layer[own], columns=there)
    return {key: RowState("", digest) for key, digest in zip(keys[own], digests, strict=True)}


def merge_rows(
    layer: gpd.GeoDataFrame | None,
    rows: gpd.GeoDataFrame,
    known: Mapping[str, RowState],
    *,
    name: str,
    key: Sequence[str],
    day: str,
    complete: bool,
    set_aside: Collection[str] = (),
    measure: Any = None,
    tolerance_m: float = 0.05,
) -> Merged:
    """Put an edition into a layer.

    Parameters
    ----------
    layer : GeoDataFrame or None
        As it is; None before the first edition.
    rows : GeoDataFrame
        In the layer's system, each with a key of its own.
    known : mapping of str to RowState
        The rows of this source, as they were taken last.
    name : str
        Of the layer in the catalogue.
    key : sequence of str
    day : str
        Of the edition.
    complete : bool
        Whether rows that it lacks are withdrawn.
    set_aside : collection of str
        Keys of its rows that cannot be taken.
    measure, tolerance_m
        See `compare_rows`.

    Returns
    -------
    Merged
    """
    spec = spec_of(name)
    columns = [str(each) for each in rows.columns if each != "geometry"]
    new = gpd.GeoDataFrame(rows.set_index(pd.Index(keys_of(rows, key).to_numpy())))
    digests = dict(zip(new.index, row_digests(new, columns=columns), strict=True))
    there = _by_key(layer, key, known)

    # 1 and 2. What comes as before, and what is older than what is there.
    later = {
        each for each in new.index if each in known and day and known[each].day and day < known[each].day
    }
    there_before = {each: told.digest for each, told in known.items() if not told.is_gone}
    as_before = {each for each in new.index if each not in later and there_before.get(each) == digests[each]}
    # 3. What differs by more than the tolerance.
    asked = new.loc[[each for each in new.index if each not in later and each not in as_before]]
    present = there.loc[there.index.intersection(asked.index, sort=False)]
    gone_before = {each for each in asked.index if each in known and known[each].is_gone}
    changes = compare_rows(
        _renumbered(present), _renumbered(asked), key=list(key), measure=measure, tolerance_m=tolerance_m,
        complete=False, withdrawn_before=gone_before,
    )  # fmt: skip
    taken = asked.loc[asked.index.isin(changes["row_key"])]
    # 4. What a complete set lacks.
    lacking: list[str] = []
    if complete:
        kept = {*new.index, *set_aside}
        lacking = sorted(each for each in known if each not in kept and not known[each].is_gone)
    withdrawn = pd.DataFrame(
        {"row_key": lacking, "change": "withdrawn", "columns": "", "moved_m": float("nan")}
    ).astype(changes.dtypes.to_dict())
    changes = pd.concat([changes, withdrawn], ignore_index=True) if lacking else changes
    changes = changes.sort_values(["row_key", "change"], ignore_index=True)

    states = {each: RowState(day, digests[each]) for each in taken.index}
    states |= {each: RowState(day, known[each].digest, is_gone=True) for each in lacking}
    # What did not move beyond the tolerance is remembered as it is there; a later part renews its day.
    quiet = [each for each in asked.index if each not in states]
    states |= {each: RowState(day, known[each].digest if each in known else digests[each]) for each in quiet}
    if not complete:
        states |= {each: RowState(day, known[each].digest) for each in as_before if known[each].day != day}
    result, added = _put_in(layer, taken, there, lacking, key)
    return Merged(
        layer=typed(result, spec),
        added_only=None if added is None else typed(added, spec),
        changes=changes,
        states=states,
        passed=len(later),
    )


def _by_key(
    layer: gpd.GeoDataFrame | None, key: Sequence[str], known: Mapping[str, RowState]
) -> gpd.GeoDataFrame:
    """Return the rows of a layer that belong to a source, by key."""
    if layer is None or not set(key) <= set(layer.columns):
        return gpd.GeoDataFrame({**{name: [] for name in key}}, geometry=[], crs=getattr(layer, "crs", None))
    keys = keys_of(layer, key)
    own = keys.isin(list(known)) & ~keys.duplicated(keep=False)
    found = layer[own].assign(_at=layer.index[own])
    return gpd.GeoDataFrame(found.set_index(pd.Index(keys[own].to_numpy())))


def _renumbered(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows.drop(columns="_at", errors="ignore").reset_index(drop=True))


def _put_in(
    layer: gpd.GeoDataFrame | None,
    taken: gpd.GeoDataFrame,
    there: gpd.GeoDataFrame,
    lacking: Sequence[str],
    key: Sequence[str],
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Return the layer with rows in the places of those they replace, new ones behind, and these alone."""
    if layer is None:
        alone = gpd.GeoDataFrame(taken.sort_index().reset_index(drop=True))
        return alone, None
    places = there["_at"] if "_at" in there else pd.Series(dtype="int64")
    replaced = taken.index.intersection(places.index, sort=False)
    fresh = gpd.GeoDataFrame(taken.loc[taken.index.difference(replaced)].reset_index(drop=True))
    gone = places[places.index.isin(lacking)].to_list()
    result = layer.drop(index=gone)
    if len(replaced):
        result = result.astype({name: object for name in result if name != "geometry"})
        result = result.reindex(columns=[*result.columns, *(each for each in taken if each not in result)])
        rows = taken.loc[replaced].set_index(pd.Index(places[replaced].to_numpy()))
        for name in rows.columns:
            result.loc[rows.index, name] = rows[name].astype(object).to_numpy()
        result = gpd.GeoDataFrame(result, geometry="geometry", crs=layer.crs)
    if not len(fresh):
        return gpd.GeoDataFrame(result.reset_index(drop=True)), None
    both = pd.concat(
        [each.astype({name: object for name in each if name != "geometry"}) for each in (result, fresh)],
        ignore_index=True,
    )
    together = gpd.GeoDataFrame(both, geometry="geometry", crs=layer.crs)
    only = not gone and not len(replaced) and set(fresh.columns) <= set(layer.columns)
    return together, fresh if only else None
