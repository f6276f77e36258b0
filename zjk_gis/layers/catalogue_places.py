"""Layers of ground and roads: who and what is where."""

from __future__ import annotations

from zjk_gis.layers.fields import (
    CHIEF_CODE,
    CHIEF_NAME,
    DISTRICT_CODE,
    LEVEL_SCALES,
    NOTE,
    PRIORITY_SCALES,
    ROAD_CODE,
    ROAD_NAME,
    STREET_CODE,
    VALID_FROM,
    VALID_TO,
    built_year,
)
from zjk_gis.layers.spec import AREAL, LINEAR, Field, LayerSpec

__all__ = [
    "BUILT_UP_AREAS",
    "COMMUNITIES",
    "DISTRICTS",
    "RESIDENTIAL_ESTATES",
    "RESPONSIBILITY_GRIDS",
    "RESPONSIBILITY_ZONES",
    "RIVERS",
    "ROADS",
    "ROAD_SECTIONS",
    "STREETS",
    "UNIT_GRIDS",
]

DISTRICTS = LayerSpec(
    name="districts",
    title="区县",
    geometry=AREAL,
    code="district_code",
    fields=(
        Field(
            name="district_code",
            title="区县代码",
            aliases=("行政区代码", "区划代码"),
            required=True,
            scheme="district",
        ),
        Field(name="district_name", title="区县名称", aliases=("区县", "行政区"), required=True),
    ),
    topology=("no_overlap", "repeated_geometry"),
    clause="34",
    source="GB/T 2260",
    confidence="S",
)

STREETS = LayerSpec(
    name="streets",
    title="街道",
    geometry=AREAL,
    code="street_code",
    fields=(
        Field(
            name="street_code",
            title="街道代码",
            aliases=("街道编码", "乡镇代码"),
            required=True,
            scheme="street",
        ),
        Field(name="street_name", title="街道名称", aliases=("街道", "乡镇名称"), required=True),
        DISTRICT_CODE,
    ),
    topology=("in_coded_place", "no_overlap", "repeated_geometry"),
    clause="29, 31",
    source="GB/T 10114; codes of the national statistics bureau",
    confidence="S",
)

COMMUNITIES = LayerSpec(
    name="communities",
    title="社区",
    geometry=AREAL,
    code="community_code",
    fields=(
        Field(
            name="community_code",
            title="社区代码",
            aliases=("社区编码", "居委会代码"),
            required=True,
            scheme="community",
        ),
        Field(name="community_name", title="社区名称", aliases=("社区", "居委会"), required=True),
        STREET_CODE,
    ),
    topology=("in_coded_place", "no_overlap", "repeated_geometry"),
    clause="15, 29",
    source="codes of the national statistics bureau",
    confidence="S",
)

UNIT_GRIDS = LayerSpec(
    name="unit_grids",
    title="单元网格",
    geometry=AREAL,
    code="grid_code",
    fields=(
        Field(
            name="grid_code",
            title="网格编码",
            aliases=("单元网格编码", "网格代码", "单元网格代码", "BGCode", "BGID"),
            required=True,
            scheme="unit_grid",
        ),
        Field(
            name="area_m2", title="面积", dtype="number", aliases=("网格面积", "Area"), minimum=0, unit="m²"
        ),
        Field(name="land_use", title="用地类别"),
        Field(name="management_level", title="管理等级"),
        Field(name="responsible_body", title="责任主体"),
        VALID_FROM,
        VALID_TO,
        NOTE,
    ),
    versioned=True,
    topology=("in_coded_place", "no_overlap", "repeated_geometry"),
    clause="29",
    source="GB/T 30428.1 (unit grids), as implemented",
    confidence="S",
)

RESPONSIBILITY_GRIDS = LayerSpec(
    name="responsibility_grids",
    title="责任网格",
    geometry=AREAL,
    code="resp_grid_code",
    fields=(
        Field(
            name="resp_grid_code",
            title="责任网格编码",
            aliases=("责任网格代码", "责任网格编号"),
            required=True,
        ),
        Field(name="resp_grid_name", title="责任网格名称", aliases=("责任网格",)),
        Field(name="member_codes", title="单元网格清单", aliases=("所含单元网格", "单元网格")),
        Field(name="responsible_body", title="责任主体"),
        CHIEF_CODE,
        CHIEF_NAME,
        VALID_FROM,
        VALID_TO,
        NOTE,
    ),
    versioned=True,
    topology=("members_apart", "no_overlap", "repeated_geometry"),
    clause="29",
    source="GB/T 30428.1, as implemented: groups of unit grids whose members are adjacent",
    confidence="S",
)

