"""The maps of the folder: the city's live map, small ones on pages, and sheets to print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import as_metric, convert_crs
from zjk_gis.errors import InputError, MissingExtraError
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import cleaned, has_place, inner_points
from zjk_gis.maps import city_map, print_atlas, print_map, save_offline
from zjk_gis.reports.audit import drawn_findings
from zjk_gis.reports.bulletin.mapping import Ground, drawn_ground, shades_of
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import folium
    from numpy.typing import NDArray

    from zjk_gis.city.publish.pages import Publication

__all__ = ["SmallMaps", "live_map", "print_sheets", "write_map"]

_MOST_BYTES = 5_000_000  # of a page
_MOST_AREAS, _MOST_MARKS = 600, 200
_MOST_SHEETS = 500
# What is left out of a map that is too large, the first first.
_SPARED = (("assigned",), ("unit_grids",), ("manholes", "pipelines"), ("residential_estates", "parking_lots"),
           ("roads",), ("hot_spots",), ("responsibility_zones",))  # fmt: skip


def live_map(pub: Publication, spared: tuple[str, ...] = ()) -> folium.Map:
    """Draw the city's map, without some of it."""
    facts = pub.facts
    layers = {name: layer for name, layer in facts.layers.items() if name not in (*spared, "incidents")}
    results: dict[str, gpd.GeoDataFrame] = {}
    if facts.audit is not None:
        results = drawn_findings(facts.audit)
        results.pop("assigned", None)
    drawn = _drawn_incidents(pub)
    if drawn is not None:
        results["assigned"] = drawn
    results = {name: rows for name, rows in results.items() if name not in spared}
    told = [each for each in (pub.source, pub.approval_told()) if each]
    return city_map(
        layers,
        results=results,
        title=pub.title,
        source=" · ".join(told) or None,
        date=facts.at,
        lang=pub.lang,
    )


def _drawn_incidents(pub: Publication) -> gpd.GeoDataFrame | None:
    """Return the incidents as the map draws them; None where they have no places."""
    rows: Any = pub.facts.incidents
    if rows is None or not isinstance(rows, gpd.GeoDataFrame) or rows.crs is None:
        return None
    own = rows.drop(columns=["in_month", "is_open", "is_overdue", "chief", "section_chief"])
    if not {"found", "ambiguous"} <= {*own.columns}:
        zone = code_text(own["zone_code"]) if "zone_code" in own else pd.Series(pd.NA, index=own.index)
        own = own.assign(found=np.where(zone.notna(), "inside", "none"), ambiguous=False)
    return own


def write_map(pub: Publication) -> folium.Map | None:
    """Write the city's map, leaving out what makes it too large; None where maps cannot be written."""
    target = pub.folder / pub.places.map
    spared: tuple[str, ...] = ()
    for more in ((), *_SPARED):
        spared += more
        drawn = live_map(pub, spared)
        try:
            save_offline(drawn, target)
        except MissingExtraError as error:
            pub.remarks.append(tr("the map is not written: {error}", error=error))
            return drawn
        if target.stat().st_size <= _MOST_BYTES:
            break
    pub.has_map = True
    if spared:
        names = listed(label(name, pub.lang) for name in spared if name in _named(pub))
        pub.remarks.append(tr("the map would be too large; without {names} it opens quickly", names=names))
    return drawn


def _named(pub: Publication) -> set[str]:
    return {*pub.facts.layers, "assigned", "hot_spots"}


def print_sheets(pub: Publication, drawn: folium.Map) -> None:
    """Print the city on one sheet, and an atlas of streets and one of chiefs; say what cannot be printed."""
    facts, places = pub.facts, pub.places
    (pub.folder / places.prints).mkdir()
    try:
        print_map(drawn, pub.folder / places.whole, date=facts.at)
        streets = facts.layers.get("streets")
        if streets is not None and len(streets) and pub.street_files:
            name = "street_name" if "street_name" in streets else "street_code"
            _atlas(pub, drawn, places.of_streets, streets, "street_code", name)
        chiefs = _chief_shapes(pub)
        if chiefs is not None:
            _atlas(pub, drawn, places.of_chiefs, chiefs, "chief_code", "chief_name")
    except (InputError, MissingExtraError) as error:
        pub.remarks.append(tr("the sheets are not printed: {error}", error=error))


def _atlas(
    pub: Publication, drawn: folium.Map, file: str, areas: gpd.GeoDataFrame, by: str, name: str
) -> None:
    count = areas[by].nunique()
    if count > _MOST_SHEETS:
        pub.remarks.append(
            tr("{count:,} sheets are more than an atlas holds ({most:,}); the pages print by themselves",
               count=count, most=_MOST_SHEETS)
        )  # fmt: skip
        return
    made = print_atlas(drawn, pub.folder / file, areas, by, name_column=name, date=pub.facts.at)
    pub.sheets[file] = made.first_pages


def _chief_shapes(pub: Publication) -> gpd.GeoDataFrame | None:
    """Return the zones and sections of all chiefs."""
    parts = []
    for layer in (pub.facts.zones, pub.facts.sections):
        if layer is None or layer["chief"].isna().all():
            continue
        own = layer[layer["chief"].notna().to_numpy() & has_place(layer.geometry.to_numpy())]
        shapes = convert_crs(own.geometry, 4490, name="zones").to_numpy()
        parts.append(
            gpd.GeoDataFrame({"chief_code": own["chief"].astype("str").to_numpy()}, geometry=shapes, crs=4490)
        )
    if not parts or not any(map(len, parts)):
        return None
    whole: Any = pd.concat(parts, ignore_index=True)
    return whole.assign(chief_name=whole["chief_code"].map(pub.facts.chiefs))


