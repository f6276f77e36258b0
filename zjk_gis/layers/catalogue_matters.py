"""Layers of what happens: incidents, permits, cases, hazards."""

from __future__ import annotations

from zjk_gis.layers.fields import (
    COMMUNITY_CODE,
    DISTRICT_CODE,
    NOTE,
    ROAD_CODE,
    ROAD_NAME,
    VALID_FROM,
    VALID_TO,
)
from zjk_gis.layers.spec import AREAL, LINEAR, PUNCTUAL, Field, LayerSpec

__all__ = [
    "ACCEPTED_FAULTS",
    "ENFORCEMENT_CASES",
    "EXCAVATION_PERMITS",
    "HAZARDS",
    "ILLEGAL_BUILDINGS",
    "INCIDENTS",
]

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
        Field(name="state", title="案件状态", aliases=("状态", "办理状态"), domain="incident_states"),
        Field(name="closed_at", title="结案时间", dtype="datetime"),
        ROAD_NAME,
        Field(name="description", title="问题描述", aliases=("描述", "案件描述")),
    ),
    clause="24, 29",
    source="GB/T 30428.4, as implemented",
    confidence="M",
)

EXCAVATION_PERMITS = LayerSpec(
    name="excavation_permits",
    title="挖掘许可",
    geometry=LINEAR | AREAL,
    code="permit_code",
    fields=(
        Field(name="permit_code", title="许可编号", aliases=("许可证号", "挖掘许可证号"), required=True),
        ROAD_CODE,
        ROAD_NAME,
        Field(name="applicant", title="申请单位", aliases=("建设单位",)),
        Field(name="purpose", title="挖掘事由", aliases=("事由",)),
        Field(name="permit_state", title="许可状态", aliases=("状态",), domain="permit_states"),
        Field(name="area_m2", title="挖掘面积", dtype="number", aliases=("面积",), minimum=0, unit="m²"),
        Field(name="valid_from", title="许可起日", dtype="date", aliases=("开工日期",)),
        Field(name="valid_to", title="许可止日", dtype="date", aliases=("竣工日期",)),
        Field(name="restored_on", title="恢复日期", dtype="date"),
    ),
    clause="23",
    source="国务院令 198 号 第三十三条; practice",
    confidence="M",
)

ENFORCEMENT_CASES = LayerSpec(
    name="enforcement_cases",
    title="执法案件",
    geometry=PUNCTUAL,
    code="case_code",
    fields=(
        Field(name="case_code", title="案号", aliases=("案件文号", "立案号"), required=True),
        Field(name="cause", title="案由", aliases=("违法行为",)),
        Field(name="case_state", title="办案状态", aliases=("状态",), domain="case_states"),
        Field(name="filed_on", title="立案日期", dtype="date"),
        Field(name="decided_on", title="决定日期", dtype="date"),
        Field(name="published_on", title="公开日期", dtype="date"),
        Field(name="fine_yuan", title="罚款金额", dtype="number", aliases=("罚款",), minimum=0, unit="元"),
        Field(name="department", title="执法单位", aliases=("办案单位",)),
        DISTRICT_CODE,
    ),
    clause="5, 30",
    source="policy of 2022-03-17, clause 30; practice",
    confidence="M",
)

ILLEGAL_BUILDINGS = LayerSpec(
    name="illegal_buildings",
    title="违法建设",
    geometry=PUNCTUAL | AREAL,
    code="illegal_code",
    fields=(
        Field(name="illegal_code", title="违建编号", aliases=("违法建设编号",), required=True),
        Field(name="found_on", title="发现日期", dtype="date"),
        Field(name="illegal_state", title="处置状态", aliases=("状态",), domain="building_fault_states"),
        Field(name="area_m2", title="违建面积", dtype="number", aliases=("面积",), minimum=0, unit="m²"),
        Field(name="storeys", title="层数", dtype="integer", minimum=0, maximum=100),
        Field(name="demolished_on", title="拆除日期", dtype="date"),
        COMMUNITY_CODE,
    ),
    topology=("repeated_geometry",),
    clause="18",
    source="policy of 2022-03-17, clause 18; practice",
    confidence="M",
)

HAZARDS = LayerSpec(
    name="hazards",
    title="安全隐患",
    geometry=PUNCTUAL | LINEAR | AREAL,
    code="hazard_code",
    fields=(
        Field(name="hazard_code", title="隐患编号", aliases=("隐患点编号",), required=True),
        Field(name="hazard_kind", title="隐患类型", aliases=("隐患类别",), domain="hazard_kinds"),
        Field(name="hazard_grade", title="风险等级", aliases=("隐患等级",), domain="hazard_grades"),
        Field(name="found_on", title="发现日期", dtype="date"),
        Field(name="cleared_on", title="消除日期", aliases=("整改日期",), dtype="date"),
        Field(name="department", title="责任单位"),
        Field(name="description", title="隐患描述", aliases=("描述",)),
    ),
    topology=("repeated_geometry",),
    clause="25",
    source="policy of 2022-03-17, clause 25; practice",
    confidence="M",
)

ACCEPTED_FAULTS = LayerSpec(
    name="accepted_faults",
    title="责任例外台账",
    geometry=AREAL,
    code="exception_code",
    fields=(
        Field(name="exception_code", title="例外编号", required=True),
        Field(name="fault_kind", title="问题类别", aliases=("类别",), domain="fault_kinds", required=True),
        Field(name="fault_code", title="问题编号"),
        Field(name="concerned_codes", title="有关责任区"),
        Field(name="area_m2", title="面积", dtype="number", minimum=0, unit="m²"),
        Field(name="accepted_by", title="批准人", aliases=("认可人",), required=True),
        Field(name="accepted_why", title="批准理由", aliases=("认可理由", "理由"), required=True),
        VALID_FROM,
        VALID_TO,
        NOTE,
    ),
    clause="29",
    source="practice: gaps and overlaps accepted as they are, as in the allowed gaps of QGIS",
    confidence="P",
)
