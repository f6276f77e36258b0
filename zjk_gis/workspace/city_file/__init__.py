"""The city file (城市配置文件): what `city.toml` says of a city's files, its thresholds and its duties."""

from zjk_gis.workspace.city_file.city import City
from zjk_gis.workspace.city_file.sections import (
    Contact,
    Coordinates,
    Deadline,
    Duty,
    PublicLots,
    Publish,
    Rules,
    Source,
    Weights,
)

__all__ = [
    "City",
    "Contact",
    "Coordinates",
    "Deadline",
    "Duty",
    "PublicLots",
    "Publish",
    "Rules",
    "Source",
    "Weights",
]
