"""The folder in which a plan is kept: `plan.json`, and a flat file for each index."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zjk_gis._version import __version__
from zjk_gis.errors import FileError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PLAN_FILE", "checksum_of", "plan_files_of", "read_plan_file", "write_plan_file"]

PLAN_FILE = "plan.json"
_FORMAT, _VERSION = "zjk_gis assignment plan", 1
_INDEXES = {"zones": "zones.idx", "grids": "grids.idx", "sections": "sections.idx"}
_MOST_BYTES = 1 << 20


def plan_files_of(folder: str | os.PathLike[str], to_write: Sequence[str]) -> dict[str, Path]:
    """Return where the index of each layer lies.

    Parameters
    ----------
    folder : str or path
    to_write : sequence of str
        The layers that will be written. The folder is made for them, and other indexes of an earlier plan
        are removed from it.

    Raises
    ------
    FileError
        If the folder cannot be made, or holds what is not of a plan.
    """
    folder = Path(folder)
    files = {name: folder / file for name, file in _INDEXES.items()}
    if not to_write:
        return files
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = sorted({entry.name for entry in folder.iterdir()} - {PLAN_FILE, *_INDEXES.values()})
        if strange:
            raise FileError(
                tr(
                    "{folder}: holds {strange}, which is not of a plan; name a folder of its own",
                    folder=folder,
                    strange=strange[0],
                )
            )
        (folder / PLAN_FILE).unlink(
            missing_ok=True
        )  # without it the rest is nothing, until all of it is there
        for name, file in files.items():
            if name not in to_write:
                file.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(
            tr("{folder}: cannot be written ({value})", folder=folder, value=error.strerror or error)
        ) from error
    return files


def write_plan_file(folder: str | os.PathLike[str], told: dict[str, Any]) -> None:
    """Write what a plan is, once its indexes are there.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    path = Path(folder) / PLAN_FILE
    told = {"format": _FORMAT, "version": _VERSION, "made_by": f"zjk_gis {__version__}", **told}
    text = json.dumps(told | {"checksum": checksum_of(told)}, ensure_ascii=False, indent=1)
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{PLAN_FILE}.", delete=False
        ) as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FileError(
            tr("{path}: cannot be written ({value})", path=path, value=error.strerror or error)
        ) from error


def read_plan_file(folder: str | os.PathLike[str]) -> tuple[Path, dict[str, Any]]:
    """Return where what a plan is was read, and what it says, after making sure that it is whole.

    Raises
    ------
    FileError
        If it is missing, of another format or version, or damaged.
    """
    path = Path(folder) / PLAN_FILE
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FileError(
            tr(
                "{path}: cannot be read ({value}); is it the folder of a saved plan?",
                path=path,
                value=error.strerror or error,
            )
        ) from error
    try:
        told = json.loads(raw) if len(raw) <= _MOST_BYTES else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or told.get("format") != _FORMAT:
        raise FileError(tr("{path}: is not a saved plan", path=path))
    if told.get("version") != _VERSION:
        raise FileError(
            tr(
                "{path}: was saved by another version of zjk_gis; prepare the plan again and save it",
                path=path,
            )
        )
    checksum = told.pop("checksum", None)
    if checksum != checksum_of(told):
        raise FileError(tr("{path}: is damaged (its checksum is wrong); save the plan again", path=path))
    return path, told | {"checksum": checksum}


def checksum_of(told: Mapping[str, Any]) -> str:
    """Return the checksum of facts that JSON can say, whatever the order of their keys."""
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()
