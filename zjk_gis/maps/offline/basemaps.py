"""Base maps (底图): web services of China and the world, an office's own tiles, or none.

AMap's tiles are GCJ-02, which lies half a kilometre off. They are shifted in the browser, in small squares by
the shift at each, so that the data stay WGS84: popups, measuring and exports stay true.
"""

from __future__ import annotations

import html
import json
import os
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
from branca.element import Element, Figure
from folium import TileLayer, plugins
from folium.map import Layer
from folium.utilities import camelize
from jinja2 import Template
from shapely import box

from zjk_gis.arguments import checked
from zjk_gis.crs.datum import wgs84_to_gcj02
from zjk_gis.errors import FileError, InputError
from zjk_gis.layers.labels import check_language
from zjk_gis.maps.offline.assets import Payload
from zjk_gis.maps.offline.services import SERVICES
from zjk_gis.maps.offline.tiles import MOST_MB, SUFFIXES, Tiles, read_tiles
from zjk_gis.maps.shell import id_of, script_json
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import folium

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.offline.services import Datum

__all__ = ["BaseMap", "MiniMap", "add_base_map", "base_map", "bounds_around"]

KEY_VARIABLE = "TIANDITU_KEY"
_MARGIN = 0.01  # degrees, about a kilometre


class BaseMap(Layer):
    """A base map as a folium layer, to be added to any folium map; made by `base_map`.

    Attributes
    ----------
    needs_network : str
        Why the page cannot do without a network; empty if it can.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = zjkBaseMap({{ this.json }});"
        "{% endmacro %}"
    )

    def __init__(
        self, spec: dict[str, Any], *, name: str, tiles: Tiles | None, needs_network: str, show: bool
    ) -> None:
        # A layer control takes names for HTML, and folium the control's script for a template.
        text = html.escape(name).replace("{", "&#123;")
        super().__init__(name=text, overlay=False, control=True, show=show)
        self._name = "BaseMap"
        self.spec, self.tiles_inside, self.needs_network = spec, tiles, needs_network
        self.json = script_json(spec)
        self._id = id_of(self.json)

    def render(self, **kwargs: Any) -> Any:
        """Put the script, and the tiles if they are local, into the page, each once."""
        self.put_into(self.get_root())
        return super().render(**kwargs)  # type: ignore[no-untyped-call]

    def put_into(self, figure: Element) -> None:
        """Put what the layer needs into a page."""
        if isinstance(figure, Figure):
            figure.html.add_child(_script(_asset()), name="zjk_base_maps")
            if self.tiles_inside is not None:
                figure.html.add_child(
                    _tiles_script(self.tiles_inside), name=f"zjk_tiles_{self.spec['tiles']}"
                )


class MiniMap(plugins.MiniMap):
    """folium's mini map (鹰眼图) with a base map of `base_map` in it, so that it works without a network too.

    Parameters
    ----------
    base_map : BaseMap
        A layer of its own, not the one that lies under the map.
    **options
        As for ``folium.plugins.MiniMap``.

    Examples
    --------
    >>> import folium
    >>> page = folium.Map([40.82, 114.88], tiles=None)
    >>> MiniMap(base_map("none"), zoom_level_offset=-4).add_to(page).tile_layer.layer_name
    '无底图'
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = new L.Control.MiniMap("
        "zjkBaseMap({{ this.tile_layer.json }}), {{ this.options|tojson }});"
        "{{ this._parent.get_name() }}.addControl({{ this.get_name() }});"
        "{% endmacro %}"
    )

    def __init__(self, base_map: BaseMap, **options: Any) -> None:
        # folium's own class takes folium's own tiles only.
        super().__init__(tile_layer=TileLayer("data:,", attr=" "), **options)  # type: ignore[no-untyped-call]
        self.tile_layer: Any = base_map
        self.options = {camelize(key): value for key, value in self.options.items()}
        self._id = id_of(base_map.json)

    def render(self, **kwargs: Any) -> Any:
        """Put the layer's script and tiles into the page."""
        self.tile_layer.put_into(self.get_root())
        return super().render(**kwargs)  # type: ignore[no-untyped-call]


