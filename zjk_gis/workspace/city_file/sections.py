"""What the sections of a city file say, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from zjk_gis.arguments import checked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zjk_gis.standards.clocks import Clock

__all__ = [
    "Audience",
    "Contact",
    "Coordinates",
    "Deadline",
    "Duty",
    "Older",
    "Personal",
    "PublicLots",
    "Publish",
    "Rules",
    "Source",
    "Weights",
]

Older = Literal["refuse", "keep"]
Personal = Literal["drop", "mask"]
Audience = Literal["internal", "public"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """In which systems a city's layers come, are kept and are measured.

    Attributes
    ----------
    store : str
        In which layers are kept, such as ``"EPSG:4490"``; empty: as they come.
    measure : str
        In which lengths and areas are measured; empty: the zone of the layer's centre.
    default : str
        Of files that do not say in which they are.
    datum : str
        Of files of which neither they nor the workspace say it: ``gcj02``, ``bd09``, ``wgs84`` or
        ``cgcs2000``; empty: what `read_layer` finds.
    """

    store: str = ""
    measure: str = ""
    default: str = ""
    datum: str = ""


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of file that a city gets, and how it is read.

    Attributes
    ----------
    layer : str
        The catalogue's name of what it is.
    files : tuple of str
        Patterns such as ``收件/*/责任区.shp``, from the city file's folder; ``**`` is any depth.
    encoding : str
        Of text and shapefiles, ``"UTF-8"`` or ``"GB18030"``; ``"auto"``: what the file is.
    sheet, table : str
        Of a workbook; of a GeoPackage or File Geodatabase. Empty where there is only one.
    key : tuple of str
        By which columns of the layer a row is known again.
    complete : bool
        Whether a row that is not in the newest file is gone.
    edition : {"folder", "column", "file"}
        Where the date of a file is from: its name or its folders', its newest value in `edition_column`, or
        when it was changed last.
    edition_column : str
        The layer's column of dates.
    crs, datum : str
        Of its positions, before what the file itself shows; empty: not said.
    columns : mapping of str to str
        The file's column by the layer's; ``lon`` and ``lat`` those of the coordinates.
    values : mapping of str to mapping of str to str
        By the layer's column: the standard value by the file's.
    line : int
        Where the source begins in the city file.
    """

    layer: str
    files: tuple[str, ...]
    encoding: str = "auto"
    sheet: str = ""
    table: str = ""
    key: tuple[str, ...] = ()
    complete: bool = False
    edition: Literal["folder", "column", "file"] = "folder"
    edition_column: str = ""
    crs: str = ""
    datum: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a new file may change without anybody being asked.

    Attributes
    ----------
    older : {"refuse", "keep"}
        What is done with a file that is older than what is there: refuse it, or keep it as history.
    shrink : float
        By which share a complete file may be shorter than the last one.
    correction_days : int
        Within how many days a file of the same edition is a correction, and no new version.
    geometry_tolerance_m : float
        By how many metres a border may move and count as unchanged.
    """

    older: Older = "refuse"
    shrink: float = 0.1
    correction_days: int = 3
    geometry_tolerance_m: float = 0.05


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long a class of event may take: its code, the amount, and the clock on which it runs."""

    event_code: str
    amount: float
    clock: Clock


@dataclass(frozen=True, slots=True)
class Duty:
    """Which department handles a class of event, in one place or, without a code, everywhere."""

    event_code: str
    department: str
    place_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What indicators weigh in the score, and grades of hazards, by their names in the tables that ship."""

    score: Mapping[str, float] = field(default_factory=dict)
    risk: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicLots:
    """Which parking lots are open to the public.

    Attributes
    ----------
    kinds : tuple of str
        Values of ``lot_kind``; empty: those of the library.
    also, never : tuple of str
        Codes of lots that are, or are not, whatever their kind.
    """

    kinds: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def as_options(self) -> dict[str, Any]:
        """Return what is said, as `zjk_gis.access.public_lots` and `parking_gaps` take it."""
        return {"lot_kinds": self.kinds, "also": self.also, "never": self.never}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to call in a street."""

    street_code: str
    name: str = ""
    phone: str = ""
    office: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """What is published, and for whom.

    Attributes
    ----------
    folder : Path or None
        Where to; None: nothing is published.
    language : {"zh", "en"}
    personal : {"drop", "mask"}
        What is done with names and telephone numbers.
    audience : {"internal", "public"}
        For the bureau itself, or for everybody.
    approval_number : str
        The approval number of the map (审图号), which a map for everybody needs.
    """

    folder: Path | None = None
    language: Literal["zh", "en"] = "zh"
    personal: Personal = "drop"
    audience: Audience = "internal"
    approval_number: str = ""
