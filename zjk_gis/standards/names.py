"""What the parts of a code stand for: names looked up in the tables."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zjk_gis.standards.rules import rules_table

if TYPE_CHECKING:
    from zjk_gis.standards.rules import Overrides

__all__ = ["Names", "names_of"]


class Names:
    """The codes that the tables hold, with their names.

    Attributes
    ----------
    places : dict of str to str
        Districts, streets and communities by their 6, 9 and 12 digits.
    changes : dict of str to list of str
        Old codes: their old name, new code, new name and year.
    parts, majors : dict of str to str
        Part classes by 4 digits and by their first 2.
    pipe_classes : dict of str to str
        By the digit of CJJ 61.
    feature_kinds, point_kinds : dict of str to str
        Point, line, area; characteristic point, appurtenance.
    """

    def __init__(self, tables: Overrides | None = None) -> None:
        self.places: dict[str, str] = {}
        for table, column in (("areas", "area"), ("streets", "street"), ("communities", "community")):
            rows = rules_table(table, overrides=tables)
            self.places.update(zip(rows[f"{column}_code"], rows[f"{column}_name"], strict=True))
        changes = rules_table("code_changes", overrides=tables)
        columns = ["old_code", "old_name", "new_code", "new_name", "changed_on"]
        self.changes: dict[str, list[str]] = {
            old_code: rest for old_code, *rest in changes[columns].to_numpy().tolist() if old_code
        }
        parts = rules_table("parts", overrides=tables)
        self.parts: dict[str, str] = dict(zip(parts["part_code"], parts["part_name"], strict=True))
        classes = rules_table("pipe_classes", overrides=tables)
        self.pipe_classes: dict[str, str] = dict(
            zip(classes["class_digit"], classes["class_name"], strict=True)
        )
        values = rules_table("dictionaries", overrides=tables)

        def words(dictionary: str) -> dict[str, str]:
            rows = values[values["dictionary"] == dictionary]
            return dict(zip(rows["value"], rows["name"], strict=True))

        self.majors = words("part_majors")
        self.feature_kinds, self.point_kinds = words("feature_kinds"), words("point_kinds")

    def of_length(self, digits: int) -> list[str]:
        """Return the codes of districts (6 digits), streets (9) or communities (12)."""
        return [code for code in self.places if len(code) == digits]


@cache
def _shipped() -> Names:
    return Names({})


def names_of(tables: Overrides | None) -> Names:
    """Look up names in the tables, which are read again only where a user's own rows may have changed.

    Examples
    --------
    >>> names_of(None).places["130703"]
    '桥西区'
    """
    import os

    return _shipped() if tables is None and not os.environ.get("ZJK_GIS_TABLES") else Names(tables)
