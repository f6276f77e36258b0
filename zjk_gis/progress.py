"""One progress bar, for terminals and notebooks alike.

Nothing is printed where nobody watches (a log file, a test): the bar shows on a terminal or in a notebook,
unless the caller asks otherwise.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["bar", "track"]

T = TypeVar("T")


def track(
    steps: Iterable[T], *, title: str, total: int | None = None, show: bool | None = None
) -> Iterator[T]:
    """Yield from `steps` and show how far they have come.

    Parameters
    ----------
    steps : iterable
        What is being worked through.
    title : str
        What is being done, in the reader's language.
    total : int, optional
        How many steps there are, where `steps` has no length.
    show : bool, optional
        Whether to draw the bar; by default only if standard error is a terminal or a notebook runs.

    Yields
    ------
    object
        The items of `steps`.

    Examples
    --------
    >>> sum(track([1, 2, 3], title="adding"))
    6
    """
    yield from bar(steps, title=title, total=total, show=show)


def bar(
    steps: Iterable[Any] | None = None,
    *,
    title: str,
    total: float | None = None,
    show: bool | None = None,
) -> Any:
    """Return a bar of tqdm, to be moved by ``update`` and closed where the work is not a loop.

    Parameters
    ----------
    steps, title, total, show
        As in `track`.

    Examples
    --------
    >>> compiling = bar(title="compiling", total=10)
    >>> compiling.update(10)
    >>> compiling.close()
    """
    from tqdm.auto import tqdm

    visible = _somebody_watches() if show is None else show
    written = {} if steps is not None else {"bar_format": "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"}
    how: dict[str, Any] = {"disable": not visible, "leave": False, "mininterval": 0.2, **written}
    return tqdm(steps, desc=title, total=total, **how)


def _somebody_watches() -> bool:
    shell: Any = sys.modules.get("IPython")
    in_notebook = shell is not None and shell.get_ipython() is not None
    return in_notebook or sys.stderr.isatty()