RESPONSIBILITY_ZONES = LayerSpec(
    name="responsibility_zones",
    title="责任区",
    geometry=AREAL,
    code="zone_code",
    fields=(
        Field(name="zone_code", title="责任区编码", aliases=("责任区代码", "责任区编号"), required=True),
        Field(name="zone_name", title="责任区名称", aliases=("责任区",)),
        Field(
            name="level",
            title="级别",
            dtype="integer",
            aliases=("路长级别", "责任区级别"),
            scales=LEVEL_SCALES,
            minimum=1,
            maximum=9,
        ),
        Field(name="parent_code", title="上级责任区编码", aliases=("上级编码",)),
        CHIEF_CODE,
        CHIEF_NAME,
        Field(name="priority", title="优先级", dtype="number", scales=PRIORITY_SCALES),
        VALID_FROM,
        VALID_TO,
        NOTE,
    ),
    versioned=True,
    topology=("repeated_geometry",),
    clause="28, 29",
    source="policy of 2022-03-17, clause 29; road-chief practice of several cities",
    confidence="M",
)

ROADS = LayerSpec(
    name="roads",
    title="道路",
    geometry=LINEAR,
    code="edge_code",
    fields=(
        Field(name="edge_code", title="路段编码", aliases=("路段编号",), required=True),
        ROAD_CODE,
        ROAD_NAME,
        Field(name="road_class", title="道路等级", domain="road_classes"),
        Field(name="width_m", title="红线宽度", dtype="number", aliases=("路宽",), minimum=0, unit="m"),
        Field(name="is_bridge", title="是否桥梁", dtype="boolean"),
    ),
    topology=("repeated_geometry",),
    clause="9, 10, 29",
    source="CJJ 37 (road classes)",
    confidence="M",
)

ROAD_SECTIONS = LayerSpec(
    name="road_sections",
    title="责任路段",
    geometry=LINEAR,
    code="section_code",
    fields=(
        Field(name="section_code", title="责任路段编码", aliases=("责任路段编号",), required=True),
        ROAD_CODE,
        ROAD_NAME,
        Field(name="from_place", title="起点", aliases=("起",)),
        Field(name="to_place", title="止点", aliases=("止", "终点")),
        Field(name="side", title="侧别", domain="road_sides"),
        Field(name="level", title="级别", dtype="integer", scales=LEVEL_SCALES, minimum=1, maximum=9),
        CHIEF_CODE,
        CHIEF_NAME,
        Field(name="length_m", title="长度", dtype="number", minimum=0, unit="m"),
        VALID_FROM,
        VALID_TO,
    ),
    versioned=True,
    topology=("repeated_geometry",),
    clause="29",
    source="policy of 2022-03-17, clause 29; road-chief practice of several cities",
    confidence="M",
)

RESIDENTIAL_ESTATES = LayerSpec(
    name="residential_estates",
    title="居住小区",
    geometry=AREAL,
    code="estate_code",
    fields=(
        Field(name="estate_code", title="小区编码", required=True),
        Field(name="estate_name", title="小区名称", aliases=("小区",)),
        Field(name="population", title="人口", dtype="integer", aliases=("人口数",), minimum=0),
        Field(name="households", title="户数", dtype="integer", minimum=0),
        built_year("建成年份"),
    ),
    topology=("repeated_geometry",),
    clause="13, 21",
    source="practice",
)

RIVERS = LayerSpec(
    name="rivers",
    title="水系",
    geometry=AREAL,
    code="river_code",
    fields=(
        Field(name="river_code", title="河流编码", required=True),
        Field(name="river_name", title="河流名称", aliases=("河流",)),
    ),
    clause="16",
    source="practice",
)

BUILT_UP_AREAS = LayerSpec(
    name="built_up_areas",
    title="适用城区",
    geometry=AREAL,
    code="area_code",
    fields=(
        Field(name="area_code", title="城区编码", required=True),
        Field(name="area_name", title="城区名称"),
    ),
    clause="4",
    source="policy of 2022-03-17, clause 4",
    confidence="P",
)
