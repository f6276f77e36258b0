"""Layers of facilities: parking, heritage, lamps, toilets, waste, greenery."""

from __future__ import annotations

from zjk_gis.layers.fields import COMMUNITY_CODE, OWNER, ROAD_NAME, STATE
from zjk_gis.layers.spec import AREAL, PUNCTUAL, Field, LayerSpec

__all__ = [
    "ANCIENT_TREES",
    "BERTHS",
    "GREEN_SPACES",
    "HISTORIC_BLOCKS",
    "HISTORIC_BUILDINGS",
    "PARKING_LOTS",
    "PUBLIC_TOILETS",
    "STREET_LAMPS",
    "WASTE_POINTS",
]

PARKING_LOTS = LayerSpec(
    name="parking_lots",
    title="停车场",
    geometry=PUNCTUAL | AREAL,
    code="lot_code",
    fields=(
        Field(name="lot_code", title="停车场编码", aliases=("停车场编号", "备案编号"), required=True),
        Field(name="lot_name", title="停车场名称", aliases=("名称",)),
        Field(name="lot_kind", title="停车场类型", aliases=("类型",), domain="lot_kinds"),
        Field(name="lot_form", title="建设形式", domain="lot_forms"),
        Field(name="berths", title="泊位数", dtype="integer", aliases=("车位数", "泊位"), minimum=0),
        Field(name="accessible_berths", title="无障碍泊位数", dtype="integer", minimum=0),
        Field(name="charging_berths", title="充电泊位数", dtype="integer", minimum=0),
        Field(name="underground", title="是否地下", dtype="boolean"),
        Field(name="operator", title="经营单位", aliases=("运营单位",)),
        Field(name="fee", title="收费标准"),
        Field(name="filed_on", title="备案日期", dtype="date"),
    ),
    topology=("repeated_geometry",),
    clause="6",
    source="GB/T 51149; filing (备案) practice",
    confidence="M",
)

HISTORIC_BLOCKS = LayerSpec(
    name="historic_blocks",
    title="历史文化街区",
    geometry=AREAL,
    code="scope_code",
    fields=(
        Field(name="scope_code", title="保护范围编码", required=True),
        Field(name="block_name", title="街区名称", aliases=("历史文化街区",), required=True),
        Field(
            name="scope",
            title="保护范围",
            aliases=("范围类型",),
            required=True,
            domain="protection_scopes",
        ),
    ),
    topology=("core_outside_control", "small_core", "repeated_geometry"),
    clause="14",
    source="GB/T 50357-2018",
    confidence="S",
)

HISTORIC_BUILDINGS = LayerSpec(
    name="historic_buildings",
    title="历史建筑",
    geometry=PUNCTUAL | AREAL,
    code="building_code",
    fields=(
        Field(name="building_code", title="历史建筑编号", aliases=("建筑编号",), required=True),
        Field(name="building_name", title="建筑名称"),
        Field(name="block_name", title="街区名称"),
        Field(name="protection_class", title="保护类别", domain="protection_classes"),
    ),
    topology=("repeated_geometry",),
    clause="14",
    source="GB/T 50357-2018",
    confidence="M",
)

BERTHS = LayerSpec(
    name="berths",
    title="停车泊位",
    geometry=PUNCTUAL | AREAL,
    code="berth_code",
    fields=(
        Field(name="berth_code", title="泊位编号", aliases=("泊位编码", "车位编号"), required=True),
        Field(name="lot_code", title="停车场编码", aliases=("停车场编号",), refers_to=("parking_lots",)),
        Field(name="berth_kind", title="泊位类型", aliases=("车位类型",), domain="berth_kinds"),
        Field(name="kerb_side", title="路缘石内外", domain="kerb_sides"),
        ROAD_NAME,
    ),
    topology=("no_overlap", "repeated_geometry"),
    clause="6, 19",
    source="filing (备案) practice; the kerb line divides city management from traffic police",
    confidence="S",
)

