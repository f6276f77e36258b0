"""A city's layers by the names of the catalogue, from whatever holds them: a GeoPackage or a PostGIS schema.

A layer is known by its name, English or Chinese; a workspace remembers what a layer of another name is.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import list_layers, read_layer
from zjk_gis.io.files import as_spec
from zjk_gis.io.geopackage import versioned_layers
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.naming import fields_of
from zjk_gis.read_report import report_of
from zjk_gis.words import listed, tr
from zjk_gis.workspace.addresses import is_address, shown
from zjk_gis.workspace.city_file.city import city_of
from zjk_gis.workspace.city_file.reading import no_files, read_sources
from zjk_gis.workspace.city_file.systems import measured
from zjk_gis.workspace.workspace import Workspace

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    import geopandas as gpd

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.workspace.city_file.city import City

    Holder: TypeAlias = str | os.PathLike[str]
    Reader: TypeAlias = Callable[[str | None, LayerSpec | None], gpd.GeoDataFrame]

__all__ = ["answering_layers", "read_city", "read_companion", "read_one", "read_zones"]

# By whose codes a layer of zones is known, whatever it is called.
_ANSWERING = ("responsibility_zones", "unit_grids", "road_sections")
# Files whose columns and values are the same whatever they are said to be; names and types come afterwards.
_READ_AS_IT_IS = (".gpkg", ".geojson", ".json", ".fgb", ".gdb", ".parquet", ".geoparquet", ".kml")
_BESIDE_ZONES = ("unit_grids", "road_sections", "roads")


@checked
def read_city(
    city: str | os.PathLike[str], *, layers: Iterable[str] | None = None
) -> dict[str, gpd.GeoDataFrame]:
    """Read the layers of a city, each under the catalogue's name and with its columns and types.

    Parameters
    ----------
    city : str or path
        A GeoPackage (``city.gpkg``), be it a workspace or not; the address of a workspace in PostGIS, as
        `Workspace.open` takes it; or a `City` or a city file (``city.toml``): then the layers of its
        workspace, those that it lacks from the newest files of its sources, all in the system in which the
        city measures, if it names one.
    layers : iterable of str, optional
        Only these layers of the catalogue, by their English or Chinese names, such as ``["unit_grids"]``;
        those that the city lacks are left out. By default all that it has.

    Returns
    -------
    dict of str to GeoDataFrame
        By the layers' English names, in the order of the file. Each is as `read_layer` reads it with its
        spec, of a workspace as it is now; ``attrs["report"]`` says what was found out on the way. Layers that
        the catalogue does not know are left out.

    Raises
    ------
    FileError
        If there is no such file, or it is damaged.
    CityFileError
        If the city file has faults.
    InputError
        If none of its layers is one that a city is made of, or two are the same one, by its English and its
        Chinese name; or if `layers` names one that there is not.
    WorkspaceError
        If the database cannot be reached.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from zjk_gis import write_layer
    >>> zones = gpd.GeoDataFrame({"责任区编码": ["A"]}, geometry=[box(0, 0, 9, 9)], crs=4547)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_layer(zones, pathlib.Path(folder, "city.gpkg"), layer="责任区")
    ...     city = read_city(path)
    >>> list(city), city["responsibility_zones"]["zone_code"].tolist()
    (['responsibility_zones'], ['A'])
    """
    asked = None if layers is None else {spec_of(name).name for name in layers}
    with _opened(city) as (names, read):
        found = _specs_in(names, city)
        if asked is None and not found:
            raise InputError(
                tr(
                    "{shown}: none of its layers ({names}) is one that a city is made of: {catalogue}; "
                    "name a layer as one of these",
                    shown=shown(city),
                    names=listed(names),
                    catalogue=listed(CATALOGUE),
                )
            )
        return {
            spec: read(layer, spec_of(spec))
            for spec, layer in found.items()
            if asked is None or spec in asked
        }


def read_zones(city: Holder, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read the layer that answers: the one named, or the responsibility zones of a city, or the only one.

    Parameters
    ----------
    city : str or path
        A file of any format that `read_layer` reads, or the address of a workspace in PostGIS.
    layer : str, optional

    Returns
    -------
    GeoDataFrame
        With the columns and types of responsibility zones, unit grids or road sections, where it has the
        codes of one of them.

    Raises
    ------
    InputError
        If there are several layers, none are responsibility zones, and none is named.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from zjk_gis import write_layer
    >>> grids = gpd.GeoDataFrame({"网格编码": ["130703005001001"]}, geometry=[box(0, 0, 9, 9)], crs=4547)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_zones(write_layer(grids, pathlib.Path(folder, "桥西.gpkg")))["grid_code"].tolist()
    ['130703005001001']
    """
    with _opened(city) as (names, read):
        if layer is None and len(names) > 1:
            layer = _specs_in(names, city).get("responsibility_zones")
            if layer is None:
                raise InputError(
                    tr(
                        "{shown}: has the layers {names}; say which one answers with layer=",
                        shown=shown(city),
                        names=listed(names),
                    )
                )
        plain = read(layer, None)
        spec = next((each for each in map(spec_of, _ANSWERING) if each.code in fields_of(plain, each)), None)
        if spec is None:
            return plain
        as_it_is = is_address(city) or Path(city).suffix.lower() in (*_READ_AS_IT_IS, ".toml")
        if not as_it_is:
            return read(layer, spec)  # cut names are completed, and zeros of codes put back, while reading
        report = report_of(plain)
        return as_spec(plain, spec, Path(report.path).name or report.layer, report)


