"""The catalogue of layers as a page to be read: what each layer must look like, and by which standard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.standards import rules_table
from zjk_gis.standards.schemes import SCHEMES
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from zjk_gis.layers.labels import Language
    from zjk_gis.layers.spec import Field, LayerSpec

__all__ = ["describe", "fields_table", "reference_page"]

_SHOWN = 12  # values of an enumeration; the rest is counted
_OF_AN_ORDER = 3  # words of an order that tell which it is
# By the catalogue's mark; in the words of the catalogue of sentences.
_SURE = {
    "S": "read in the standard or an official source",
    "M": "several sources agree",
    "C": "computed from a rule",
    "P": "practice",
    "U": "not verified",
}
_HEADS = ("field", "title", "also read as", "type", "required", "values")


def fields_table(spec: LayerSpec, lang: Language = "zh") -> pd.DataFrame:
    """Return the columns of a layer: name, title, aliases, type, whether required, and what may stand there.

    Parameters
    ----------
    spec : LayerSpec
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    DataFrame
        One row a field, all text.

    Examples
    --------
    >>> from zjk_gis.layers import spec_of
    >>> fields_table(spec_of("manholes"), "en").iloc[0].tolist()
    ['manhole_code', '窨井编码', '井盖编码, 部件编码, ObjID', 'text', 'yes', '16 digits: part 部件']
    """
    rows = [
        (
            field.name,
            field.title,
            listed(field.aliases, lang=lang),
            tr("{dtype}, {unit}", dtype=tr(field.dtype, lang=lang), unit=field.unit, lang=lang)
            if field.unit
            else tr(field.dtype, lang=lang),
            tr("yes", lang=lang) if field.required else "",
            _values(field, lang),
        )
        for field in spec.fields
    ]
    return pd.DataFrame(rows, columns=[tr(head, lang=lang) for head in _HEADS], dtype="str")


def reference_page(lang: Language = "zh") -> str:
    """Return the whole catalogue as Markdown.

    Parameters
    ----------
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    str

    Examples
    --------
    >>> reference_page("en").splitlines()[0]
    '# Layers'
    """
    lines = [
        tr("# Layers", lang=lang),
        "",
        tr("Made by `zjk-gis catalogue -o`; not edited by hand.", lang=lang),
        "",
    ]
    lines += [f"- [{spec.title} `{name}`](#{name})" for name, spec in CATALOGUE.items()]
    for spec in CATALOGUE.values():
        lines += ["", f'<a id="{spec.name}"></a>', "", f"## {spec.title} `{spec.name}`", ""]
        lines += [f"- {line}" for line in describe(spec, lang)]
        table = fields_table(spec, lang)
        lines += ["", _row(table.columns.tolist()), _row(["---"] * table.shape[1])]
        lines += [_row(row) for row in table.to_numpy().tolist()]
    return "\n".join(lines) + "\n"


def describe(spec: LayerSpec, lang: Language = "zh") -> list[str]:
    """Tell what a layer is in a few lines: shapes, code, how its rows must lie, and by what."""
    colon = tr(": ", lang=lang)
    shapes = sorted(spec.geometry)
    checks = rules_table("checks").set_index("check")[f"title_{lang}"]
    sure = tr(_SURE[spec.confidence], lang=lang)
    told = [
        (
            tr("shapes", lang=lang),
            listed((tr(each, lang=lang) for each in shapes), lang=lang),
        ),
        (tr("code", lang=lang), f"`{spec.code}`"),
        (
            tr("versions", lang=lang),
            tr("by `valid_from` – `valid_to`", lang=lang) if spec.versioned else "",
        ),
        (
            tr("must not be", lang=lang),
            listed((f"{checks[rule]} `{rule}`" for rule in spec.topology), lang=lang),
        ),
        (tr("clauses of the city's policy", lang=lang), spec.clause),
        (tr("source", lang=lang), tr("{source} ({sure})", source=spec.source, sure=sure, lang=lang)),
    ]
    return [f"{name}{colon}{text}" for name, text in told if text]


def _values(field: Field, lang: Language) -> str:
    """Tell what may stand in a column."""
    parts = []
    if field.scheme:
        scheme = SCHEMES[field.scheme]
        parts.append(
            tr(
                "{digits} digits: {scheme} {title}",
                digits=scheme.digits,
                scheme=field.scheme,
                title=scheme.title,
                lang=lang,
            )
        )
    elif field.digits is not None:
        parts.append(tr("{digits} digits", digits=field.digits, lang=lang))
    allowed = field.allowed()
    if allowed:
        rest, first = len(allowed) - _SHOWN, listed(allowed[:_SHOWN], lang=lang)
        parts.append(
            tr("{values} and {rest} more", values=first, rest=rest, lang=lang) if rest > 0 else first
        )
    if field.minimum is not None or field.maximum is not None:
        low = "" if field.minimum is None else f"{field.minimum:g}"
        high = "" if field.maximum is None else f"{field.maximum:g}"
        parts.append(f"{low}–{high}" if low and high else f"≥ {low}" if low else f"≤ {high}")
    if field.scales:
        orders = (replace(field, domain=scale).ordered_values()[:_OF_AN_ORDER] for scale in field.scales)
        words = " / ".join(listed(order, lang=lang) for order in orders)
        parts.append(tr("or words of one order: {words}", words=words, lang=lang))
    if field.refers_to:
        layers = listed((f"`{name}`" for name in field.refers_to), lang=lang)
        parts.append(tr("a code of {layers}", layers=layers, lang=lang))
    return tr("; ", lang=lang).join(parts)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
