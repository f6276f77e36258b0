"""What is known of the rows of a layer, as arrays and facts for a flat file, and back again.

A file may come from anywhere and its checksums be right for anything: on the way back every number is looked
at before it is used, and what is not as `zjk_gis.index.prepared.prepare` makes it is refused.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.errors import InputError
from zjk_gis.index.coded import Coded
from zjk_gis.index.flatfile import packed, unpacked
from zjk_gis.index.kernel import Rows
from zjk_gis.index.policy import Policy
from zjk_gis.index.prepared import MOST_DAYS, PERIOD, Prepared
from zjk_gis.layers.columns.periods import ALWAYS, NEVER
from zjk_gis.layers.columns.times import check_tz
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["digest_of", "prepared_of", "taken_apart"]

_MOST_ROWS = 1 << 26  # no layer of zones is as long, and codes take no more memory than there is
_NUMBERS = {"code": np.int64, "rank": np.int64, "begins": np.int64, "ends": np.int64, "side": np.int8}


def taken_apart(prepared: Prepared) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return what is known of rows as named arrays, and as facts that JSON can say."""
    arrays: dict[str, NDArray[Any]] = {"row": prepared.row}
    arrays |= {name: getattr(prepared.rows, name) for name in _NUMBERS}
    words = [*prepared.carried.items(), *prepared.told.items()]
    for number, (_, coded) in enumerate(words):
        arrays[f"word_of_{number}"] = coded.codes
        arrays |= packed(f"words_{number}", (str(word).encode() for word in coded.words.tolist()))
    policy = prepared.policy
    about = {
        "crs": prepared.crs.to_wkt(),
        "measured_in": prepared.measured_in.to_wkt(),
        "code": prepared.code,
        "given": prepared.given,
        "carried": list(prepared.carried),
        "told": list(prepared.told),
        "periods": list(prepared.periods),
        "level": prepared.level,
        "asked_level": prepared.asked_level,
        "levels": prepared.levels,
        "steered_by": prepared.steered_by,
        "policy": [list(policy.order), policy.priority, list(policy.priority_order)],
        "tz": prepared.tz,
    }
    return arrays, about


def prepared_of(arrays: dict[str, NDArray[Any]], about: dict[str, Any], size: int) -> Prepared:
    """Put together again what is known of so many rows, all of which is looked at first.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing or is not what it should be.
    """
    carried, told = (_texts(about[name], name) for name in ("carried", "told"))
    if len({*carried, *told}) < len(carried) + len(told):
        raise _fault(tr("names a column twice"))
    words = [_coded(arrays, number, size) for number in range(len(carried) + len(told))]
    code = about["code"]
    if code is not None and (not carried or code != carried[0] or (words[0].codes < 0).any()):
        raise _fault(tr("its rows have no codes"))
    given = about["given"]
    row = _array(arrays, "row", np.int64, size)
    if type(given) is not int or row[0] < 0 or row[-1] >= given or (row[1:] <= row[:-1]).any():
        raise _fault(tr("its rows are not those of a layer"))
    if given > _MOST_ROWS:
        raise _fault(tr("it has more rows than there can be"))
    level = about["level"]
    if not (level is None or type(level) is int):
        raise _fault(tr("its level is not one"))
    tz = about["tz"]
    try:
        check_tz(tz)
        order, priority, words_of_priority = about["policy"]
        policy = Policy(
            tuple(_texts(order, "policy")), _text(priority), tuple(_texts(words_of_priority, "policy"))
        )
    except InputError as error:
        raise _fault(str(error)) from error
    steered = about["steered_by"]
    if type(steered) is not dict:
        raise _fault(tr("what steered is not told"))
    return Prepared(
        crs=_crs(about["crs"]),
        measured_in=_crs(about["measured_in"]),
        code=code,
        row=row,
        given=given,
        rows=_rows(arrays, size),
        carried=dict(zip(carried, words[: len(carried)], strict=True)),
        told=dict(zip(told, words[len(carried) :], strict=True)),
        periods=tuple(name for name in PERIOD if name in _texts(about["periods"], "periods")),
        level=level,
        asked_level=_level_asked(about["asked_level"]),
        levels=_levels(about["levels"]),
        steered_by=dict(zip(steered, _texts([*steered.values()], "steered_by"), strict=True)),
        policy=policy,
        tz=str(tz),
    )


