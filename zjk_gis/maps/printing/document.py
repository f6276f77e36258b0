"""Files of sheets: one drawing as PDF, SVG or PNG, or many as one PDF or as a folder of pictures.

PDF and PNG are made of SVG by Typst. Of many sheets a few at a time are held, however many there are.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zjk_gis._optional import need
from zjk_gis.drawing.typefaces import clean_text
from zjk_gis.errors import FileError, InputError
from zjk_gis.io.paths import target_file, workshop
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from zjk_gis.drawing.canvas import Canvas

__all__ = ["SHEETS", "Binder", "binding", "check_dpi", "target_of_many", "write_document"]

SHEETS = (".pdf", ".svg", ".png")
_PICTURES = ("svg", "png")
_MOST_DPI = 1200
_AT_ONCE = 16  # sheets that Typst is given together: they share their typefaces
_LONGEST = 40  # characters of a sheet's name in the name of its file
_APART = "import json, sys; sys.path, asked = json.load(sys.stdin); import typst; typst.compile(**asked)"
_UNFIT = re.compile(r"[^\w\-]+")
_SOURCE = """\
#set document(title: sys.inputs.title, date: none)
#set text(font: sys.inputs.family, lang: sys.inputs.lang)
#for (at, name) in json(bytes(sys.inputs.names)).enumerate() {
  page(width: float(sys.inputs.width) * 1mm, height: float(sys.inputs.height) * 1mm, margin: 0mm,
    image("sheet-" + str(at) + ".svg", width: 100%, height: 100%, alt: name))
}
"""


def check_dpi(dpi: float) -> None:
    """Refuse pixels an inch that nobody can mean.

    Raises
    ------
    InputError
    """
    if not 0 < dpi <= _MOST_DPI:
        raise InputError(
            tr("dpi must lie above 0 and up to {most_dpi}, not {dpi!r}", most_dpi=_MOST_DPI, dpi=dpi)
        )


def write_document(
    canvas: Canvas, target: Path, width: float, height: float, *, title: str, lang: str, dpi: float
) -> Path:
    """Write a drawing as SVG, PDF or PNG; the file appears under its name only when it is whole."""
    with workshop(target) as folder:
        made = folder / f"made{target.suffix.lower()}"
        _draw(canvas, made, folder, (width, height), title, lang, dpi)
        made.replace(target)
    return target


def _draw(
    canvas: Canvas,
    made: Path,
    scratch: Path,
    size: tuple[float, float],
    title: str,
    lang: str,
    dpi: float,
    *,
    apart: bool = False,
) -> None:
    """Write one drawing to a file, by way of others in a folder for that."""
    ending = made.suffix
    document = canvas.document(*size, title=title, embed=ending == ".svg")
    if ending == ".svg":
        made.write_text(document, encoding="utf-8")
        return
    (scratch / "sheet-0.svg").write_text(document, encoding="utf-8")
    _typeset(scratch, made, size, canvas.typeface, title, [title], lang, dpi, apart=apart)


def _typeset(
    folder: Path,
    made: Path,
    size: tuple[float, float],
    typeface: Any,
    title: str,
    names: list[str],
    lang: str,
    dpi: float,
    *,
    apart: bool = False,
) -> None:
    """Turn drawings into a PDF or a picture. The words reach Typst as values, never as its language.

    Typst remembers whatever it has drawn for as long as its process lives, some megabytes a sheet: many
    sheets are drawn apart, by processes that end.
    """
    typst = need("typst", extra="print", purpose="print a map")
    (folder / "sheets.typ").write_text(_SOURCE, encoding="utf-8")
    asked = {
        "input": str(folder / "sheets.typ"),
        "output": str(made),
        "root": str(folder),
        "ignore_system_fonts": True,
        "font_paths": sorted({str(file.parent) for file, _ in typeface.files.values()}),
        "ppi": dpi,
        "sys_inputs": {
            "width": f"{size[0]:g}",
            "height": f"{size[1]:g}",
            "title": clean_text(title),
            "names": json.dumps([clean_text(name) for name in names]),
            "family": typeface.family,
            "lang": lang,
        },
    }
    if not apart:
        typst.compile(**asked)
        return
    words = json.dumps([sys.path, asked])
    command = [sys.executable, "-P", "-c", _APART]
    done = subprocess.run(command, input=words.encode("ascii"), capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(
            done.stderr.decode("utf-8", "replace").strip()[-500:] or f"Typst ended with {done.returncode}"
        )


def target_of_many(path: str | os.PathLike[str], pictures: str) -> Path:
    """Return where many sheets go: a PDF, or a folder of pictures that is not there or empty.

    Raises
    ------
    InputError
        If `pictures` is unknown, or the path has another ending than ``.pdf``.
    FileError
        If something lies there already, or nothing can be written there.
    """
    if pictures not in _PICTURES:
        raise InputError(
            tr(
                "pictures must be one of {known}, not {pictures!r}",
                known=", ".join(_PICTURES),
                pictures=pictures,
            )
        )
    if Path(path).suffix:
        return target_file(path, (".pdf",))
    target_file(f"{Path(path)}.pdf", (".pdf",))
    target = Path(path).absolute()
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise FileError(
            tr("{path}: is there already; name a folder that is empty or not there, or a .pdf", path=target)
        )
    return target


@dataclass(slots=True)
class Binder:
    """Binds sheets into one PDF, or lays them into a folder as pictures.

    Attributes
    ----------
    folder, scratch : Path
        For the pictures, and for what they are made of.
    width, height : float
        Of each sheet, in millimetres.
    ending : str
        Of what is made: ``.pdf``, ``.svg`` or ``.png``.
    """

    folder: Path
    scratch: Path
    width: float
    height: float
    ending: str
    title: str
    lang: str
    dpi: float
    _names: list[str] = field(default_factory=list)
    _typeface: Any = None
    _book: Any = None
    _pages: int = 0

    def add(self, canvas: Canvas, name: str, *, chapter: bool = True) -> None:
        """Add a sheet; one that is no chapter continues the one before."""
        if self.ending != ".pdf":
            safe = _UNFIT.sub("_", clean_text(name))[:_LONGEST].strip("_")
            made = self.folder / f"{self._pages:04d}-{safe}{self.ending}"
            size = (self.width, self.height)
            _draw(canvas, made, self.scratch, size, name, self.lang, self.dpi, apart=True)
            self._pages += 1
            return
        document = canvas.document(self.width, self.height, title=name, embed=False)
        (self.scratch / f"sheet-{len(self._names)}.svg").write_text(document, encoding="utf-8")
        self._names.append(name if chapter else "")
        self._typeface = canvas.typeface
        if len(self._names) == _AT_ONCE:
            self._bind()

    def _bind(self) -> None:
        pypdf = need("pypdf", extra="print", purpose="bind sheets into one PDF")
        if self._book is None:
            self._book = pypdf.PdfWriter()
        if not self._names:
            return
        part = self.scratch / "part.pdf"
        size, names = (self.width, self.height), self._names
        _typeset(self.scratch, part, size, self._typeface, self.title, names, self.lang, self.dpi, apart=True)
        reader = pypdf.PdfReader(part)
        for page, name in zip(reader.pages, names, strict=True):
            self._book.add_page(page)
            if name:
                self._book.add_outline_item(title=clean_text(name), page_number=self._pages)
            self._pages += 1
        self._names = []

    def finish(self) -> Path:
        """Return what was made, whole: the PDF, or the folder."""
        if self.ending != ".pdf":
            return self.folder
        self._bind()
        made = self.scratch / "made.pdf"
        self._book.add_metadata({"/Title": clean_text(self.title)})
        with made.open("wb") as file:
            self._book.write(file)
        return made


@contextmanager
def binding(target: Path, pictures: str, **said: Any) -> Iterator[Binder]:
    """Lend a binder; what it has made appears under its name only when it is whole."""
    whole = target.suffix.lower() == ".pdf"
    with workshop(target) as workplace:
        folder = workplace / "sheets"
        folder.mkdir()
        binder = Binder(folder, workplace, ending=".pdf" if whole else f".{pictures}", **said)
        yield binder
        made = binder.finish()
        if not whole and target.is_dir():
            target.rmdir()
        made.replace(target)
