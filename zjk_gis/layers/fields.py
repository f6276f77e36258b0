"""Fields that several layers share."""

from __future__ import annotations

from zjk_gis.layers.spec import Field

__all__ = [
    "CHIEF_CODE",
    "CHIEF_NAME",
    "COMMUNITY_CODE",
    "DISTRICT_CODE",
    "LEVEL_SCALES",
    "NOTE",
    "OWNER",
    "PRIORITY_SCALES",
    "ROAD_CODE",
    "ROAD_NAME",
    "STATE",
    "STREET_CODE",
    "VALID_FROM",
    "VALID_TO",
    "built_year",
]

VALID_FROM = Field(
    name="valid_from", title="生效日期", dtype="date", aliases=("初始日期", "开始日期", "启用日期", "ORDate")
)
VALID_TO = Field(
    name="valid_to", title="失效日期", dtype="date", aliases=("终止日期", "结束日期", "停用日期")
)
CHIEF_CODE = Field(name="chief_code", title="路长编号", aliases=("路长代码", "责任人编号"))
CHIEF_NAME = Field(name="chief_name", title="路长姓名", aliases=("路长", "责任人", "姓名"))
ROAD_CODE = Field(name="road_code", title="道路编码", aliases=("道路代码",))
ROAD_NAME = Field(name="road_name", title="道路名称", aliases=("所在道路", "路名", "道路"))
NOTE = Field(name="note", title="备注", aliases=("说明", "Note"))
OWNER = Field(name="owner", title="权属单位", aliases=("权属",))
# The words by which levels and priorities are told; the first of each is the coarsest, or answers first.
LEVEL_SCALES = ("levels", "level_places")
PRIORITY_SCALES = (
    "priority_degrees",
    "priority_grades",
    "priority_urgency",
    "priority_importance",
    "priority_codes",
)
STATE = Field(name="state", title="状态", aliases=("部件状态", "ObjState"), domain="part_states")
DISTRICT_CODE = Field(name="district_code", title="区县代码", scheme="district")
STREET_CODE = Field(name="street_code", title="街道代码", scheme="street")
COMMUNITY_CODE = Field(name="community_code", title="社区代码", scheme="community")


def built_year(title: str) -> Field:
    """Make the field of a year of building.

    Examples
    --------
    >>> built_year("建成年份").minimum
    1900
    """
    return Field(name="built_year", title=title, dtype="integer", minimum=1900, maximum=2100)