@checked
def base_map(
    source: str | os.PathLike[str],
    *,
    lang: Language = "zh",
    name: str | None = None,
    datum: Datum | None = None,
    bounds: Sequence[float] | None = None,
    zooms: tuple[int, int] | None = None,
    max_mb: float = MOST_MB,
    embed: bool = True,
    tms: bool = False,
    url: str | None = None,
    embed_key: bool = False,
    opacity: float = 1.0,
    show: bool = True,
) -> BaseMap:
    """Make a base map for any folium map.

    Parameters
    ----------
    source : str or path
        ``"amap"`` or ``"amap-satellite"`` (高德), ``"tianditu"`` or ``"tianditu-satellite"`` (天地图),
        ``"osm"``, ``"none"``; or local tiles: a folder ``{z}/{x}/{y}.png`` (or .jpg, .webp), an .mbtiles or
        .pmtiles file of pictures.
    lang : {"zh", "en"}, default "zh"
        The language of names, and of the service's own map where it has both.
    name : str, optional
        As listed in a layer control.
    datum : {"wgs84", "gcj02"}, optional
        Which datum the tiles are in; by default the service's own, and WGS84 for local tiles. GCJ-02 tiles
        are shifted in the browser, so that WGS84 data lie right on them. CGCS2000 counts as WGS84.
    bounds : (west, south, east, north), optional
        Degrees: which ground to take from local tiles; by default all there is.
    zooms : (int, int), optional
        Which zooms to take from local tiles; by default all there are. Beyond the greatest they are enlarged.
    max_mb : float, default 20
        What local tiles may add to the page, in megabytes.
    embed : bool, default True
        Put local tiles into the page. Otherwise the page reads the folder where it lies, on this computer
        only.
    tms : bool, default False
        Whether a folder or a server counts its rows from the south.
    url : str, optional
        Another address of the service's tiles, such as an office's own copy, with ``{z}``, ``{x}`` and
        ``{y}``.
    embed_key : bool, default False
        Write the key of Tianditu, from the environment variable ``TIANDITU_KEY``, into the page, where anyone
        who has the page can read it. Otherwise the page asks its reader once, and the reader's browser keeps
        it.
    opacity : float, default 1
        From 0 to 1.
    show : bool, default True
        Whether it is shown when the page opens; of several base maps, one should be.

    Returns
    -------
    BaseMap
        A folium layer: ``base_map("amap").add_to(map)``. Only those of embedded local tiles, and none, can be
        saved with `save_offline`.

    Raises
    ------
    InputError
        If the source or an option is not known, there is no tile in the bounds and zooms, the tiles are
        vector tiles, they exceed `max_mb`, or the key is to be embedded and there is none.
    FileError
        If local tiles are not there or cannot be read.
    MissingExtraError
        If a .pmtiles file is to be read and ``pmtiles`` is not installed (extra ``offline-maps``).

    Notes
    -----
    The services have terms of use of their own. OpenStreetMap's tiles are for light use, with attribution,
    and never for downloading areas; AMap's and Tianditu's are for those who have agreed to their terms.

    Examples
    --------
    >>> import folium
    >>> page = folium.Map([40.82, 114.88], tiles=None)
    >>> base_map("amap").add_to(page).layer_name
    '高德地图'
    >>> base_map("gaode")
    Traceback (most recent call last):
    zjk_gis.errors.InputError: base map 'gaode' is not known; known are amap, amap-satellite, tianditu,
    tianditu-satellite, osm, none, or a tile folder, .mbtiles or .pmtiles file
    """
    check_language(lang)
    _check_options(datum, bounds, opacity)
    spec: dict[str, Any] = {"urls": [], "subdomains": [], "opacity": opacity, "tms": tms, "attribution": ""}
    if isinstance(source, str) and source in SERVICES:
        service = SERVICES[source]
        own = 0 if lang == "zh" else 1
        spec |= {
            "urls": list(service.urls[own]) if url is None else [_checked(url)],
            "subdomains": list(service.hosts),
            "zooms": list(service.zooms),
            "attribution": tr(service.credit, lang=lang),
            "gcj02": (datum or service.datum) == "gcj02",
        }
        if service.asks_key and (url is None or "{key}" in url):
            spec["key"] = {
                "value": _key() if embed_key else "",
                "ask": tr("Tianditu key (kept by this browser only)", lang=lang),
                "use": tr("Use", lang=lang),
            }
        reason = "" if source == "none" else tr("the base map {source!r} needs a network", source=source)
        return BaseMap(
            spec, name=name or tr(service.name, lang=lang), tiles=None, needs_network=reason, show=show
        )
    if url is not None:
        raise InputError(
            tr("url goes with a service ({services}), not with local tiles", services=", ".join(SERVICES))
        )
    path = Path(source)
    if not path.exists():
        _refuse_unknown(source)
    spec |= {"gcj02": datum == "gcj02"}
    name = name or tr("Local base map", lang=lang)
    if not embed:
        spec |= _beside(path)
        reason = tr("the base map reads the folder {folder} beside the page (embed=False)", folder=path.name)
        return BaseMap(spec, name=name, tiles=None, needs_network=reason, show=show)
    if bounds is not None and datum == "gcj02":
        bounds = _as_gcj02(bounds)
    tiles = read_tiles(path, bounds=bounds, zooms=zooms, max_mb=max_mb, tms=tms)
    west, south, east, north = tiles.bounds
    spec |= {
        "tiles": tiles.name,
        "zooms": list(tiles.zooms),
        "bounds": [[south, west], [north, east]],
    }
    return BaseMap(spec, name=name, tiles=tiles, needs_network="", show=show)


