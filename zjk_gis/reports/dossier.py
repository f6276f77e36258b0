"""A folder of results: which files lie in it, what each is, and what could not be made."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError, MissingExtraError
from zjk_gis.io.paths import reason_of
from zjk_gis.maps import print_map
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os

    import folium

    from zjk_gis.layers.labels import Language

__all__ = ["Dossier", "ready_folder"]

_DPI = 130  # of a picture of a map: sharp on a screen, and half a megabyte


@presented
@checked
@dataclass(slots=True)
class Dossier:
    """What was written of one question.

    Attributes
    ----------
    files : dict of Path to str
        Each file with what it is, in the reader's language.
    remarks : list of str
        What could not be made, and why; the rest is there.
    """

    files: dict[Path, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def print_map(self, drawn: folium.Map, sheet: Path, *, lang: Language) -> bytes | None:
        """Print a map as a PDF, and return its picture; where neither can be made, remark on it and go on.

        A bureau's machine may have no typeface with Chinese characters, or not the packages that print: that
        is no reason to withhold tables and pages.
        """
        sheet.unlink(missing_ok=True)
        try:
            print_map(drawn, sheet)
            with tempfile.TemporaryDirectory() as folder:
                picture = Path(folder) / "map.png"
                print_map(drawn, picture, orientation="landscape", dpi=_DPI)
                image = picture.read_bytes()
        except (InputError, MissingExtraError) as error:
            self.remarks.append(tr("the map is not printed: {error}", error=error, lang=lang))
            return None
        self.files[sheet] = tr("map (A4, to hang up)", lang=lang)
        return image

    def _presentation(self) -> Presentation:
        told = tr(
            "Files written: {files:,}. Remarks: {remarks:,}.",
            files=len(self.files),
            remarks=len(self.remarks),
        )
        return Presentation(
            told, [tr("file"), tr("content")], [[path.name, what] for path, what in self.files.items()]
        )


def ready_folder(folder: str | os.PathLike[str]) -> Path:
    """Make a folder where there is none.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            tr(
                "{folder}: cannot be made a folder ({strerror}); name another",
                folder=path,
                strerror=reason_of(error),
            )
        ) from error
    return path
