"""The folder that is published: made apart, put in its place whole, and never in the place of others'.

A file in it, `MARK`, lists what was written. A folder is replaced only if it has that file and nothing beside
what the file lists, so that what somebody laid there is not lost.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zjk_gis.errors import FileError
from zjk_gis.io.paths import blamed_on, reason_of, workshop
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "check_replaceable", "replacing"]

MARK = "zjk-gis-published.json"
_MEANT = "zjk-gis publish"
_SYSTEMS_OWN = {"thumbs.db", "desktop.ini", ".ds_store"}  # which systems lay into folders that are opened
_NAMED = 3


def check_replaceable(folder: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a folder that is not there, is empty, or was published; or refuse.

    Raises
    ------
    FileError
        If it is a file or a link, holds what was not published, or its own folder is missing.
    """
    path = Path(os.path.abspath(folder))  # noqa: PTH100 - a link is refused, not followed
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise FileError(tr("{folder}: is a file or a link, not a folder; name another", folder=path))
    if not path.parent.is_dir():
        raise FileError(
            tr("{plain}: the folder {folder} does not exist; create it first", plain=path, folder=path.parent)
        )
    if not os.access(path.parent, os.W_OK):
        raise FileError(
            tr("{plain}: the folder {folder} cannot be written to", plain=path, folder=path.parent)
        )
    if not path.exists():
        return path
    with blamed_on(path):
        there = _files_in(path)
    own = _listed_in(path)
    if own is None and there:
        raise FileError(
            tr(
                "{folder}: holds files that were not published by this command ({files}); name an empty "
                "folder or one that is not there",
                folder=path, files=listed(there[:_NAMED]),
            )
        )  # fmt: skip
    foreign = [name for name in there if own is not None and name not in own and name != MARK]
    if foreign:
        raise FileError(
            tr(
                "{folder}: beside what was published lie {count:,} files of others ({files}); take them out, "
                "they would be lost",
                folder=path, count=len(foreign), files=listed(foreign[:_NAMED]),
            )
        )  # fmt: skip
    return path


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Lend an empty folder, and put it in the place of another when it is full.

    Raises
    ------
    FileError
        If it cannot be put there, such as when a file of the old one is open on Windows; the old one then
        stays as it was.
    """
    with blamed_on(folder, "written"):
        shop = ExitStack()
        room = shop.enter_context(workshop(folder, blames=False))
    with shop:
        made, old = room / "made", room / "old"
        made.mkdir()
        yield made
        record = {"made_by": _MEANT, "files": _files_in(made)}
        text = json.dumps(record, ensure_ascii=False, indent=1)
        (made / MARK).write_text(text + "\n", encoding="utf-8", newline="\n")
        check_replaceable(folder)  # somebody may have laid something there meanwhile
        is_there = folder.exists()
        try:
            if is_there:
                folder.rename(old)
            made.rename(folder)
        except OSError as error:
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise FileError(
                tr(
                    "{folder}: cannot be replaced ({reason}); close what is open in it",
                    folder=folder, reason=reason_of(error),
                )
            ) from error  # fmt: skip


def _files_in(folder: Path) -> list[str]:
    return sorted(
        each.relative_to(folder).as_posix()
        for each in folder.rglob("*")
        if (each.is_symlink() or not each.is_dir()) and each.name.lower() not in _SYSTEMS_OWN
    )


def _listed_in(folder: Path) -> set[str] | None:
    """Return what a folder's mark says that was published; None without one."""
    try:
        record = json.loads((folder / MARK).read_text(encoding="utf-8"))
        is_own = record["made_by"] == _MEANT
        return set(record["files"]) if is_own else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
