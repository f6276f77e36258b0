"""The words of the page itself: its tools, its legend of hexagons, what it says of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zjk_gis.layers.labels import Language

__all__ = ["page_words"]

_WORDS: dict[str, tuple[str, str]] = {
    "legend": ("图例与图层", "Legend and layers"),
    "search": ("搜索编码、名称(按 / 键)", "Search code or name (press /)"),
    "notFound": ("没有找到", "nothing found"),
    "whole": ("全图", "Whole map"),
    "measure": ("测量距离与面积", "Measure length and area"),
    "measureHow": ("在图上逐点单击;Esc 结束", "Click point by point; Esc ends"),
    "length": ("长度", "length"),
    "area": ("面积", "area"),
    "full": ("全屏", "Full screen"),
    "zoomIn": ("放大", "Zoom in"),
    "zoomOut": ("缩小", "Zoom out"),
    "mouseHow": (
        "单击切换:经纬度 / CGCS2000 三度带平面坐标",
        "Click to switch: degrees / CGCS2000 metres of the 3-degree zone",
    ),
    "north": ("北", "N"),
    "small": ("鹰眼图:单击移动", "Overview: click to move"),
    "time": ("时间", "Time"),
    "step": ("步长", "Step"),
    "month": ("按月", "by month"),
    "week": ("按周", "by week"),
    "day": ("按日", "by day"),
    "allTimes": ("全部", "All"),
    "play": ("播放", "Play"),
    "pause": ("暂停", "Pause"),
    "counted": ("{} 件", "{} items"),
    "untimed": ("{} 件没有时间,只在“全部”中显示", "{} without a time are shown under All only"),
    "perCell": ("每个六边形(宽约 {})内的数量", "Count in each hexagon (about {} wide)"),
    "single": ("视野内 {} 个点,逐点显示", "{} points in view, shown singly"),
    "points": ("数量", "count"),
    "byKind": ("分类", "by kind"),
    "kind": ("类别", "kind"),
    "before": ("上一个", "Previous"),
    "next": ("下一个", "Next"),
    "swipe": ("左右拖动,比较前后", "Drag to compare before and after"),
}


def page_words(lang: Language) -> Mapping[str, str]:
    """Return the words of the page's script in one language.

    Parameters
    ----------
    lang : {"zh", "en"}
    """
    return {key: pair[0] if lang == "zh" else pair[1] for key, pair in _WORDS.items()}
