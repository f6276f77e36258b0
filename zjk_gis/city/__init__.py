"""A city as a whole (每周更新): take what is new, ask, tell what changed, publish; and undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis._lazy import lazily

if TYPE_CHECKING:
    from zjk_gis.city.differences import CityChanges as CityChanges
    from zjk_gis.city.differences import changes_between as changes_between
    from zjk_gis.city.digests import row_digests as row_digests
    from zjk_gis.city.digests import set_digest as set_digest
    from zjk_gis.city.editions import Edition as Edition
    from zjk_gis.city.editions import judge_edition as judge_edition
    from zjk_gis.city.publish import Published as Published
    from zjk_gis.city.publish import publish_city as publish_city
    from zjk_gis.city.refresh import refresh_city as refresh_city
    from zjk_gis.city.refresh import undo_refresh as undo_refresh
    from zjk_gis.city.rows import compare_rows as compare_rows
    from zjk_gis.city.runs import Refreshed as Refreshed

_HOMES = {
    "differences": ("CityChanges", "changes_between"),
    "digests": ("row_digests", "set_digest"),
    "editions": ("Edition", "judge_edition"),
    "publish": ("Published", "publish_city"),
    "refresh": ("refresh_city", "undo_refresh"),
    "rows": ("compare_rows",),
    "runs": ("Refreshed",),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605  all names are text

if not TYPE_CHECKING:  # for which a name that there is not is an error
    __getattr__, __dir__ = lazily(__name__, _HOMES)
