"""Layers under the ground: manholes, survey points, pipes."""

from __future__ import annotations

from zjk_gis.layers.fields import OWNER, ROAD_NAME, STATE, built_year
from zjk_gis.layers.spec import LINEAR, PUNCTUAL, Field, LayerSpec

__all__ = ["MANHOLES", "PIPELINES", "PIPE_POINTS"]

MANHOLES = LayerSpec(
    name="manholes",
    title="窨井",
    geometry=PUNCTUAL,
    code="manhole_code",
    named_by=("well_number", "map_number"),
    fields=(
        Field(
            name="manhole_code",
            title="窨井编码",
            aliases=("井盖编码", "部件编码", "ObjID"),
            required=True,
            scheme="part",
        ),
        Field(name="well_number", title="物探点号", aliases=("井号",)),
        Field(name="map_number", title="图上点号"),
        Field(name="pipe_kind", title="管线类别", aliases=("管类", "类别"), domain="pipe_kinds"),
        Field(name="ground_level_m", title="地面高程", dtype="number", unit="m"),
        Field(name="well_depth_m", title="井深", dtype="number", minimum=0, maximum=30, unit="m"),
        Field(name="cover_material", title="井盖材质", aliases=("材质",)),
        Field(name="cover_size", title="井盖规格", aliases=("规格",)),
        Field(
            name="load_class",
            title="荷载等级",
            domain="load_classes",
        ),
        ROAD_NAME,
        OWNER,
        STATE,
    ),
    topology=("in_coded_place", "repeated_place"),
    clause="9, 23",
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
            name="pipe_kind", title="管线类别", aliases=("管类", "类别"), required=True, domain="pipe_kinds"
        ),
        Field(
            name="from_manhole",
            title="起点窨井",
            aliases=("起点号", "起点点号"),
            refers_to=("manholes", "pipe_points"),
        ),
        Field(
            name="to_manhole",
            title="终点窨井",
            aliases=("终点号", "终点点号"),
            refers_to=("manholes", "pipe_points"),
        ),
        Field(name="from_depth_m", title="起点埋深", dtype="number", minimum=0, maximum=30, unit="m"),
        Field(name="to_depth_m", title="终点埋深", dtype="number", minimum=0, maximum=30, unit="m"),
        Field(name="from_level_m", title="起点高程", dtype="number", unit="m"),
        Field(name="to_level_m", title="终点高程", dtype="number", unit="m"),
        Field(name="diameter_mm", title="管径", dtype="number", minimum=0, unit="mm"),
        Field(name="material", title="管材", aliases=("材质",)),
        Field(name="flow", title="流向", domain="flows"),
        Field(name="burial", title="埋设方式", domain="burials"),
        built_year("建设年代"),
        ROAD_NAME,
        Field(name="owner", title="权属单位", aliases=("管理单位",)),
    ),
    topology=("start_is_end", "repeated_segment", "odd_length"),
    clause="9, 20, 23",
    source="CJJ 61-2017 (pipe segments and their checks)",
    confidence="S",
)

PIPE_POINTS = LayerSpec(
    name="pipe_points",
    title="管线点",
    geometry=PUNCTUAL,
    code="point_code",
    named_by=("map_number",),
    fields=(
        Field(name="point_code", title="管点编码", aliases=("管线点编码", "物探点号"), required=True),
        Field(name="map_number", title="图上点号"),
        Field(name="feature_code", title="点编码", aliases=("要素编码",), scheme="pipe_feature"),
        Field(
            name="pipe_kind", title="管线类别", aliases=("管类", "类别"), required=True, domain="pipe_kinds"
        ),
        Field(name="feature", title="特征"),
        Field(name="appurtenance", title="附属物"),
        Field(name="ground_level_m", title="地面高程", dtype="number", unit="m"),
        Field(name="well_depth_m", title="井深", dtype="number", minimum=0, maximum=30, unit="m"),
        Field(name="cover_material", title="井盖材质"),
        Field(name="cover_size", title="井盖规格"),
        Field(name="accuracy", title="定位精度", domain="position_accuracies"),
        ROAD_NAME,
        OWNER,
    ),
    topology=("feature_or_appurtenance", "repeated_place"),
    clause="9, 23",
    source="CJJ 61-2017 (survey points: a feature or an appurtenance, never both)",
    confidence="S",
)
