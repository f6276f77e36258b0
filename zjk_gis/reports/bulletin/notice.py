"""The text of the notice (通报): sentences in which every figure is tied to its id.

The functions in `writing_notice` write a section each. They write sentences with `tr`; a figure in them comes
from `Writer.told`, which marks it with its id, so that the marks become `Span` objects once the sentence
stands in the reader's language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zjk_gis.arguments import checked
from zjk_gis.presentation import Presentation, presented
from zjk_gis.reports.bulletin.figuring import change_told, value_told
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from zjk_gis.reports.bulletin.result import Bulletin
    from zjk_gis.words import Language

__all__ = ["Notice", "Paragraph", "Span", "Writer"]

# Around a figure in a sentence: its id and which of its columns, then how it is written.
_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
_MARKED = re.compile(f"{_OPEN}([^|]*)\\|([^{_MIDDLE}]*){_MIDDLE}([^{_CLOSE}]*){_CLOSE}")
_NO_MARKS = str.maketrans("", "", _OPEN + _MIDDLE + _CLOSE)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text.

    Attributes
    ----------
    text : str
    figure : str or None
        The id of the figure that it is, if it is one.
    column : str
        Which column of `Bulletin.figures` is written: ``value``, ``month_change`` or ``year_change``.
    """

    text: str
    figure: str | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the notice.

    Attributes
    ----------
    kind : {"title", "heading", "text", "item"}
    spans : tuple of Span
    """

    kind: Literal["title", "heading", "text", "item"]
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """The text without ids."""
        return "".join(span.text for span in self.spans)


@checked
@presented
@dataclass(frozen=True)
class Notice:
    """The text of the notice.

    Attributes
    ----------
    lang : {"zh", "en"}
    paragraphs : tuple of Paragraph
    """

    lang: Language
    paragraphs: tuple[Paragraph, ...]

    @property
    def figures(self) -> list[str]:
        """The ids of the figures in it, each once, as they come."""
        found = (span.figure for paragraph in self.paragraphs for span in paragraph.spans)
        return list(dict.fromkeys(figure for figure in found if figure is not None))

    def text(self, *, ids: bool = False) -> str:
        """Return the text, a line a paragraph.

        Parameters
        ----------
        ids : bool, default False
            Whether each figure is followed by a number, 〔1〕, once a paragraph, and the ids are listed by it
            at the end.
        """
        numbers = {figure: at for at, figure in enumerate(self.figures, 1)}
        lines = []
        for paragraph in self.paragraphs:
            line, said = "", set[str]()
            for span in paragraph.spans:
                line += span.text
                if ids and span.figure is not None and span.figure not in said:
                    line += f"〔{numbers[span.figure]}〕"
                    said.add(span.figure)
            lines.append(line)
        if ids and numbers:
            told = tr("The figures and their ids; zjk-gis rows ID prints the rows of one:", lang=self.lang)
            lines += ["", told, *(f"〔{at}〕{figure}" for figure, at in numbers.items())]
        return "\n".join(lines) + "\n"

    def _presentation(self) -> Presentation:
        told = tr(
            "A notice of {paragraphs:,} paragraphs with {figures:,} figures.",
            paragraphs=len(self.paragraphs), figures=len(self.figures),
        )  # fmt: skip
        return Presentation(told, [tr("text")], [[each.text] for each in self.paragraphs])


class Writer:
    """Writes figures into sentences, and keeps the paragraphs."""

    def __init__(self, bulletin: Bulletin) -> None:
        self.bulletin = bulletin
        self.lang = language()
        self.rows: dict[str, dict[str, Any]] = {
            str(row["figure"]): {str(name): each for name, each in row.items()}
            for row in bulletin.figures.to_dict("records")
        }
        self.paragraphs: list[Paragraph] = []
        self._headings = 0

    def row(self, figure: str) -> dict[str, Any] | None:
        """Return the row of a figure, or None where there is none."""
        return self.rows.get(figure)

    def told(self, figure: str) -> str:
        """Write the value of a figure; «no data» where there is none."""
        row = self.row(figure)
        if row is None:
            return tr("no data")
        return self.mark(figure, "value", value_told(row["value"], row["value_unit"]))

    def mark(self, figure: str, column: str, text: str) -> str:
        """Mark text as what a column of a figure says."""
        return f"{_OPEN}{figure}|{column}{_MIDDLE}{text}{_CLOSE}"

    def changes(self, figure: str) -> str:
        """Write in brackets how a figure changed; nothing where there is nothing to compare with."""
        row = self.row(figure)
        if row is None:
            return ""
        said = [
            (column, change_told(row[column], row["value_unit"], year=column == "year_change"))
            for column in ("month_change", "year_change")
        ]
        parts = [self.mark(figure, column, text) for column, text in said if text]
        return tr(" ({changes})", changes=self.joined(parts)) if parts else ""

    def joined(self, parts: Iterable[str]) -> str:
        """Write several things with commas between."""
        return tr(", ").join(parts)

    def name(self, row: pd.Series | dict[str, Any]) -> str:
        """Return the name of whom a figure is about."""
        told = str(row["subject_name"]).translate(_NO_MARKS)
        return tr("of no area") if told == "—" else told

    def title(self, text: str) -> None:
        """Write the title."""
        self._add("title", text)

    def heading(self, text: str) -> None:
        """Write the heading of a section, numbered."""
        numbers = "一二三四五六七八九十"
        at = self._headings
        self._headings += 1
        number = f"{numbers[at]}、" if self.lang == "zh" else f"{at + 1}. "
        self._add("heading", number + text)

    def text(self, text: str) -> None:
        """Write a paragraph."""
        self._add("text", text)

    def item(self, text: str) -> None:
        """Write an item of a list."""
        self._add("item", text)

    def _add(self, kind: Literal["title", "heading", "text", "item"], text: str) -> None:
        spans, at = [], 0
        for found in _MARKED.finditer(text):
            if found.start() > at:
                spans.append(Span(text[at : found.start()]))
            spans.append(Span(found[3], found[1], found[2]))
            at = found.end()
        if at < len(text):
            spans.append(Span(text[at:]))
        self.paragraphs.append(Paragraph(kind, tuple(spans)))
