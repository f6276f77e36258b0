"""The words by which people and files name the datum of positions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from zjk_gis.errors import InputError
from zjk_gis.layers.columns.values import plain
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["WebDatum", "datum_in_name", "datums_in_text", "parse_datum"]

WebDatum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]

# Written small, without blanks and marks. The first of each is the library's own word.
_NAMES: dict[WebDatum, tuple[str, ...]] = {
    "wgs84": ("wgs84", "wgs1984", "wgs", "gps", "84", "4326", "epsg4326"),
    "cgcs2000": (
        "cgcs2000", "cgcs", "china2000", "国家2000", "大地2000", "国家大地2000", "2000国家大地", "2000国家",
        "2000大地", "4490", "epsg4490",
    ),
    "gcj02": (
        "gcj02", "gcj2", "gcj", "gcj02ll", "火星", "mars", "国测局", "高德", "amap", "autonavi", "gaode",
        "腾讯", "tencent",
    ),
    "bd09": ("bd09", "bd9", "bd09ll", "bd", "百度", "baidu"),
}  # fmt: skip
_DATUMS: dict[str, WebDatum] = {name: datum for datum, names in _NAMES.items() for name in names}
_MARKS = re.compile(r"[\s_\-:./()\[\]【】「」]+")
_KIND = r"(?:坐标系统|坐标系|坐标|经纬度|地图|基准)"
_ENDING = re.compile(rf"{_KIND}+$")
# What may stand beside the name of an axis: 经度(GCJ-02), gcj02_lng, 百度经度, lat_bd09.
_BESIDE: dict[str, WebDatum] = {
    word: datum
    for datum, names in _NAMES.items()
    for name in names
    if not name.isdecimal() and not name.startswith("epsg")
    for word in (name, f"{name}坐标", f"{name}地图", f"{name}坐标系")
}
# In running text a company alone says nothing (高德路, 百度大厦): it must be said of coordinates.
_WEB_MAPS = {"gcj02": r"高德|腾讯|火星|国测局", "bd09": r"百度"}
_TEXTS: dict[WebDatum, str] = {
    "wgs84": r"(?<![a-z])wgs[\s_-]*(?:19)?84(?!\d)|gps\s*(?:坐标|经纬度)",
    "cgcs2000": r"(?<![a-z])cgcs[\s_-]*2000|国家2000|2000国家大地|大地2000",
    "gcj02": r"(?<![a-z])gcj[\s_-]*0?2(?![\d-])",
    "bd09": r"(?<![a-z])bd[\s_-]*0?9(?:ll)?(?![a-z\d-]|标)",
}
_BEFORE, _SAID = r"(?:坐标系统?|坐标|经纬度|基准)\s*(?:类型|来源)?\s*[为是用:]?\s*", r"(?:地图)?(?:的)?\s*"
_IN_TEXT: dict[WebDatum, re.Pattern[str]] = {
    datum: re.compile(
        pattern
        if datum not in _WEB_MAPS
        else rf"{pattern}|(?:{_WEB_MAPS[datum]}){_SAID}(?:坐标|经纬度)"
        rf"|{_BEFORE}(?:{_WEB_MAPS[datum]})|[(\[【](?:{_WEB_MAPS[datum]})(?:地图)?[)\]】]"
    )
    for datum, pattern in _TEXTS.items()
}


def parse_datum(text: str) -> WebDatum:
    """Understand the name of a datum as people write it.

    Parameters
    ----------
    text : str

    Returns
    -------
    {"wgs84", "cgcs2000", "gcj02", "bd09"}

    Raises
    ------
    InputError
        If it names none of the four.

    Examples
    --------
    >>> [parse_datum(text) for text in ("GCJ-02", "高德坐标", "火星坐标系", "BD-09", "百度", "国家2000")]
    ['gcj02', 'gcj02', 'gcj02', 'bd09', 'bd09', 'cgcs2000']
    >>> parse_datum("bd09mc")
    Traceback (most recent call last):
    zjk_gis.errors.InputError: datum='bd09mc' is not a datum that is known; write gcj02 (GCJ-02, 高德,
    火星坐标), bd09 (BD-09, 百度), wgs84 or cgcs2000
    """
    if isinstance(text, str):
        key = _MARKS.sub("", plain(text).casefold())
        for name in (key, _ENDING.sub("", key)):
            if name in _DATUMS:
                return _DATUMS[name]
    raise InputError(
        tr(
            "datum={text!r} is not a datum that is known; write gcj02 (GCJ-02, 高德, 火星坐标), bd09 "
            "(BD-09, 百度), wgs84 or cgcs2000",
            text=text,
        )
    )


def datum_in_name(name: str, axes: Iterable[str]) -> tuple[str, WebDatum] | None:
    """Split a column's name into that of an axis and the datum that it names.

    Parameters
    ----------
    name : str
    axes : collection of str
        Names of axes, small and without blanks.

    Returns
    -------
    tuple of (str, str) or None
        The axis and the datum; None if the name is not made of these two.

    Examples
    --------
    >>> names = ("经度(GCJ-02)", "bd09_lng", "百度经度", "经度", "bdlink")
    >>> [datum_in_name(name, {"lng", "经度"}) for name in names]
    [('经度', 'gcj02'), ('lng', 'bd09'), ('经度', 'bd09'), None, None]
    """
    key = _MARKS.sub("", plain(name).casefold())
    for axis in axes:
        for rest in (key.removeprefix(axis), key.removesuffix(axis)):
            if rest != key and rest in _BESIDE:
                return axis, _BESIDE[rest]
    return None


def datums_in_text(text: str) -> list[WebDatum]:
    """Return the datums that a title or a remark names.

    Examples
    --------
    >>> datums_in_text("井盖台账(高德坐标)"), datums_in_text("坐标系:BD-09"), datums_in_text("高德路井盖台账")
    (['gcj02'], ['bd09'], [])
    >>> datums_in_text("由百度坐标转为CGCS2000")
    ['cgcs2000', 'bd09']
    """
    words = plain(text).casefold()
    return [datum for datum, pattern in _IN_TEXT.items() if pattern.search(words)]
