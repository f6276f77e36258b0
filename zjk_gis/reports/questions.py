"""The question that each table answers, and what its figures are counted of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zjk_gis.layers.labels import Language

__all__ = ["question_of", "whole_of"]

_QUESTIONS: dict[str, tuple[str, str]] = {
    "figures": ("三项承诺兑现了多少?", "How far are the three promises kept?"),
    "gaps": ("哪些地方没有责任区?", "Which ground has no responsibility zone?"),
    "overlaps": ("哪些地方有多个责任区?", "Which ground has several responsibility zones?"),
    "unanswered_roads": ("哪些道路无人负责或多方负责?", "Which roads have nobody or several?"),
    "stretches": ("每段道路由谁负责?", "Who answers for each stretch of road?"),
    "chiefs": ("各路长的任务有多重?", "How much has each road chief to do?"),
    "busiest_chiefs": ("谁的案件最多?", "Which road chiefs have most incidents?"),
    "matters": ("每类事项由哪个部门负责?", "Which department handles each matter?"),
    "assigned": ("每件案件由谁负责?", "Who answers for each incident?"),
    "ambiguous": ("哪些案件需人工确认?", "Which incidents need a look?"),
    "incidents": ("有哪些案件?", "Which incidents are there?"),
    "rejects": ("哪些行未采用,为什么?", "Which rows were rejected, and why?"),
    "sections_without_chief": ("哪些路段没有路长?", "Which road sections have no chief?"),
    "manholes_outside_zones": ("哪些窨井不在任何责任区内?", "Which manholes lie outside every zone?"),
    "orphan_manholes": ("哪些窨井没有接管线?", "Which manholes have no pipe?"),
    "misconnections": ("哪里雨污混接?", "Which drains run into the wrong network?"),
    "unjoined_ends": ("哪些管端没有接上?", "Which ends of pipes are not joined?"),
    "unregistered_outfalls": ("哪些排口未登记?", "Which outfalls are not registered?"),
    "unfed_pipes": ("哪些管段没有供应?", "Which pipes does nothing feed?"),
    "pipelines_in_core": ("哪些管线穿越核心保护范围?", "Which pipelines run through a historic core?"),
    "parking_gaps": ("哪些地方停车服务覆盖不到?", "Which ground is beyond the reach of parking?"),
}  # fmt: skip
_WHOLES: dict[str, tuple[str, str]] = {
    "figures": (
        "占比 = 数值 ÷ 分母;分母为零时无占比,既不是 0 也不是 100%。",
        "share = value ÷ whole; where the whole is zero there is no share, neither 0 nor 100 %.",
    ),
    "overlaps": (
        "占比:重叠部分占该责任区面积的比例。",
        "Shares are of the area of the zone that is named.",
    ),
    "unanswered_roads": (
        "长度为道路中线长度;仅一侧有问题的,只列该侧。",
        "Lengths are of the centre line; where one side alone is amiss, that side is listed.",
    ),
    "chiefs": (
        "与中位数之比:该路长的任务量 ÷ 全部路长任务量的中位数。",
        "times the median: a chief's load by the median load of all chiefs.",
    ),
    "busiest_chiefs": (
        "占比的分母为全部案件,包括无人负责的。",
        "Shares are of all incidents, also of those that nobody answers for.",
    ),
    "assigned": (
        "每件案件一行,无一遗漏;坐标不可用的另列。",
        "One row an incident; those without usable coordinates are listed apart.",
    ),
}


def question_of(name: str, lang: Language) -> str:
    """Return the question that a table answers; empty for a table that the library does not know.

    Examples
    --------
    >>> question_of("gaps", "zh"), question_of("my table", "zh")
    ('哪些地方没有责任区?', '')
    """
    return _QUESTIONS.get(name, ("", ""))[0 if lang == "zh" else 1]


def whole_of(name: str, lang: Language) -> str:
    """Return what the figures of a table are counted of; empty where the columns' titles say all.

    Examples
    --------
    >>> whole_of("busiest_chiefs", "zh")
    '占比的分母为全部案件,包括无人负责的。'
    """
    return _WHOLES.get(name, ("", ""))[0 if lang == "zh" else 1]