def bounds_around(layers: Iterable[gpd.GeoDataFrame]) -> tuple[float, float, float, float] | None:
    """Return the degrees within which local tiles are worth carrying: all layers, and a kilometre around.

    Parameters
    ----------
    layers : iterable of GeoDataFrame

    Returns
    -------
    (west, south, east, north) or None
        None where no layer has a place.
    """
    boxes = [
        gpd.GeoSeries([box(*layer.total_bounds)], crs=layer.crs).to_crs(4326).total_bounds
        for layer in layers
        if len(layer) and np.isfinite(layer.total_bounds).all()
    ]
    if not boxes:
        return None
    west, south = np.min(boxes, axis=0)[:2] - _MARGIN
    east, north = np.max(boxes, axis=0)[2:] + _MARGIN
    return float(west), float(south), float(east), float(north)


@checked
def add_base_map(
    page: folium.Map,
    base_map: str | os.PathLike[str] | BaseMap,
    *,
    lang: Language = "zh",
    **options: Any,
) -> folium.Map:
    """Lay a base map under a folium map.

    Parameters
    ----------
    page : folium.Map
        One of this package's maps or any other.
    base_map : str, path or BaseMap
        What `base_map` takes or returns; ``"none"`` adds nothing.
    lang : {"zh", "en"}, default "zh"
    **options
        As for `base_map`. Of local tiles, those around the map's own extent are taken, unless `bounds` says
        otherwise.

    Returns
    -------
    folium.Map
        The map given.

    Raises
    ------
    InputError, FileError, MissingExtraError
        As `base_map`.

    Examples
    --------
    >>> import folium
    >>> page = add_base_map(folium.Map([40.82, 114.88], tiles=None), "osm", lang="en")
    >>> [layer.layer_name for layer in page._children.values()]
    ['OpenStreetMap']
    """
    if isinstance(base_map, BaseMap):
        base_map.add_to(page)
    elif base_map != "none":
        if "bounds" not in options and not (isinstance(base_map, str) and base_map in SERVICES):
            options["bounds"] = _extent(page)
        _made(base_map, lang=lang, **options).add_to(page)
    return page


_made = base_map


def _extent(page: folium.Map) -> list[float] | None:
    """Return the extent of a map with some ground around it, if it has any."""
    known = getattr(page, "extent", None)
    if known is None:
        (south, west), (north, east) = page.get_bounds()
        known = [west, south, east, north]
    if any(value is None for value in known):
        return None
    west, south, east, north = (float(value) for value in known)
    across, along = max((east - west) / 4, 0.01), max((north - south) / 4, 0.01)
    return [west - across, south - along, east + across, north + along]


