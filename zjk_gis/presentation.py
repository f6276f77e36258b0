"""How a result prints itself: two sentences and a small table, in a terminal and in a notebook.

A class says what it tells in its method ``_presentation``, in the language of `zjk_gis.words.language`;
`presented` gives it ``__repr__`` and ``_repr_html_``. Everything that comes from data is escaped there.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from zjk_gis.text import cell_text, table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_ROWS", "Presentation", "presented"]

_T = TypeVar("_T", bound=type)

_RIGHT = ' style="text-align: right"'  # numbers
MOST_ROWS = 6  # of the table; the rest is counted


class Presentation(NamedTuple):
    """What a result tells of itself.

    Attributes
    ----------
    sentences : str
        At most two: what it is, and what matters most.
    header : sequence of str
        Of the table; empty where there is none.
    rows : sequence of sequence
        Numbers and text; the first `MOST_ROWS` are shown.
    total : int, optional
        How many rows there are in all, where not all are handed over.
    """

    sentences: str
    header: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    total: int | None = None

    @property
    def rest(self) -> int:
        """How many rows are not shown."""
        return max(0, (len(self.rows) if self.total is None else self.total) - MOST_ROWS)

    def as_text(self) -> str:
        """Return the sentences, and the table below them."""
        lines = [self.sentences]
        if self.rows:
            lines += table(self.rows[:MOST_ROWS], self.header)
        if self.rest:
            lines.append(tr("  ... and {rest:,} more", rest=self.rest))
        return "\n".join(lines)

    def as_html(self) -> str:
        """Return the same for a notebook, escaped."""
        parts = [f"<p>{escape(self.sentences)}</p>"]
        if self.rows:
            head = "".join(f"<th>{escape(name)}</th>" for name in self.header)
            body = "".join(_row(row) for row in self.rows[:MOST_ROWS])
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        if self.rest:
            parts.append(f"<p>{escape(tr('  ... and {rest:,} more', rest=self.rest).strip())}</p>")
        return "\n".join(parts)


def presented(kind: _T) -> _T:
    """Let the results of a class print themselves, as their method ``_presentation`` says.

    Parameters
    ----------
    kind : type
        With a method ``_presentation`` that returns a `Presentation`.

    Returns
    -------
    type
        The same class.

    Examples
    --------
    >>> @presented
    ... class Count:
    ...     def _presentation(self) -> Presentation:
    ...         return Presentation("1 zone.", ["zone", "incidents"], [["<A>", 12]])
    >>> Count()
    <Count> 1 zone.
      zone  incidents
      <A>          12
    >>> "&lt;A&gt;" in Count()._repr_html_()
    True
    """

    def in_text(self: Any) -> str:
        return f"<{type(self).__name__}> {self._presentation().as_text()}"

    def in_html(self: Any) -> str:
        page: str = self._presentation().as_html()
        return page

    kind.__repr__ = in_text  # type: ignore[assignment]
    kind._repr_html_ = in_html  # type: ignore[attr-defined]
    return kind


def _row(row: Sequence[object]) -> str:
    cells = (
        f"<td{_RIGHT if isinstance(value, int | float) else ''}>{escape(cell_text(value))}</td>"
        for value in row
    )
    return f"<tr>{''.join(cells)}</tr>"
