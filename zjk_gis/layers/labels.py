"""The words shown to people: the Chinese (default) or English label of a column or a value."""

from __future__ import annotations

from functools import cache
from typing import get_args

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.standards import rules_table
from zjk_gis.words import Language, tr

__all__ = ["Language", "check_language", "label"]


@checked
def label(key: str, lang: Language = "zh", *, unit: bool = False) -> str:
    """Return the word that a person should read for a column name or a value.

    Parameters
    ----------
    key : str
        A column name of the catalogue, a column that an analysis adds, or a value such as ``"border"``.
    lang : {"zh", "en"}, default "zh"
    unit : bool, default False
        Whether to append the unit of a measured column.

    Returns
    -------
    str
        `key` itself where no label is known, so that a user's own columns show as they are named.

    Examples
    --------
    >>> label("grid_code"), label("border"), label("my_own_column")
    ('网格编码', '边界', 'my_own_column')
    >>> label("diameter_mm", unit=True), label("diameter_mm", "en", unit=True)
    ('管径(mm)', 'diameter (mm)')
    >>> label("diameter_mm"), label("border", unit=True), label("manholes"), label("manholes", "en")
    ('管径', '边界', '窨井', 'manholes')
    """
    check_language(lang)
    text, unit_text = _labels(lang).get(key, (key, ""))
    if not (unit and unit_text):
        return text
    return tr("{text} ({unit_text})", text=text, unit_text=unit_text, lang=lang)


def check_language(lang: str) -> None:
    """Refuse a language that the library does not speak.

    Raises
    ------
    InputError
    """
    if lang not in get_args(Language):
        raise InputError(
            tr(
                "lang must be one of {language}, not {lang_!r}",
                language=", ".join(get_args(Language)),
                lang_=lang,
            )
        )


@cache
def _labels(lang: Language) -> dict[str, tuple[str, str]]:
    units = {"_m": "m", "_m2": "m²", "_mm": "mm"}

    def unit_of(name: str) -> str:
        return next((unit for ending, unit in units.items() if name.endswith(ending)), "")

    found: dict[str, tuple[str, str]] = {}
    terms = rules_table("terms")
    for key, word in zip(terms["key"], terms[lang], strict=True):
        found[key] = (word, unit_of(key))
    for spec in CATALOGUE.values():
        for field in spec.fields:
            unit = unit_of(field.name)
            stem = field.name.removesuffix("_" + field.name.rsplit("_", 1)[-1]) if unit else field.name
            found.setdefault(field.name, (field.title if lang == "zh" else stem.replace("_", " "), unit))
    for spec in CATALOGUE.values():
        found.setdefault(spec.name, (spec.title if lang == "zh" else spec.name.replace("_", " "), ""))
    return found