STREET_LAMPS = LayerSpec(
    name="street_lamps",
    title="路灯",
    geometry=PUNCTUAL,
    code="lamp_code",
    fields=(
        Field(
            name="lamp_code", title="路灯编码", aliases=("灯杆编号", "部件编码"), required=True, scheme="part"
        ),
        Field(name="lamp_kind", title="灯具类型", domain="lamp_kinds"),
        Field(name="power_w", title="功率", dtype="number", minimum=0, unit="W"),
        Field(name="pole_height_m", title="灯杆高度", dtype="number", minimum=0, maximum=60, unit="m"),
        Field(name="is_lit", title="是否亮灯", dtype="boolean"),
        ROAD_NAME,
        OWNER,
        STATE,
    ),
    topology=("in_coded_place", "repeated_place"),
    clause="9, 19",
    source="GB/T 30428.2 (part 0118), as implemented",
    confidence="M",
)

PUBLIC_TOILETS = LayerSpec(
    name="public_toilets",
    title="公共厕所",
    geometry=PUNCTUAL | AREAL,
    code="toilet_code",
    fields=(
        Field(
            name="toilet_code",
            title="公厕编码",
            aliases=("公厕编号", "部件编码"),
            required=True,
            scheme="part",
        ),
        Field(name="toilet_name", title="公厕名称", aliases=("公厕",)),
        Field(name="toilet_class", title="公厕等级", domain="toilet_classes"),
        Field(name="stalls", title="厕位数", dtype="integer", minimum=0),
        Field(name="accessible", title="无障碍厕位", dtype="boolean"),
        Field(name="hours", title="开放时间"),
        OWNER,
        STATE,
    ),
    topology=("in_coded_place", "repeated_geometry"),
    clause="16",
    source="GB/T 30428.2 (part 0301), as implemented; CJJ 14 (classes)",
    confidence="M",
)

WASTE_POINTS = LayerSpec(
    name="waste_points",
    title="垃圾收集点",
    geometry=PUNCTUAL | AREAL,
    code="waste_code",
    fields=(
        Field(name="waste_code", title="收集点编码", aliases=("收集点编号", "垃圾点编号"), required=True),
        Field(name="waste_name", title="收集点名称"),
        Field(name="waste_kind", title="收集点类型", domain="waste_point_kinds"),
        Field(name="sorted_kinds", title="分类数", dtype="integer", minimum=0, maximum=9),
        Field(name="capacity_t", title="日处理量", dtype="number", minimum=0, unit="t"),
        COMMUNITY_CODE,
        OWNER,
    ),
    topology=("repeated_geometry",),
    clause="12, 15",
    source="practice; policy of 2022-03-17, clauses 12 and 15",
    confidence="M",
)

GREEN_SPACES = LayerSpec(
    name="green_spaces",
    title="绿地",
    geometry=AREAL,
    code="green_code",
    fields=(
        Field(name="green_code", title="绿地编码", aliases=("绿地编号",), required=True),
        Field(name="green_name", title="绿地名称", aliases=("公园名称", "绿地")),
        Field(name="green_kind", title="绿地类型", aliases=("绿地类别",), domain="green_kinds"),
        Field(name="area_m2", title="面积", dtype="number", aliases=("绿地面积",), minimum=0, unit="m²"),
        Field(name="maintainer", title="养护单位"),
        OWNER,
    ),
    topology=("no_overlap", "repeated_geometry"),
    clause="22",
    source="CJJ/T 85-2017 (classes)",
    confidence="M",
)

ANCIENT_TREES = LayerSpec(
    name="ancient_trees",
    title="古树名木",
    geometry=PUNCTUAL,
    code="tree_code",
    fields=(
        Field(name="tree_code", title="古树编号", aliases=("古树名木编号", "树木编号"), required=True),
        Field(name="species", title="树种"),
        Field(name="tree_grade", title="保护级别", aliases=("保护等级",), domain="tree_grades"),
        Field(name="age_years", title="树龄", dtype="integer", minimum=0, maximum=5000, unit="a"),
        Field(name="height_m", title="树高", dtype="number", minimum=0, maximum=120, unit="m"),
        Field(name="girth_cm", title="胸围", dtype="number", minimum=0, unit="cm"),
        Field(name="crown_m", title="冠幅", dtype="number", minimum=0, unit="m"),
        Field(name="maintainer", title="养护单位"),
        STATE,
    ),
    topology=("repeated_place",),
    clause="22",
    source="rules for ancient trees, ministry of construction 2000",
    confidence="M",
)
