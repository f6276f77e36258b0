"""The layers of a city and their columns. Every column name of the library stands here.

The data's own words (kinds, states, classes) are Chinese, as the standards give them; column names are
English with the Chinese name beside each.
"""

from __future__ import annotations

from zjk_gis.errors import InputError
from zjk_gis.layers.spec import AREAL, LINEAR, PUNCTUAL, Field, LayerSpec

__all__ = [
    "BUILT_UP_AREAS",
    "CATALOGUE",
    "COMMUNITIES",
    "DISTRICTS",
    "HISTORIC_BLOCKS",
    "HISTORIC_BUILDINGS",
    "INCIDENTS",
    "MANHOLES",
    "PARKING_LOTS",
    "PIPELINES",
    "RESIDENTIAL_ESTATES",
    "RESPONSIBILITY_ZONES",
    "RIVERS",
    "ROADS",
    "ROAD_SECTIONS",
    "STREETS",
    "UNIT_GRIDS",
    "spec_of",
]

PIPE_KINDS = (
    "JY",
    "SS",
    "ZS",
    "XS",
    "YS",
    "WS",
    "HS",
    "MQ",
    "YH",
    "TR",
    "RS",
    "ZQ",
    "GD",
    "LD",
    "DH",
    "DX",
    "XX",
)
ROAD_CLASSES = ("快速路", "主干路", "次干路", "支路", "巷")
PART_STATES = ("完好", "破损", "丢失", "废弃")
INCIDENT_STATES = ("上报", "受理", "立案", "派遣", "处置", "核查", "结案", "挂账")

_VALID_FROM = Field(
    name="valid_from", title="生效日期", dtype="date", aliases=("初始日期", "开始日期", "启用日期", "ORDate")
)
_VALID_TO = Field(
    name="valid_to", title="失效日期", dtype="date", aliases=("终止日期", "结束日期", "停用日期")
)
_CHIEF_CODE = Field(name="chief_code", title="路长编号", aliases=("路长代码", "责任人编号"))
_CHIEF_NAME = Field(name="chief_name", title="路长姓名", aliases=("路长", "责任人", "姓名"))
_ROAD_NAME = Field(name="road_name", title="道路名称", aliases=("所在道路", "路名", "道路"))
_NOTE = Field(name="note", title="备注", aliases=("说明", "Note"))
_GB30428_1 = "GB/T 30428.1 (unit grids), as implemented"

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
            digits=6,
        ),
        Field(name="district_name", title="区县名称", aliases=("区县", "行政区"), required=True),
    ),
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
            name="street_code", title="街道代码", aliases=("街道编码", "乡镇代码"), required=True, digits=9
        ),
        Field(name="street_name", title="街道名称", aliases=("街道", "乡镇名称"), required=True),
        Field(name="district_code", title="区县代码", digits=6),
    ),
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
            digits=12,
        ),
        Field(name="community_name", title="社区名称", aliases=("社区", "居委会"), required=True),
        Field(name="street_code", title="街道代码", digits=9),
    ),
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
            digits=15,
        ),
        Field(
            name="area_m2", title="面积", dtype="number", aliases=("网格面积", "Area"), minimum=0, unit="m²"
        ),
        Field(name="land_use", title="用地类别"),
        Field(name="management_level", title="管理等级"),
        Field(name="responsible_body", title="责任主体"),
        _VALID_FROM,
        _VALID_TO,
        _NOTE,
    ),
    versioned=True,
    source=_GB30428_1,
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
            minimum=1,
            maximum=9,
        ),
        Field(name="parent_code", title="上级责任区编码", aliases=("上级编码",)),
        _CHIEF_CODE,
        _CHIEF_NAME,
        Field(name="priority", title="优先级", dtype="number"),
        _VALID_FROM,
        _VALID_TO,
        _NOTE,
    ),
    versioned=True,
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
        Field(name="road_code", title="道路编码", aliases=("道路代码",)),
        _ROAD_NAME,
        Field(name="road_class", title="道路等级", allowed=ROAD_CLASSES),
        Field(name="width_m", title="红线宽度", dtype="number", aliases=("路宽",), minimum=0, unit="m"),
        Field(name="is_bridge", title="是否桥梁", dtype="boolean"),
    ),
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
        Field(name="road_code", title="道路编码"),
        _ROAD_NAME,
        Field(name="from_place", title="起点", aliases=("起",)),
        Field(name="to_place", title="止点", aliases=("止", "终点")),
        Field(name="side", title="侧别", allowed=("两侧", "左侧", "右侧")),
        Field(name="level", title="级别", dtype="integer", minimum=1, maximum=9),
        _CHIEF_CODE,
        _CHIEF_NAME,
        Field(name="length_m", title="长度", dtype="number", minimum=0, unit="m"),
        _VALID_FROM,
        _VALID_TO,
    ),
    versioned=True,
    source="policy of 2022-03-17, clause 29; road-chief practice of several cities",
    confidence="M",
)

