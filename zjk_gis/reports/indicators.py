"""Key figures of an assignment: how many incidents were assigned how, and who has most of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.columns.coordinates import is_rejected, needs_a_look
from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from zjk_gis.batch.outcome import JobSummary

__all__ = ["assignment_summary", "busiest_chiefs", "counts_by_outcome", "found_counts", "job_summary"]

_FOUND = ("inside", "border", "nearest", "none")


@checked
def assignment_summary(assigned: pd.DataFrame | gpd.GeoDataFrame) -> dict[str, Any]:
    """Count how many incidents (案件) were assigned how, and how many a person should look at.

    Parameters
    ----------
    assigned : DataFrame
        What `assign_incidents` returned.

    Returns
    -------
    dict
        Plain numbers, ready for JSON: ``incidents``; ``found``, a dict of ``inside``, ``border``,
        ``nearest`` and ``none``; ``rejected``, those without a usable position, which are in none of
        these, so that the five sum to ``incidents``; ``reason``, a dict of those that occur; ``ambiguous``
        (待确认归属), of those that are not rejected.

    Raises
    ------
    MissingColumnError
        If a column that `assign_incidents` adds is missing.

    Examples
    --------
    >>> assigned = pd.DataFrame(
    ...     {
    ...         "found": ["inside", "border", "none"],
    ...         "reason": ["one_zone", "shared_border", "no_position"],
    ...         "ambiguous": [False, True, True],
    ...     }
    ... )
    >>> summary = assignment_summary(assigned)
    >>> summary["incidents"], summary["found"], summary["ambiguous"], summary["rejected"]
    (3, {'inside': 1, 'border': 1, 'nearest': 0, 'none': 0}, 1, 1)
    """
    _require(assigned, "found", "reason", "ambiguous")
    found = found_counts(assigned)
    reasons = assigned["reason"].value_counts()
    return {
        "incidents": len(assigned),
        "found": {name: found[name] for name in _FOUND},
        "reason": {name: int(reasons[name]) for name in sorted(reasons.index)},
        "ambiguous": int(needs_a_look(assigned).sum()),
        "rejected": found["rejected"],
    }


def job_summary(done: JobSummary) -> dict[str, Any]:
    """Return what a job did as plain numbers, counted as `assignment_summary` does.

    Parameters
    ----------
    done : JobSummary
        As `assign_batch` returns it.

    Returns
    -------
    dict
        Ready for JSON: ``incidents``, ``found``, ``reason``, ``ambiguous`` and ``rejected`` as
        `assignment_summary` has them, and what the job tells of itself.
    """
    return {
        "incidents": done.rows_in,
        "found": {name: done.found.get(name, 0) for name in _FOUND},
        "reason": done.reason,
        "ambiguous": done.ambiguous,
        "rejected": done.rejects,
        "reject_reasons": done.reject_reasons,
        "left_out": done.left_out,
        "encoding": done.encoding,
        "steered_by": done.about["steered_by"],
        "levels": done.about["levels"],
        "output": str(done.target),
        "rejects": None if done.rejects_path is None else str(done.rejects_path),
        "seconds": round(done.seconds, 3),
        "resumed_from": done.resumed_from,
    }


def counts_by_outcome(summary: Mapping[str, Any]) -> dict[str, int]:
    """Count the rows by how they were found, and the rejected ones, so that all add up.

    Parameters
    ----------
    summary : mapping
        As `assignment_summary` or `job_summary` returns it.
    """
    return {**summary["found"], "rejected": summary["rejected"]}


def found_counts(assigned: pd.DataFrame | gpd.GeoDataFrame) -> dict[str, int]:
    """Count the incidents by how they were found; those without a usable position apart, as ``rejected``."""
    rejected = is_rejected(assigned["reason"])
    counts = assigned.loc[~rejected, "found"].value_counts()
    return {name: int(counts.get(name, 0)) for name in _FOUND} | {"rejected": int(rejected.sum())}


@checked
def busiest_chiefs(
    assigned: pd.DataFrame | gpd.GeoDataFrame, *, top: int = 10, code: str = "zone_code"
) -> pd.DataFrame:
    """Rank the road chiefs (路长) by the incidents that are theirs.

    Parameters
    ----------
    assigned : DataFrame
        What `assign_incidents` returned.
    top : int, default 10
        How many are listed.
    code : str, default "zone_code"
        The column with the codes of what answered.

    Returns
    -------
    DataFrame
        One row a chief, the busiest first, equals by code. Columns:

        - ``chief_code`` and ``chief_name`` (text; the name is empty where none is recorded);
        - ``zones`` (int64): in how many zones their incidents lie;
        - ``incidents`` (int64);
        - ``share`` (float64): of **all** incidents in `assigned`, also of those that nobody answers for.

    Raises
    ------
    MissingColumnError
        If ``chief_code`` or the column of codes is missing.
    InputError
        If `top` is below 1.

    Examples
    --------
    >>> assigned = pd.DataFrame(
    ...     {
    ...         "zone_code": ["A", "A", "B", None],
    ...         "chief_code": ["LZ1", "LZ1", "LZ2", None],
    ...         "chief_name": ["路长〇一号", "路长〇一号", "路长〇二号", None],
    ...     }
    ... )
    >>> busiest_chiefs(assigned)
      chief_code chief_name  zones  incidents  share
    0        LZ1      路长〇一号      1          2   0.50
    1        LZ2      路长〇二号      1          1   0.25
    """
    _require(assigned, "chief_code", code)
    if top < 1:
        raise InputError(tr("top must be at least 1, not {top!r}", top=top))
    rows = pd.DataFrame(
        {
            "chief_code": somebody(assigned["chief_code"]),
            "chief_name": somebody(assigned["chief_name"]).fillna("") if "chief_name" in assigned else "",
            "zone": assigned[code],
        }
    )
    rows = rows[rows["chief_code"].notna()]
    chiefs = rows.groupby("chief_code", as_index=False).agg(
        chief_name=("chief_name", "max"),  # not the first row's: that would depend on the order of rows
        zones=("zone", "nunique"),
        incidents=("zone", "size"),
    )
    chiefs["share"] = chiefs["incidents"] / max(len(assigned), 1)
    chiefs = chiefs.sort_values(["incidents", "chief_code"], ascending=[False, True])
    return chiefs.head(top).reset_index(drop=True)


def _require(assigned: pd.DataFrame | gpd.GeoDataFrame, *columns: str) -> None:
    missing = [column for column in columns if column not in assigned]
    if missing:
        raise MissingColumnError(
            tr(
                "assigned: no column {missing}; give what assign_incidents returned, from zones that "
                "have chiefs where chiefs are asked for",
                missing=" or ".join(missing),
            )
        )
