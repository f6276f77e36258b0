"""The layers of a city and their columns. Every column name of the library stands in the catalogue.

The catalogue is two tables that ship with the package, ``layers.csv`` and ``fields.csv`` (see
`zjk_gis.layers.catalogue_tables`, also for how a city adds its own); the layers that functions ask for have
a name here. The data's own words (kinds, states, classes) are Chinese, as the standards give them; column
names are English with the Chinese name beside each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue_tables import read_catalogue
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.words import Language

__all__ = [
    "ACCEPTED_FAULTS",
    "CATALOGUE",
    "HISTORIC_BLOCKS",
    "HISTORIC_BUILDINGS",
    "INCIDENTS",
    "MANHOLES",
    "PIPELINES",
    "RESPONSIBILITY_ZONES",
    "ROADS",
    "ROAD_NAME",
    "ROAD_SECTIONS",
    "STREETS",
    "UNIT_GRIDS",
    "layer_name",
    "spec_of",
]

CATALOGUE: dict[str, LayerSpec] = read_catalogue()

ACCEPTED_FAULTS = CATALOGUE["accepted_faults"]
HISTORIC_BLOCKS = CATALOGUE["historic_blocks"]
HISTORIC_BUILDINGS = CATALOGUE["historic_buildings"]
INCIDENTS = CATALOGUE["incidents"]
MANHOLES = CATALOGUE["manholes"]
PIPELINES = CATALOGUE["pipelines"]
RESPONSIBILITY_ZONES = CATALOGUE["responsibility_zones"]
ROADS = CATALOGUE["roads"]
ROAD_SECTIONS = CATALOGUE["road_sections"]
STREETS = CATALOGUE["streets"]
UNIT_GRIDS = CATALOGUE["unit_grids"]

ROAD_NAME = INCIDENTS.field("road_name")


def layer_name(layer: str, lang: Language) -> str:
    """Return what a layer is called: by its title in Chinese, else by the name that it has in files.

    Examples
    --------
    >>> layer_name("manholes", "zh"), layer_name("manholes", "en"), layer_name("my_layer", "zh")
    ('窨井', 'manholes', 'my_layer')
    """
    return CATALOGUE[layer].title if lang == "zh" and layer in CATALOGUE else layer


@checked
def spec_of(name: str) -> LayerSpec:
    """Look up the spec of a layer by its English or Chinese name.

    Parameters
    ----------
    name : str
        Such as ``"unit_grids"`` or ``"单元网格"``.

    Returns
    -------
    LayerSpec

    Raises
    ------
    InputError
        If there is no such layer; the message lists them.

    Examples
    --------
    >>> spec_of("单元网格").code
    'grid_code'
    """
    for spec in CATALOGUE.values():
        if name in (spec.name, spec.title):
            return spec
    known = ", ".join(f"{spec.name} {spec.title}" for spec in CATALOGUE.values())
    raise InputError(tr("there is no layer {name!r}; the layers are: {known}", name=name, known=known))
