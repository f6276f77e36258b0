"""The network that every command here begins with, read from a city or from a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zjk_gis.cli.city import read_city, require_layers
from zjk_gis.pipes import PipeNetwork, pipe_network

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["read_network"]

_ENDING = ".net"
_NEEDED = ("manholes", "pipelines")


def read_network(
    city: Path | str,
    console: Console,
    *,
    others: tuple[str, ...] = (),
    within_m: float = 0.5,
    at: str | None = None,
) -> tuple[PipeNetwork, dict[str, gpd.GeoDataFrame]]:
    """Return the network of a city, of a day if one is named, and its layers with others that are there.

    A file that `zjk-gis pipes CITY -o FOLDER` wrote (``pipes.net``) is the network itself.
    """
    if isinstance(city, Path) and city.suffix == _ENDING:
        network = PipeNetwork.load(city).on(at)
        return network, {"pipelines": network.pipelines}
    layers = read_city(city, console, layers=[*_NEEDED, "pipe_points", *others])
    require_layers(layers, city, *_NEEDED)
    network = pipe_network(
        layers["manholes"],
        layers["pipelines"],
        points=layers.get("pipe_points"),
        within_m=within_m,
        at=at,
    )
    return network, layers
