"""What an index of zones and one of road sections have in common: rows that answer, a file, a fingerprint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError
from zjk_gis.index.coordinates import in_crs
from zjk_gis.index.flatfile import read_arrays, write_arrays
from zjk_gis.index.saving import digest_of, prepared_of, taken_apart
from zjk_gis.layers.columns.levels import ANY_LEVEL, is_level
from zjk_gis.layers.labels import label
from zjk_gis.presentation import MOST_ROWS, Presentation
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.engine import Positions
    from zjk_gis.index.coded import Coded
    from zjk_gis.index.kernel import Answers, Rows
    from zjk_gis.index.policy import Policy
    from zjk_gis.index.prepared import Prepared

__all__ = ["AnsweringIndex"]


@checked
class AnsweringIndex(ABC):
    """Rows of a layer compiled to answer for points, with all that their answers say.

    Parameters
    ----------
    prepared : Prepared
    layer : GeoDataFrame, optional
        The rows that answer; by default it is put together when somebody asks.
    """

    kind: ClassVar[str]

    @abstractmethod
    def __len__(self) -> int:
        """How many rows answer."""

    def __init__(self, prepared: Prepared, layer: gpd.GeoDataFrame | None = None) -> None:
        self._prepared = prepared
        if layer is not None:
            self.__dict__["layer"] = layer

    def _told_with_codes(self, told: str) -> Presentation:
        """Present an index: what it was built of, and the first of its codes."""
        codes = [] if self.codes is None else self.codes[:MOST_ROWS].tolist()
        name = label("level" if self.code is None else self.code, language())
        return Presentation(told, [name], [[str(each)] for each in codes], len(codes) and len(self))

    @property
    def crs(self) -> CRS:
        """In which coordinates are taken, that of the layer."""
        return self._prepared.crs

    @property
    def measured_in(self) -> CRS:
        """In which distances are measured: that of the layer if it is metric."""
        return self._prepared.measured_in

    @property
    def code(self) -> str | None:
        """The column of codes."""
        return self._prepared.code

    @property
    def codes(self) -> NDArray[np.str_] | None:
        """The code of each row in the order of the layer, empty where another level answers."""
        return self._prepared.codes

    @property
    def rows(self) -> Rows:
        """What the rule asks of the rows that answer: codes by number, ranks, periods, sides."""
        return self._prepared.rows

    @property
    def rank(self) -> NDArray[np.int64]:
        """The rank of each row that answers by the policy, 0 first."""
        return self._prepared.rows.rank

    @property
    def carried(self) -> dict[str, Coded]:
        """The words that go along with an answer: codes, chief, the parts of a grid code."""
        return self._prepared.carried

    @property
    def level(self) -> int | None:
        """The level that answers; None where none was chosen."""
        return self._prepared.level

    @property
    def asked_level(self) -> int | str | None:
        """The level as it was asked for."""
        return self._prepared.asked_level

    @property
    def levels(self) -> dict[str, Any]:
        """What is told of the level: its number and word, what was left out for it."""
        return self._prepared.levels

    @property
    def steered_by(self) -> dict[str, str]:
        """What each column of the layer did, in keys of `zjk_gis.layers.label`."""
        return self._prepared.steered_by

    @property
    def policy(self) -> Policy:
        """Which row answers where several could."""
        return self._prepared.policy

    @property
    def tz(self) -> str:
        """The time zone whose days the validity periods are."""
        return self._prepared.tz

    @cached_property
    def layer(self) -> gpd.GeoDataFrame:
        """The rows that answer, in `measured_in`: with all their columns, or those that are known of a file.

        Of a file these are codes, chiefs, priorities, levels, names of roads, sides and periods, as text.
        """
        return self._prepared.table(self.shapes)

    @property
    @abstractmethod
    def shapes(self) -> NDArray[Any]:
        """The geometries of the rows that answer."""

    @property
    @abstractmethod
    def is_areal(self) -> bool:
        """Whether polygons answer, not lines."""

    @abstractmethod
    def place(self, x: NDArray[np.float64], y: NDArray[np.float64], crs: Any = None) -> Positions:
        """Bring points in a CRS, by default `crs`, to where distances are measured."""

    @abstractmethod
    def answer(
        self,
        place: Positions,
        day: NDArray[np.int64],
        *,
        border_within: float,
        nearest_within: float,
        accuracy: NDArray[np.float64] | None = None,
        undecided_below: float = 0.8,
    ) -> Answers:
        """Find the row that answers for each point on its day; see `zjk_gis.index.kernel`."""

    @abstractmethod
    def nearest_m(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, within: float
    ) -> NDArray[np.float64]:
        """Measure how far the nearest row is from points in `measured_in`; infinite beyond reach."""

    @abstractmethod
    def _geometry(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the geometry of the rows as arrays and facts."""

    def _compiled(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return what was worked out of the geometry and is saved beside it."""
        return {}, {}

    @classmethod
    @abstractmethod
    def _of_file(cls, arrays: dict[str, NDArray[Any]], about: dict[str, Any], prepared: Prepared) -> Self:
        """Put an index together of what a file holds, all of which is looked at first."""

    def in_metres(
        self, x: NDArray[np.float64], y: NDArray[np.float64], crs: Any = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where points truly lie in `measured_in`; NaN where they cannot be converted."""
        return in_crs(x, y, self.crs if crs is None else crs, self.measured_in)

    def positions(self, row: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return the positions in the layer given of rows that answer, -1 for none."""
        if self._prepared.keeps_all:
            return row
        found: NDArray[Any] = np.where(row < 0, -1, self._prepared.row[row]).astype(row.dtype)
        return found

    def refuse_other(
        self, name: str, *, code: str | None, level: int | str | None, policy: Policy | None
    ) -> None:
        """Refuse options that say otherwise than those by which the index was built; None says nothing.

        Raises
        ------
        InputError
            Naming the option.
        """
        told = {"code": (code, self.code), "policy": (policy, self.policy)}
        for option, (said, own) in told.items():
            if said is not None and said != own:
                raise InputError(
                    tr(
                        "{name}: the index was built with {option}={own!r}, and now {option}={said!r} is "
                        "asked for; leave it out, or build another index",
                        name=name,
                        option=option,
                        own=own,
                        said=said,
                    )
                )
        word = str(self.levels.get("word", ""))
        if level is None or level == self.asked_level or is_level(level, self.level, word):
            return
        own_level = repr(ANY_LEVEL) if self.level is None else f"{self.level}"
        raise InputError(
            tr(
                "{name}: the index was built with level={own_level}, and now level={level!r} is "
                "asked for; leave it out, or build another index",
                name=name,
                own_level=own_level,
                level=level,
            )
        )

    @cached_property
    def fingerprint(self) -> str:
        """What tells whether an index answers as another does: a digest of all that answers rest on."""
        arrays, about = self._told()
        return digest_of(arrays, about)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the index to one flat file, which `load` maps into memory.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        Path

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        arrays, about = self._told()
        more_arrays, more_about = self._compiled()
        return write_arrays(path, self.kind, arrays | more_arrays, about | more_about)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Load a saved index. Its arrays stay in the file, shared by all processes that load it.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        FileError
            If the file is missing, foreign, of another version, truncated or damaged.
        """
        arrays, about = read_arrays(path, cls.kind)
        try:
            size = about["rows"]
            if type(size) is not int or size < 1 or size > 1 << 31:
                raise ValueError(tr("it says a number of rows that cannot be"))
            return cls._of_file(arrays, about, prepared_of(arrays, about, size))
        except (KeyError, TypeError) as error:
            raise FileError(
                tr("{path}: lacks {error}; save the index again", path=path, error=error)
            ) from error
        except (ValueError, OverflowError) as error:
            raise FileError(
                tr("{path}: is damaged ({error}); save the index again", path=path, error=error)
            ) from error

    def _told(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays, about = taken_apart(self._prepared)
        more_arrays, more_about = self._geometry()
        return arrays | more_arrays, about | more_about | {"rows": len(self.rank)}
