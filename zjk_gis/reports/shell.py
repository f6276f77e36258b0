"""What stands around the content of every page: head, policy, style, title and one script.

A page is a template that extends ``shell.html`` and fills in what is its own. Text from data is escaped as it
is written; the policy lets a page run its one script, known by its hash, and ask nothing of any network.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from zjk_gis.io.paths import workshop
from zjk_gis.reports.telling import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["rendered", "write_rendered"]


def rendered(template: str, *, script: str, styles: Sequence[str] = (), **values: Any) -> str:
    """Fill in the template of a page.

    Parameters
    ----------
    template : str
        Its file in the package, such as ``reports/page.html``.
    script : str
        The file of its one script.
    styles : sequence of str
        Files of styles beside that of all pages.
    **values
        What the template shows; at least ``lang``, ``title`` and ``told_under``.

    Returns
    -------
    str
        The page, without the characters that no page can hold.

    Examples
    --------
    >>> page = rendered(
    ...     "reports/shell.html", script="reports/page.js", lang="en", title="a < b", told_under=["c"]
    ... )
    >>> "<h1>a &lt; b</h1><p><span>c</span></p>" in page
    True
    """
    import markupsafe

    text = _part(script)
    style = "\n".join(_part(each) for each in ("reports/shell.css", *styles))
    page = _environment().get_template(template).render(
        style=markupsafe.Markup(style),  # noqa: S704  the package's own
        script=markupsafe.Markup(text),  # noqa: S704  the package's own
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii"),
        **values,
    )  # fmt: skip
    return plain(page)


def write_rendered(target: Path, page: str) -> Path:
    """Write a page, whole or not at all."""
    with workshop(target) as folder:
        made = folder / target.name
        made.write_text(page, encoding="utf-8", newline="\n")
        made.replace(target)
    return target


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, loader=jinja2.FunctionLoader(_part)
    )


@cache
def _part(name: str) -> str:
    """Return a template, a style or a script of the package."""
    return files("zjk_gis").joinpath(name).read_text("utf-8")
