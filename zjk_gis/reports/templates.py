"""The templates of pages; what they are filled with is escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["template"]


@cache
def template(name: str) -> Any:
    """Return a template that lies among the reports, such as ``page.html``; it may include its neighbours."""
    import jinja2

    room = files("zjk_gis.reports")
    loader = jinja2.FunctionLoader(lambda name: room.joinpath(name).read_text("utf-8"))
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, loader=loader).get_template(
        name
    )