class SmallMaps:
    """Draws the small maps of pages: zones coloured by their incidents, sections of roads, findings."""

    def __init__(self, pub: Publication) -> None:
        self.pub = pub
        facts = pub.facts
        self.zones = None if facts.zones is None or not len(facts.zones) else _in_metres(facts.zones, "zones")
        crs = None if self.zones is None else self.zones.crs
        self.sections = facts.sections
        if self.sections is not None and len(self.sections):
            own = self.sections
            self.sections = _in_metres(own, "sections") if crs is None else _in(own, crs)
            crs = self.sections.crs
        self.marks = None if facts.findings is None or crs is None else _in(facts.findings, crs)

    def of_zones(
        self, zones: NDArray[np.intp], sections: NDArray[np.intp], findings: NDArray[np.intp], title: str
    ) -> dict[str, Any]:
        """Draw some zones, sections and findings, by their positions; nothing where none has a place."""
        lines = list(self._lines(sections[:_MOST_AREAS]))
        rows = None if self.zones is None else self.zones.iloc[zones]
        if rows is not None:
            rows = rows[has_place(rows.geometry.to_numpy())]
        if (rows is None or rows.empty) and not lines:
            return {}
        if rows is not None and len(rows) > _MOST_AREAS:
            ground = Ground(
                [""], np.array([shapely.union_all(rows.geometry.to_numpy())], dtype=object), rows.crs
            )
            return self._drawn(ground, {}, {}, lines, self._marks(findings), title)
        if rows is None or rows.empty:
            ground = Ground([], np.array([], dtype=object), None)  # type: ignore[arg-type]
            return self._drawn(ground, {}, {}, lines, self._marks(findings), title)
        codes = [f"{at}" for at in range(len(rows))]
        counts = rows["month_cases"] if "month_cases" in rows else pd.Series(np.nan, index=rows.index)
        values = dict(zip(codes, counts.astype(float), strict=True))
        told = dict(zip(codes, self._told(rows), strict=True))
        ground = Ground(codes, shapely.make_valid(rows.geometry.to_numpy()), rows.crs)
        return self._drawn(ground, values, told, lines, self._marks(findings), title)

    def _drawn(
        self,
        ground: Ground,
        values: Mapping[str, float],
        told: Mapping[str, str],
        lines: list[tuple[Any, str]],
        marks: list[tuple[Any, str]],
        title: str,
    ) -> dict[str, Any]:
        import markupsafe

        known = [each for each in values.values() if each == each]
        shades = shades_of(known, percent=False)
        svg = drawn_ground(ground, values, told, {}, shades, title, lines=lines, marks=marks)
        notes = [tr("coloured by incidents of the month")] if known else []
        notes += [tr("crosses are findings")] if marks else []
        notes += [tr("blue lines are sections of roads")] if lines else []
        return {
            "title": title,
            "note": tr("; ").join(notes),
            "wide": True,
            "svg": markupsafe.Markup(svg),  # noqa: S704  drawn_ground() escapes every text
            "key": [*zip(shades.colours, shades.texts, strict=True)] if known else [],
        }

    def _told(self, rows: gpd.GeoDataFrame) -> Iterator[str]:
        names = as_text(rows["zone_name"]) if "zone_name" in rows else pd.Series(pd.NA, index=rows.index)
        codes = code_text(rows["zone_code"]) if "zone_code" in rows else pd.Series("", index=rows.index)
        for code, name, chief in zip(codes, names, rows["chief"], strict=True):
            parts = [code, name, self.pub.facts.chiefs.get(str(chief), "")]
            yield " ".join(str(each) for each in parts if isinstance(each, str) and each)

    def _lines(self, sections: NDArray[np.intp]) -> Iterator[tuple[Any, str]]:
        if self.sections is None or not len(sections):
            return
        rows = self.sections.iloc[sections]
        names = as_text(rows["road_name"]) if "road_name" in rows else pd.Series("", index=rows.index)
        for shape, name in zip(rows.geometry, names, strict=True):
            if shape is not None and not shape.is_empty and shapely.get_dimensions(shape) == 1:
                yield shapely.simplify(shape, 1.0), name if isinstance(name, str) else ""

    def _marks(self, findings: NDArray[np.intp]) -> list[tuple[Any, str]]:
        if self.marks is None or not len(findings):
            return []
        rows = self.marks.iloc[findings[:_MOST_MARKS]]
        rows = rows[has_place(rows.geometry.to_numpy())]
        points = inner_points(rows.geometry.to_numpy())
        lang = self.pub.lang
        words = [
            f"{label(str(kind), lang)} {code}"
            for kind, code in zip(rows["finding"], rows["finding_code"], strict=True)
        ]
        return list(zip(points, words, strict=True))


def _in_metres(layer: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Return a layer in metres, without the parts of its shapes that are none."""
    metric = as_metric(layer, name)
    return metric.set_geometry(
        gpd.GeoSeries(cleaned(metric.geometry.to_numpy())[0], index=metric.index, crs=metric.crs)
    )


def _in(layer: gpd.GeoDataFrame, crs: Any) -> gpd.GeoDataFrame:
    shapes = cleaned(convert_crs(layer.geometry, crs, name="layer").to_numpy())[0]
    return layer.set_geometry(gpd.GeoSeries(shapes, index=layer.index, crs=crs))