def digest_of(arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> str:
    """Return what tells whether arrays and facts are the same as others."""
    digest = hashlib.blake2b(json.dumps(about, ensure_ascii=True, sort_keys=True).encode(), digest_size=16)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _rows(arrays: dict[str, NDArray[Any]], size: int) -> Rows:
    """Return what the rule asks of rows: numbers of codes, ranks, periods and sides, all within bounds."""
    found = {name: _array(arrays, name, dtype, size) for name, dtype in _NUMBERS.items()}
    if found["code"].min() < 0 or found["code"].max() >= size:
        raise _fault(tr("its codes are not numbered"))
    if not np.array_equal(np.sort(found["rank"]), np.arange(size)):
        raise _fault(tr("ranks are not the numbers from 0 on"))
    for name, open_ in (("begins", NEVER), ("ends", ALWAYS)):
        days = found[name][found[name] != open_]
        if len(days) and (days.min() < -MOST_DAYS or days.max() > MOST_DAYS):
            raise _fault(tr("its periods are not days"))
    if found["side"].min() < -1 or found["side"].max() > 1:
        raise _fault(tr("its sides are not sides"))
    return Rows(**found)


def _coded(arrays: dict[str, NDArray[Any]], number: int, size: int) -> Coded:
    """Cut the words of a column out of one text, and look whether each row has one of them."""
    texts = unpacked(arrays, f"words_{number}")
    codes = _array(arrays, f"word_of_{number}", np.int32, size)
    if codes.min() < -1 or codes.max() >= len(texts):
        raise _fault(tr("a row has a word that is not there"))
    words = np.empty(len(texts), dtype=object)
    words[:] = [text.decode() for text in texts]
    return Coded(codes, words)


def _array(arrays: dict[str, NDArray[Any]], name: str, dtype: Any, size: int) -> NDArray[Any]:
    """Return an array of one number for each row."""
    array = arrays[name]
    if array.dtype != dtype or array.shape != (size,):
        raise _fault(tr("{name} is not one number for each row", name=name))
    return array


def _levels(told: Any) -> dict[str, Any]:
    """Return what is told of the level that answers, if it is told as `level_told` does."""
    if told == {} and type(told) is dict:
        return told
    kinds = {"number": int, "word": str, "left_out": int, "without": str}
    if type(told) is not dict or {*told} != {*kinds, "covered"}:
        raise _fault(tr("its levels are not told"))
    if any(type(told[name]) is not kind for name, kind in kinds.items()):
        raise _fault(tr("its levels are not told"))
    if not (told["covered"] is None or (type(told["covered"]) is float and np.isfinite(told["covered"]))):
        raise _fault(tr("its levels are not told"))
    return dict(told)


def _level_asked(level: Any) -> int | str | None:
    if level is None or type(level) in (int, str):
        return level  # type: ignore[no-any-return]
    raise _fault(tr("its level is not one"))


def _texts(values: Any, what: str) -> list[str]:
    if type(values) is not list or any(type(value) is not str for value in values):
        raise _fault(tr("{what} are not texts", what=what))
    return values


def _text(value: Any) -> str:
    return _texts([value], "names")[0]


def _crs(wkt: Any) -> CRS:
    from pyproj import CRS
    from pyproj.exceptions import CRSError as UnknownCRSError

    try:
        return CRS.from_wkt(_text(wkt))
    except UnknownCRSError:
        raise ValueError(tr("its coordinate reference system cannot be read")) from None


def _fault(what: str) -> ValueError:
    return ValueError(what)