def answering_layers(
    city: Holder, layer: str | None = None, *, code: str | None = None
) -> dict[str, gpd.GeoDataFrame]:
    """Read the zones and, where they come with a whole city, what answers besides: grids, sections and roads.

    Parameters
    ----------
    city : str or path
        As for `read_zones`.
    layer, code : str, optional
        The layer of zones and its column of codes; where one is named, nothing else answers.

    Returns
    -------
    dict of str to GeoDataFrame
        ``zones``, and those of ``unit_grids``, ``road_sections`` and ``roads`` that there are.
    """
    with _opened(city) as (names, _):
        alone = layer is not None or code is not None or len(names) < 2
    others = {} if alone else read_city(city, layers=_BESIDE_ZONES)
    return {"zones": read_zones(city, layer), **others}


def read_companion(
    city: Holder, name: str, path: str | os.PathLike[str] | None = None
) -> gpd.GeoDataFrame | None:
    """Read a layer that helps to judge zones: from a file of its own, or the one that came with the zones.

    Parameters
    ----------
    city : str or path
        Where the zones are.
    name : str
        Of the layer in the catalogue, such as ``built_up_areas``.
    path : str or path, optional
        A file of its own: of several layers in it, the one of that name.

    Returns
    -------
    GeoDataFrame or None
        None where there is none.
    """
    if path is None:
        return read_city(city, layers=[name]).get(name)
    return read_layer(path, layer=name if name in list_layers(path) else None)


def read_one(city: Holder, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read one layer of a file or a workspace as it is, whatever it is."""
    with _opened(city) as (_, read):
        return read(layer, None)


@contextmanager
def _opened(city: Holder) -> Iterator[tuple[dict[str, str], Reader]]:
    """Open what holds the layers: their names, what a workspace says that they are, and how one is read."""
    own = city_of(city)
    if own is not None:
        with _opened_by_file(own) as opened:
            yield opened
        return
    if not is_address(city):
        path = Path(city)
        layers, remembered = list_layers(path), _remembered(path)
        yield {layer: remembered.get(layer, "") for layer in layers}, _file_reader(path)
        return
    with Workspace.open(city) as workspace:
        known = workspace.list()
        names = dict(zip(known["layer"], known["spec"], strict=True))

        def read(layer: str | None, spec: LayerSpec | None) -> gpd.GeoDataFrame:
            if layer is None and not names:
                raise FileError(tr("{shown}: holds no layer", shown=shown(city)))
            if layer is None and len(names) > 1:
                raise InputError(
                    tr(
                        "{shown}: name one of its layers with layer=: {names}",
                        shown=shown(city),
                        names=listed(names),
                    )
                )
            name = next(iter(names)) if layer is None else layer
            frame = workspace.read(name)
            return frame if spec is None else as_spec(frame, spec, name, report_of(frame))

        yield names, read


@contextmanager
def _opened_by_file(city: City) -> Iterator[tuple[dict[str, str], Reader]]:
    """Open the workspace of a city file; layers that it lacks are read from the files of their sources."""
    with ExitStack() as stack:
        names: dict[str, str] = {}
        kept: Reader | None = None
        datums: dict[str, str] = {}
        if is_address(city.workspace) or Path(city.workspace).exists():
            names, kept = stack.enter_context(_opened(city.workspace))
            datums = _datums(city.workspace)
        there = set(_specs_in(names, city))
        sent = {each.layer for each in city.sources if each.layer not in there and city.files_of(each)}
        sent -= set(names)
        if not names and not sent:
            raise no_files(city)

        def read(layer: str | None, spec: LayerSpec | None) -> gpd.GeoDataFrame:
            if layer is None and len(names) + len(sent) == 1:
                layer = next(iter([*names, *sent]))
            frame = read_sources(city, layer, remembered=datums) if layer in sent else None
            if frame is None:
                assert kept is not None  # noqa: S101 - for the type checker: there is something to read
                frame = kept(layer, spec)
            return measured(frame, city, layer or "")

        order = [each.layer for each in city.sources]
        yield names | {each: each for each in sorted(sent, key=order.index)}, read


def _datums(target: Holder) -> dict[str, str]:
    """Return the datums that a workspace remembers; none of a plain GeoPackage."""
    if not is_address(target) and not versioned_layers(Path(target).resolve()):
        return {}
    with Workspace.open(target) as workspace:
        return workspace.datums()


def _file_reader(path: Path) -> Reader:
    return lambda layer, spec: read_layer(path, layer=layer, spec=spec)


def _remembered(path: Path) -> dict[str, str]:
    """Return what a workspace in a GeoPackage says that its layers are."""
    if path.suffix.lower() != ".gpkg" or not versioned_layers(path.resolve()):
        return {}
    with Workspace.open(path) as workspace:
        known = workspace.list()
    return {
        layer: spec for layer, spec in zip(known["layer"], known["spec"], strict=True) if spec in CATALOGUE
    }


def _specs_in(names: dict[str, str], city: Holder) -> dict[str, str]:
    """Return which layer is which of the catalogue's: by its name, or else as the workspace remembers.

    A layer of another name is left out where several are remembered as the same.
    """
    found: dict[str, str] = {}
    for layer in names:
        spec = next((each for each in CATALOGUE.values() if layer in (each.name, each.title)), None)
        if spec is not None and spec.name in found:
            raise InputError(
                tr(
                    "{shown}: {found} and {layer} are the same layer; remove or rename one",
                    shown=shown(city),
                    found=found[spec.name],
                    layer=layer,
                )
            )
        if spec is not None:
            found[spec.name] = layer
    by_name = set(found.values())
    remembered = [spec for layer, spec in names.items() if layer not in by_name and spec]
    for layer, spec_name in names.items():
        if layer not in by_name and remembered.count(spec_name) == 1 and spec_name not in found:
            found[spec_name] = layer
    order = list(names)
    return dict(sorted(found.items(), key=lambda item: order.index(item[1])))
