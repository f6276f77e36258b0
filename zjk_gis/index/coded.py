"""Columns of text as numbers and the few words they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.layers.columns.values import as_text
from zjk_gis.threads import CHUNK, count, in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray

__all__ = ["Coded"]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of text as numbers and the words they stand for.

    Attributes
    ----------
    codes : ndarray of int32
        Positions in `words`, -1 where there is nothing; of uint8 where there is always something.
    words : ndarray of object

    Examples
    --------
    >>> chiefs = Coded.of(pd.Series(["李明", None, "张伟", "李明"]))
    >>> chiefs.words.tolist(), chiefs.take(np.array([2, -1])).texts().tolist()
    (['张伟', '李明'], ['张伟', None])
    """

    codes: NDArray[np.int32] | NDArray[np.uint8]
    words: NDArray[np.object_]

    @classmethod
    def of(cls, values: pd.Series) -> Coded:
        """Return a column as numbers of its distinct words."""
        codes, words = pd.factorize(as_text(values), sort=True)
        return cls(codes.astype(np.int32), np.asarray(words, dtype=object))

    def take(self, rows: NDArray[np.integer]) -> Coded:
        """Return the words of some rows; none where the row is -1."""
        own = np.append(self.codes.astype(np.int32, copy=False), np.int32(-1))  # the last stands for no row
        codes = np.empty(len(rows), np.int32)

        def take(part: slice) -> None:
            codes[part] = own[rows[part]]

        in_chunks(take, len(rows))
        return Coded(codes, self.words)

    def texts(self) -> NDArray[np.object_]:
        """Return the words themselves, None where there is nothing."""
        words = np.empty(len(self.words) + 1, dtype=object)
        words[:-1] = self.words  # the last is None, and stands for -1
        texts: NDArray[np.object_] = words[self.codes]
        return texts

    def column(self) -> ExtensionArray:
        """Return the words as a column of text, made at once of the few there are."""
        dtype: Any = pd.StringDtype(na_value=np.nan)
        if dtype.storage != "pyarrow":
            written: ExtensionArray = pd.array(self.texts(), dtype=dtype)
            return written
        import pyarrow as pa

        words = pa.array([*self.words, None], pa.large_string())  # the last stands for -1

        def take(part: slice) -> Any:
            codes: NDArray[Any] = self.codes[part]
            if codes.dtype != np.uint8:
                codes = np.where(codes < 0, np.int32(len(self.words)), codes)
            return words.take(pa.array(codes))

        portion = max(CHUNK, -(-len(self.codes) // count()))  # few, as each is a chunk of the column
        parts = in_chunks(take, len(self.codes), chunk=portion)
        column: ExtensionArray = dtype.__from_arrow__(pa.chunked_array(parts, pa.large_string()))
        return column
