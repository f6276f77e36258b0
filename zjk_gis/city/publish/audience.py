"""For whom a folder is made decides what is in it, before anything is drawn or counted.

Of ``public`` readers' folders:

1. only the layers of `_OPEN` go out, and of incidents only the columns of `_OPEN_COLUMNS`: neither what was
   reported in free text nor by whom;
2. pipes and their manholes go out only where their row says that it is public (``secrecy`` 公开). Surveys of
   underground pipes are classified as a rule, so that a row that does not say is not taken for public;
3. of other layers a row with any other grade of secrecy stays inside, and so do notes and columns that the
   catalogue does not have, for nobody knows what people wrote there;
4. personal columns are dropped.

A ``bureau`` reads all of it, with personal columns masked or dropped, as asked; how to reach a chief stays,
for that is what the register is for. Grades are those of GB/T 7156-2003.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.columns.personal import masked, without_personal
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.labels import label
from zjk_gis.words import language, listed, tr

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import geopandas as gpd
    import pandas as pd

__all__ = ["Audience", "Personal", "check_asked", "released"]

Audience = Literal["bureau", "public"]
Personal = Literal["mask", "drop"]

_OPEN = (
    "built_up_areas", "rivers", "districts", "streets", "communities", "unit_grids", "responsibility_zones",
    "roads", "road_sections", "historic_blocks", "residential_estates", "parking_lots", "public_toilets",
    "pipelines", "manholes", "incidents",
)  # fmt: skip
_OPEN_COLUMNS = (
    "incident_code", "occurred_at", "event_code", "event_name", "state", "filed_at", "due_at", "extended_to",
    "handled_at", "closed_at", "rework_count", "is_repeat", "district_code", "street_code", "community_code",
    "zone_code", "chief_code", "chief_name", "section_code", "section_chief_code", "section_chief_name",
    "grid_code", "road_name", "found", "reason", "distance_m", "candidates", "ambiguous", "section_found",
    "longitude", "latitude",
)  # fmt: skip
_UNDERGROUND = ("pipelines", "manholes")  # of `_OPEN`
_REACHED = ("responsibility_zones", "road_sections")  # whose telephones are those of the office
_PUBLIC = ("公开", "公开级", "非密")
_SECRECY = "secrecy"
_NOTE = "note"
_NEEDED = ("responsibility_zones", "streets")  # told of even without rows


def check_asked(audience: str, personal: str | None) -> Personal:
    """Return what becomes of personal columns; refuse what there is not, and masks for the public."""
    for name, value, known in (("audience", audience, Audience), ("personal", personal, Personal)):
        if value is not None and value not in get_args(known):
            raise InputError(
                tr("{name} must be one of {known}, not {value!r}",
                   name=name, known=listed(get_args(known)), value=value)
            )  # fmt: skip
    if audience == "public" and personal == "mask":
        raise InputError(
            tr("personal: for the public personal columns are dropped; a mask leaves too much of them")
        )
    return "drop" if audience == "public" or personal == "drop" else "mask"


def released(
    city: Mapping[str, gpd.GeoDataFrame],
    audience: Audience,
    personal: Personal,
    leave_out: Collection[str] = (),
) -> tuple[dict[str, gpd.GeoDataFrame], list[str]]:
    """Return the layers as their readers may have them, and what was left out, in the language spoken.

    Parameters
    ----------
    city : mapping of str to GeoDataFrame
    audience, personal : str
    leave_out : collection of str
        Layers that nobody gets, by their names in the catalogue.

    Raises
    ------
    InputError
        If the catalogue has no layer of a name of `leave_out`.
    """
    withheld = {spec_of(name).name for name in leave_out}
    remarks: list[str] = []
    gone = [name for name in city if name in withheld or (audience == "public" and name not in _OPEN)]
    if gone:
        names = listed(label(name, language()) for name in gone)
        remarks.append(tr("left out for these readers: {names}", names=names))
    found: dict[str, gpd.GeoDataFrame] = {}
    for name in (each for each in city if each not in gone):
        layer: Any = city[name]
        if audience == "public":
            layer = _open(layer, name, remarks)
        if layer is None:
            continue
        if name not in _NEEDED and not len(layer):
            remarks.append(tr("{layer}: has no rows, as if it were not there", layer=label(name, language())))
            continue
        found[name] = _in_order(_without_persons(layer, name, audience, personal), name)
    return found, remarks


def _in_order(layer: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Put rows in the order of their codes, so that the order of a file's rows changes nothing."""
    code = CATALOGUE[name].code if name in CATALOGUE else ""
    if code not in layer:
        return layer
    return layer.iloc[code_text(layer[code]).fillna("").argsort(kind="stable").to_numpy()]


def _open(layer: gpd.GeoDataFrame, name: str, remarks: list[str]) -> gpd.GeoDataFrame | None:
    """Return the rows of a layer that are public; None where there are none."""
    if name == "incidents":
        layer = layer[[c for c in layer.columns if c in _OPEN_COLUMNS or c == _geometry_of(layer)]]
    own = {_geometry_of(layer), _SECRECY, *(each.name for each in CATALOGUE[name].fields)} - {_NOTE}
    others = [] if name == "incidents" else [c for c in layer.columns if c not in own]
    if others:
        remarks.append(
            tr("{layer}: {count:,} columns of notes, or that the catalogue does not have, are left out",
               layer=label(name, language()), count=len(others))
        )  # fmt: skip
        layer = layer.drop(columns=others)
    is_open = _is_open(layer, by_itself=name not in _UNDERGROUND)
    count = int((~is_open).sum())
    if count:
        remarks.append(
            tr("{layer}: {count:,} rows that are not said to be public are left out",
               layer=label(name, language()), count=count)
        )  # fmt: skip
    return layer[is_open] if is_open.any() or not len(layer) else None


def _is_open(layer: gpd.GeoDataFrame, *, by_itself: bool) -> pd.Series:
    """Tell which rows are public; those that do not say only where that is the rule."""
    import pandas as pd

    if _SECRECY not in layer:
        return pd.Series(by_itself, index=layer.index, dtype=bool)
    grade = as_text(layer[_SECRECY]).str.strip()
    return (grade.isin(_PUBLIC) | ((grade.isna() | (grade == "")) & by_itself)).astype(bool)


def _without_persons(
    layer: gpd.GeoDataFrame, name: str, audience: Audience, personal: Personal
) -> gpd.GeoDataFrame:
    if audience == "bureau" and name in _REACHED:
        return layer
    kept: Any = without_personal(layer) if personal == "drop" else masked(layer)
    return kept


def _geometry_of(layer: Any) -> str | None:
    return getattr(layer, "_geometry_column_name", None)