MANHOLES = LayerSpec(
    name="manholes",
    title="窨井",
    geometry=PUNCTUAL,
    code="manhole_code",
    fields=(
        Field(
            name="manhole_code",
            title="窨井编码",
            aliases=("井盖编码", "部件编码", "ObjID"),
            required=True,
            digits=16,
        ),
        Field(name="well_number", title="物探点号", aliases=("图上点号", "井号")),
        Field(name="pipe_kind", title="管线类别", aliases=("管类", "类别"), allowed=PIPE_KINDS),
        Field(name="ground_level_m", title="地面高程", dtype="number", unit="m"),
        Field(name="well_depth_m", title="井深", dtype="number", minimum=0, maximum=30, unit="m"),
        Field(name="cover_material", title="井盖材质", aliases=("材质",)),
        Field(name="cover_size", title="井盖规格", aliases=("规格",)),
        Field(
            name="load_class",
            title="荷载等级",
            allowed=("A15", "B125", "C250", "D400", "E600", "F900"),
        ),
        _ROAD_NAME,
        Field(name="owner", title="权属单位", aliases=("权属",)),
        Field(name="state", title="状态", aliases=("部件状态", "ObjState"), allowed=PART_STATES),
    ),
    source="GB/T 30428.2 (parts), CJJ 61-2017 (survey points), GB/T 23858-2009 (load classes)",
    confidence="S",
)

PIPELINES = LayerSpec(
    name="pipelines",
    title="地下管线",
    geometry=LINEAR,
    code="pipe_code",
    fields=(
        Field(name="pipe_code", title="管段编码", aliases=("管线编码", "管线编号"), required=True),
        Field(
            name="pipe_kind", title="管线类别", aliases=("管类", "类别"), required=True, allowed=PIPE_KINDS
        ),
        Field(name="from_manhole", title="起点窨井", aliases=("起点号", "起点点号")),
        Field(name="to_manhole", title="终点窨井", aliases=("终点号", "终点点号")),
        Field(name="from_depth_m", title="起点埋深", dtype="number", minimum=0, maximum=30, unit="m"),
        Field(name="to_depth_m", title="终点埋深", dtype="number", minimum=0, maximum=30, unit="m"),
        Field(name="from_level_m", title="起点高程", dtype="number", unit="m"),
        Field(name="to_level_m", title="终点高程", dtype="number", unit="m"),
        Field(name="diameter_mm", title="管径", dtype="number", minimum=0, unit="mm"),
        Field(name="material", title="管材", aliases=("材质",)),
        Field(name="flow", title="流向", allowed=("顺向", "逆向", "双向")),
        Field(name="burial", title="埋设方式"),
        Field(name="built_year", title="建设年代", dtype="integer", minimum=1900, maximum=2100),
        _ROAD_NAME,
        Field(name="owner", title="权属单位", aliases=("管理单位",)),
    ),
    source="CJJ 61-2017 (pipe segments)",
    confidence="S",
)

PARKING_LOTS = LayerSpec(
    name="parking_lots",
    title="停车场",
    geometry=PUNCTUAL | AREAL,
    code="lot_code",
    fields=(
        Field(name="lot_code", title="停车场编码", aliases=("停车场编号", "备案编号"), required=True),
        Field(name="lot_name", title="停车场名称", aliases=("名称",)),
        Field(
            name="lot_kind", title="停车场类型", aliases=("类型",), allowed=("公共", "专用", "道路临时泊位")
        ),
        Field(name="berths", title="泊位数", dtype="integer", aliases=("车位数", "泊位"), minimum=0),
    ),
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
            allowed=("核心保护范围", "建设控制地带"),
        ),
    ),
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
        Field(
            name="protection_class", title="保护类别", allowed=("文物保护单位", "历史建筑", "传统风貌建筑")
        ),
    ),
    source="GB/T 50357-2018",
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
        Field(name="built_year", title="建成年份", dtype="integer", minimum=1900, maximum=2100),
    ),
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
    source="policy of 2022-03-17, clause 4",
    confidence="P",
)

INCIDENTS = LayerSpec(
    name="incidents",
    title="案件",
    geometry=PUNCTUAL,
    code="incident_code",
    fields=(
        Field(
            name="incident_code", title="案件编号", aliases=("案卷编号", "事件编号", "任务号"), required=True
        ),
        Field(
            name="occurred_at",
            title="发生时间",
            dtype="datetime",
            aliases=("上报时间", "发现时间", "案发时间"),
        ),
        Field(name="event_code", title="事件代码", aliases=("事件编码",), digits=4),
        Field(name="event_name", title="事件名称", aliases=("事件类别", "小类名称")),
        Field(name="source", title="上报渠道", aliases=("来源", "问题来源")),
        Field(name="state", title="案件状态", aliases=("状态", "办理状态"), allowed=INCIDENT_STATES),
        Field(name="closed_at", title="结案时间", dtype="datetime"),
        _ROAD_NAME,
        Field(name="description", title="问题描述", aliases=("描述", "案件描述")),
    ),
    source="GB/T 30428.4, as implemented",
    confidence="M",
)

CATALOGUE: dict[str, LayerSpec] = {
    spec.name: spec
    for spec in (
        BUILT_UP_AREAS,
        COMMUNITIES,
        DISTRICTS,
        HISTORIC_BLOCKS,
        HISTORIC_BUILDINGS,
        INCIDENTS,
        MANHOLES,
        PARKING_LOTS,
        PIPELINES,
        RESIDENTIAL_ESTATES,
        RESPONSIBILITY_ZONES,
        RIVERS,
        ROAD_SECTIONS,
        ROADS,
        STREETS,
        UNIT_GRIDS,
    )
}


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
    message = f"there is no layer {name!r}; the layers are: {known}"
    raise InputError(message)
