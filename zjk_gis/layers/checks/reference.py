"""The catalogue of layers as a page to be read: what each layer must look like, and by which standard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.standards import rules_table
from zjk_gis.standards.schemes import SCHEMES
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.layers.labels import Language
    from zjk_gis.layers.spec import Field, LayerSpec

__all__ = ["describe", "fields_table", "reference_page"]

_SHOWN = 12  # values of an enumeration; the rest is counted
_OF_AN_ORDER = 3  # words of an order that tell which it is
_GEOMETRIES = {
    "LineString": "线", "MultiLineString": "多线", "MultiPolygon": "多面", "Point": "点", "Polygon": "面",
}  # fmt: skip
_TYPES = {
    "text": "文本", "integer": "整数", "number": "数值",
    "date": "日期", "datetime": "时间", "boolean": "是否",
}  # fmt: skip
_SURE = {
    "S": ("标准原文或官方资料", "read in the standard or an official source"),
    "M": ("多处一致的资料", "several sources agree"),
    "C": ("由规定计算", "computed from a rule"),
    "P": ("惯例", "practice"),
    "U": ("未核实", "not verified"),
}
_HEADS = {
    "zh": ("字段", "名称", "也接受", "类型", "必填", "取值"),
    "en": ("field", "title", "also read as", "type", "required", "values"),
}


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
    zh = lang == "zh"
    rows = [
        (
            field.name,
            field.title,
            ", ".join(field.aliases),
            (_TYPES[field.dtype] if zh else field.dtype) + (f", {field.unit}" if field.unit else ""),
            (tr("yes", lang=lang)) if field.required else "",
            _values(field, lang),
        )
        for field in spec.fields
    ]
    return pd.DataFrame(rows, columns=list(_HEADS[lang]), dtype="str")


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
    zh = lang == "zh"
    colon = tr(": ", lang=lang)
    shapes = sorted(spec.geometry)
    checks = rules_table("checks").set_index("check")[f"title_{lang}"]
    sure = _SURE[spec.confidence][0 if zh else 1]
    told = [
        (
            tr("shapes", lang=lang),
            "、".join(_GEOMETRIES[each] for each in shapes) if zh else ", ".join(shapes),
        ),
        (tr("code", lang=lang), f"`{spec.code}`"),
        (
            tr("versions", lang=lang),
            (tr("by ", lang=lang)) + "`valid_from` – `valid_to`" if spec.versioned else "",
        ),
        (
            tr("must not be", lang=lang),
            ", ".join(f"{checks[rule]} `{rule}`" for rule in spec.topology),
        ),
        (tr("clauses of the city's policy", lang=lang), spec.clause),
        (tr("source", lang=lang), tr("{source} ({sure})", source=spec.source, sure=sure, lang=lang)),
    ]
    return [f"{name}{colon}{text}" for name, text in told if text]


def _values(field: Field, lang: Language) -> str:
    """Tell what may stand in a column."""
    zh = lang == "zh"
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
        rest = len(allowed) - _SHOWN
        more = (f" 等 {len(allowed)} 项" if zh else f" and {rest} more") if rest > 0 else ""
        parts.append(", ".join(allowed[:_SHOWN]) + more)
    if field.minimum is not None or field.maximum is not None:
        low = "" if field.minimum is None else f"{field.minimum:g}"
        high = "" if field.maximum is None else f"{field.maximum:g}"
        parts.append(f"{low}–{high}" if low and high else f"≥ {low}" if low else f"≤ {high}")
    if field.scales:
        orders = (replace(field, domain=scale).ordered_values()[:_OF_AN_ORDER] for scale in field.scales)
        words = " / ".join(", ".join(order) for order in orders)
        parts.append(tr("or words of one order: {words}", words=words, lang=lang))
    if field.refers_to:
        layers = ", ".join(f"`{name}`" for name in field.refers_to)
        parts.append(tr("a code of {layers}", layers=layers, lang=lang))
    return "; ".join(parts)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