def _as_gcj02(bounds: Sequence[float]) -> list[float]:
    """Return bounds that hold everything in these once it is shifted."""
    west, south, east, north = bounds
    lon, lat = wgs84_to_gcj02([west, east, west, east], [south, south, north, north])
    more = 0.001  # degrees: more than the shift differs along an edge of a city
    return [
        float(lon.min()) - more,
        float(lat.min()) - more,
        float(lon.max()) + more,
        float(lat.max()) + more,
    ]


def _check_options(datum: str | None, bounds: Sequence[float] | None, opacity: float) -> None:
    if datum not in (None, "wgs84", "gcj02"):
        raise InputError(tr("datum must be wgs84 or gcj02, not {datum!r}", datum=datum))
    if not 0 <= opacity <= 1:
        raise InputError(tr("opacity must be from 0 to 1, not {opacity}", opacity=opacity))
    if bounds is not None and not (
        len(bounds) == 4 and -180 <= bounds[0] < bounds[2] <= 180 and -90 <= bounds[1] < bounds[3] <= 90
    ):
        raise InputError(
            tr("bounds must be west, south, east, north in degrees, not {tuple}", tuple=tuple(bounds))
        )


def _refuse_unknown(source: str | os.PathLike[str]) -> None:
    if isinstance(source, str) and re.fullmatch(r"[\w-]+", source):
        raise InputError(
            tr(
                "base map {source!r} is not known; known are {services}, or a tile folder, .mbtiles "
                "or .pmtiles file",
                source=source,
                services=", ".join(SERVICES),
            )
        )
    raise FileError(tr("base map: {os} does not exist", os=os.fspath(source)))


def _checked(url: str) -> str:
    """Take an address of tiles: of a web server, with a place for each number."""
    if not re.match(r"https?://[^\s\"'<>]+$", url) or not all(f"{{{v}}}" in url for v in "zxy"):
        raise InputError(
            tr(
                "url must be an address such as http://tiles.example/{{z}}/{{x}}/{{y}}.png, not {url!r}",
                url=url,
            )
        )
    unknown = set(re.findall(r"\{(\w*)\}", url)) - {"z", "x", "y", "s", "key"}
    if unknown:
        raise InputError(
            tr(
                "url: {{{unknown}}} is not known; known are {{z}}, {{x}}, {{y}}, {{s}} and {{key}}",
                unknown=min(unknown),
            )
        )
    return url


def _key() -> str:
    key = os.environ.get(KEY_VARIABLE, "")
    if not re.fullmatch(r"[0-9A-Za-z]{8,64}", key):
        raise InputError(
            tr(
                "embed_key=True writes the key of Tianditu into the page, but the environment variable "
                "{variable} holds none",
                variable=KEY_VARIABLE,
            )
            if not key
            else tr(
                "embed_key=True writes the key of Tianditu into the page, but the environment variable "
                "{variable} does not look like one",
                variable=KEY_VARIABLE,
            )
        )
    return key


def _beside(folder: Path) -> dict[str, Any]:
    """Describe a folder that the page reads where it lies."""
    if not folder.is_dir():
        raise InputError(
            tr("embed=False is for a folder of tiles; {name} must be put into the page", name=folder.name)
        )
    zooms = sorted(int(entry.name) for entry in folder.iterdir() if re.fullmatch(r"[0-9]{1,2}", entry.name))
    first = next((file for file in folder.glob("*/*/*") if file.suffix.lower() in SUFFIXES), None)
    if not zooms or first is None:
        raise InputError(tr("base map: {name} has no tile at all", name=folder.name))
    return {
        "urls": [f"{folder.resolve().as_uri()}/{{z}}/{{x}}/{{y}}{first.suffix}"],
        "zooms": [zooms[0], zooms[-1]],
    }


def _tiles_script(tiles: Tiles) -> Payload:
    body = script_json({"numbers": tiles.numbers, "pictures": tiles.pictures})
    return Payload(f"(window.zjkTiles = window.zjkTiles || {{}})[{json.dumps(tiles.name)}] = {body};")


def _script(text: str) -> Element:
    return Element(f"{{% raw %}}<script>{text}</script>{{% endraw %}}")


@cache
def _asset() -> str:
    return files("zjk_gis.maps").joinpath("basemaps.js").read_text(encoding="utf-8")
