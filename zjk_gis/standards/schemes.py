"""How the field's codes are put together: which digits say what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zjk_gis.errors import InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCHEMES", "CodePart", "CodeScheme", "scheme_of"]


@dataclass(frozen=True, slots=True)
class CodePart:
    """A run of digits in a code.

    Parameters
    ----------
    name : str
        What it is: ``district``, ``street``, ``community``, ``sequence``, ...
    title : str
        The Chinese name.
    digits : int
        How many digits it has.
    """

    name: str
    title: str
    digits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScheme:
    """How one kind of code is put together.

    Parameters
    ----------
    name : str
        Its name in `SCHEMES`.
    title : str
        The Chinese name of what it codes.
    parts : tuple of CodePart
        From left to right.
    source : str
        The standard.
    confidence : {"S", "M", "U"}
        How sure that is.
    """

    name: str
    title: str
    parts: tuple[CodePart, ...]
    source: str
    confidence: str

    @property
    def digits(self) -> int:
        """How many digits a code has."""
        return sum(part.digits for part in self.parts)

    def span(self, name: str) -> tuple[int, int] | None:
        """Return where a part begins and ends, counted from 0; None if there is no such part."""
        begin = 0
        for part in self.parts:
            if part.name == name:
                return begin, begin + part.digits
            begin += part.digits
        return None

    @property
    def prefix_digits(self) -> int:
        """How many digits stand before the sequence number."""
        span = self.span("sequence")
        return self.digits if span is None else span[0]


_DISTRICT = CodePart("district", "区县", 6)
_STREET = CodePart("street", "街道", 3)
_COMMUNITY = CodePart("community", "社区", 3)


def _sequence(digits: int) -> CodePart:
    return CodePart("sequence", "顺序号", digits)


SCHEMES: Mapping[str, CodeScheme] = {
    scheme.name: scheme
    for scheme in (
        CodeScheme(name="district", title="区县", parts=(_DISTRICT,), source="GB/T 2260", confidence="S"),
        CodeScheme(
            name="street",
            title="街道",
            parts=(_DISTRICT, _STREET),
            source="GB/T 10114; national statistics bureau",
            confidence="S",
        ),
        CodeScheme(
            name="community",
            title="社区",
            parts=(_DISTRICT, _STREET, _COMMUNITY),
            source="national statistics bureau",
            confidence="S",
        ),
        CodeScheme(
            name="unit_grid",
            title="单元网格",
            parts=(_DISTRICT, _STREET, _COMMUNITY, _sequence(3)),
            source="GB/T 30428.1, as implemented",
            confidence="S",
        ),
        CodeScheme(
            name="part",
            title="部件",
            parts=(_DISTRICT, CodePart("major", "大类", 2), CodePart("minor", "小类", 2), _sequence(6)),
            source="GB/T 30428.2, as implemented",
            confidence="S",
        ),
        CodeScheme(
            name="part_2_3_5",
            title="部件(2+3+5)",
            parts=(_DISTRICT, CodePart("major", "大类", 2), CodePart("minor", "小类", 3), _sequence(5)),
            source="a newer scheme, as implemented",
            confidence="S",
        ),
        CodeScheme(
            name="monitor",
            title="监测设备",
            parts=(
                _DISTRICT,
                CodePart("major", "大类", 2),
                CodePart("minor", "小类", 2),
                CodePart("device", "设备类", 2),
                _sequence(6),
            ),
            source="monitoring devices of parts, as implemented",
            confidence="S",
        ),
        CodeScheme(
            name="community_grid",
            title="社区网格",
            parts=(CodePart("object", "对象", 6), _DISTRICT, _STREET, _COMMUNITY, _sequence(2)),
            source="CJ/T 349",
            confidence="S",
        ),
        CodeScheme(
            name="pipe_feature",
            title="管线要素",
            parts=(
                CodePart("survey", "管线要素标志", 1),
                CodePart("pipe_class", "管线大类", 1),
                CodePart("pipe_kind", "管线小类", 2),
                CodePart("feature_kind", "要素类型", 1),
                CodePart("point_kind", "点类型", 1),
                _sequence(2),
            ),
            source="CJJ 61-2017",
            confidence="S",
        ),
    )
}


def scheme_of(scheme: str | CodeScheme) -> CodeScheme:
    """Look up a scheme by its name.

    Raises
    ------
    InputError
        If there is no such scheme; the message lists them.

    Examples
    --------
    >>> [part.digits for part in scheme_of("unit_grid").parts]
    [6, 3, 3, 3]
    """
    if isinstance(scheme, CodeScheme):
        return scheme
    found = SCHEMES.get(scheme)
    if found is None:
        known = ", ".join(f"{each.name} {each.title}" for each in SCHEMES.values())
        raise InputError(
            tr("there is no code scheme {scheme!r}; the schemes are: {known}", scheme=scheme, known=known)
        )
    return found
