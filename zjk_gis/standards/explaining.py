"""A code read aloud: what each run of digits says, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.standards.codes import check_codes
from zjk_gis.standards.names import names_of
from zjk_gis.standards.schemes import SCHEMES, scheme_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.standards.names import Names
    from zjk_gis.standards.rules import Overrides
    from zjk_gis.standards.schemes import CodeScheme
    from zjk_gis.words import Language

__all__ = ["explain_code", "schemes_of"]

# The parts of a code and the schemes, in the words of the catalogue of sentences.
_PARTS = {
    "district": "district",
    "street": "street",
    "community": "community",
    "sequence": "sequence number",
    "major": "major class",
    "minor": "minor class",
    "device": "kind of device",
    "object": "object",
    "survey": "mark of pipe features",
    "pipe_class": "class of pipe",
    "pipe_kind": "kind of pipe",
    "feature_kind": "kind of feature",
    "point_kind": "kind of point",
}
_SCHEMES = {
    "district": "district",
    "street": "street",
    "community": "community",
    "unit_grid": "unit grid",
    "part": "part (2+2+6)",
    "part_2_3_5": "part (2+3+5)",
    "monitor": "monitoring device",
    "community_grid": "community grid",
    "pipe_feature": "pipe feature",
}


def schemes_of(code: str) -> list[CodeScheme]:
    """List the schemes that a code of this length can belong to.

    Examples
    --------
    >>> [scheme.name for scheme in schemes_of("1307030102000001")]
    ['part', 'part_2_3_5']
    """
    return [scheme for scheme in SCHEMES.values() if scheme.digits == len(code.strip())]


@checked
def explain_code(
    code: str,
    scheme: str | CodeScheme | None = None,
    *,
    tables: Overrides | None = None,
    lang: Language = "zh",
) -> str:
    """Say digit by digit what a code means, and what is wrong with it.

    Parameters
    ----------
    code : str
    scheme : str, optional
        A name in ``zjk_gis.standards.SCHEMES``. Without it every scheme of that many digits is tried: 16
        digits can be either of two schemes for parts, and both readings are given.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `rules_table`).
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    str
        Several lines.

    Raises
    ------
    InputError
        If no scheme has that many digits, or there is no such scheme.

    Examples
    --------
    >>> print(explain_code("130706005001001", lang="en"))
    130706005001001, unit grid (15 digits):
      1-6 130706: district 下花园区
      7-9 005: street
      10-12 001: community
      13-15 001: sequence number
      ! digits 7-9: 130706 下花园区 has no street 005; 005001 is 北关街社区居民委员会 in 130703 桥西区
    """
    code = code.strip()
    candidates = schemes_of(code) if scheme is None else [scheme_of(scheme)]
    if not candidates:
        lengths = sorted({each.digits for each in SCHEMES.values()})
        raise InputError(
            tr(
                "no scheme has {code_count} digits as {code!r} has; there are codes of {lengths} digits",
                code_count=len(code),
                code=code,
                lengths=lengths,
            )
        )
    names = names_of(tables)
    readings = [_explain(code, each, names, tables, lang) for each in candidates]
    if len(readings) > 1:
        told = tr("the length alone cannot tell these apart:", lang=lang)
        readings.insert(0, told)
    return "\n".join(readings)


def _explain(code: str, scheme: CodeScheme, names: Names, tables: Overrides | None, lang: Language) -> str:
    kind = tr(_SCHEMES[scheme.name], lang=lang)
    lines = [tr("{code}, {kind} ({digits} digits):", code=code, kind=kind, digits=scheme.digits, lang=lang)]
    problems = check_codes([code], scheme, tables=tables, lang=lang)
    if len(code) == scheme.digits:
        begin = 0
        for part in scheme.parts:
            end = begin + part.digits
            name = _meaning(code, part.name, scheme, names)
            said = tr(
                "  {run} {digits}: {part}",
                run=tr("{begin}-{end}", begin=begin + 1, end=end, lang=lang) if end > begin + 1 else end,
                digits=code[begin:end],
                part=tr(_PARTS[part.name], lang=lang),
                lang=lang,
            )
            lines.append(f"{said} {name}" if name else said)
            begin = end
    for rule, words in problems[["rule", "message"]].to_numpy().tolist():
        lines.append(f"  ! {words}{_elsewhere(code, rule, scheme, names, lang)}")
    return "\n".join(lines)


def _meaning(code: str, part: str, scheme: CodeScheme, names: Names) -> str:
    begin, end = scheme.span(part) or (0, 0)
    district = (scheme.span("district") or (0, 0))[0]
    if part in ("district", "street", "community"):
        old = names.changes.get(code[district:end], [""])[0]
        return names.places.get(code[district:end], old)
    if part == "major":
        return names.majors.get(code[begin:end], "")
    if part == "minor":
        return names.parts.get(code[begin - 2 : end], "")
    tables = {
        "pipe_class": names.pipe_classes,
        "feature_kind": names.feature_kinds,
        "point_kind": names.point_kinds,
    }
    return tables.get(part, {}).get(code[begin:end], "")


def _elsewhere(code: str, rule: str, scheme: CodeScheme, names: Names, lang: Language) -> str:
    """Say where a street and community of these digits is, if in one other district alone."""
    span = scheme.span("community")
    if rule != "unknown_street" or span is None:
        return ""
    tail = code[span[1] - 6 : span[1]]
    homes = [each for each in names.of_length(12) if each.endswith(tail)]
    if len(homes) != 1:
        return ""
    name, district = names.places[homes[0]], homes[0][:6]
    where = f"{district} {names.places.get(district, '')}"
    return tr("; {tail} is {name} in {where}", tail=tail, name=name, where=where, lang=lang)
