"""Archives unpacked with care: nothing leaves the folder, nothing grows without bounds, names are legible.

A .zip is what a folder of shapefiles arrives in. Its members may be named to climb out of the folder they are
unpacked to, be links, or be a few kilobytes that unpack to a disk full; and an archive made in a Chinese
Windows names its members in GBK without saying so.
"""

from __future__ import annotations

import stat
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zjk_gis.errors import FileError
from zjk_gis.io.paths import blamed_on
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

__all__ = ["is_archive", "unpacked"]

_MOST_MEMBERS = 10_000
_MOST_BYTES = 8 << 30
_MOST_RATIO, _RATIO_FROM = 200, 64 << 20  # what packs better than this, and is large, is a bomb
_BLOCK = 1 << 20
_UTF_8 = 0x800  # the flag of a name that says its encoding
_NESTED = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".zst")


def is_archive(path: Path) -> bool:
    """Tell whether a file is an archive by its ending."""
    return path.suffix.lower() in (".zip", ".kmz")


@contextmanager
def unpacked(archive: Path, remarks: list[str]) -> Iterator[Path]:
    """Unpack an archive into a folder that lasts as long as it is used.

    Parameters
    ----------
    archive : Path
        A .zip file.
    remarks : list of str
        Told what was left out, and in which encoding the names are.

    Yields
    ------
    Path
        The folder.

    Raises
    ------
    FileError
        If the archive is damaged or encrypted, a member would leave the folder or is a link, two members
        have the same name, or it unpacks to too much.
    """
    with tempfile.TemporaryDirectory(prefix="zjk-gis-") as name, blamed_on(archive, "unpacked"):
        folder = Path(name)
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            if len(members) > _MOST_MEMBERS:
                raise FileError(
                    tr(
                        "{archive}: holds {members_count:,} files, over {most_members:,}; unpack it yourself",
                        archive=archive,
                        members_count=len(members),
                        most_members=_MOST_MEMBERS,
                    )
                )
            room = _MOST_BYTES
            taken: set[str] = set()
            for member, told in zip(members, _names(members, archive, remarks), strict=True):
                target = _target(folder, told, archive)
                if stat.S_ISLNK(member.external_attr >> 16):
                    raise FileError(
                        tr(
                            "{archive}: its member {told!r} is a link, which could lead anywhere",
                            archive=archive,
                            told=told,
                        )
                    )
                if member.flag_bits & 1:
                    raise FileError(
                        tr(
                            "{archive}: is encrypted; unpack it with its password and name the folder",
                            archive=archive,
                        )
                    )
                key = str(target).casefold()
                if key in taken:
                    raise FileError(
                        tr("{archive}: holds {told!r} twice; pack it again", archive=archive, told=told)
                    )
                taken.add(key)
                if target.suffix.lower() in _NESTED:
                    remarks.append(
                        tr(
                            "{name}: {told} is an archive within the archive; unpack it to read it",
                            name=archive.name,
                            told=told,
                        )
                    )
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, target.open("xb") as out:
                    room -= _copy(source, out, member, room, archive, told)
        yield folder


def _names(members: list[zipfile.ZipInfo], archive: Path, remarks: list[str]) -> list[str]:
    """Decode the members' names: as they say, otherwise all as UTF-8 if they are, and as GB18030 if not."""
    raw = [None if member.flag_bits & _UTF_8 else _bytes_of(member.filename) for member in members]
    silent = [name for name in raw if name is not None and not name.isascii()]
    encoding = "utf-8"
    if silent:
        for encoding in ("utf-8", "gb18030"):
            try:
                b"\n".join(silent).decode(encoding)
                break
            except UnicodeDecodeError:
                continue
        else:
            raise FileError(
                tr("{archive}: the names in it are neither UTF-8 nor GBK; pack it again", archive=archive)
            )
        remarks.append(
            tr(
                "{name}: names in it read as {value}",
                name=archive.name,
                value="GB18030" if encoding == "gb18030" else "UTF-8",
            )
        )
    return [
        member.filename if name is None else name.decode(encoding)
        for member, name in zip(members, raw, strict=True)
    ]


def _bytes_of(name: str) -> bytes:
    """Return a name as it stands in the archive: Python takes one of unknown encoding for code page 437."""
    try:
        return name.encode("cp437")
    except UnicodeEncodeError:
        return name.encode()


def _target(folder: Path, name: str, archive: Path) -> Path:
    """Return where a member goes, or refuse one that would go elsewhere."""
    plain = PurePosixPath(name.replace("\\", "/"))
    odd = (
        plain.is_absolute()
        or ".." in plain.parts
        or any(":" in part or "\x00" in part for part in plain.parts)
    )
    if odd or not plain.parts:
        raise FileError(
            tr(
                "{archive}: its member {name!r} would be unpacked outside the folder; the archive is hostile",
                archive=archive,
                name=name,
            )
        )
    return folder.joinpath(*plain.parts)


def _copy(
    source: IO[bytes], out: IO[bytes], member: zipfile.ZipInfo, room: int, archive: Path, name: str
) -> int:
    """Unpack a member, as long as there is room: what its header says of its size may be a lie."""
    size = 0
    packed = max(member.compress_size, 1)
    while block := source.read(_BLOCK):
        size += len(block)
        if size > room:
            raise FileError(
                tr(
                    "{archive}: unpacks to over {most_bytes} GB; unpack it yourself",
                    archive=archive,
                    most_bytes=_MOST_BYTES >> 30,
                )
            )
        if size > _RATIO_FROM and size > _MOST_RATIO * packed:
            raise FileError(
                tr(
                    "{archive}: its member {name!r} unpacks to over {most_ratio} times its size, as bombs do",
                    archive=archive,
                    name=name,
                    most_ratio=_MOST_RATIO,
                )
            )
        out.write(block)
    return size
