"""An option means one thing wherever it stands: a reader who knows one function knows the next.

Each option has one annotation in all public functions (None aside, which says that it may be left out), a
path to write to comes right after what is written, and near twins take the same options.
"""

import inspect
from collections import defaultdict

import pytest
from public import public_callables

import zjk_gis
from zjk_gis import assign, batch, changes, coverage, maps, responsibility

# What one function can take and its neighbours cannot, and why. Whatever is not here has one meaning.
SEVERAL = {
    "breaks": "borders of classes; bursts of pipes",
    "cells": "the side of squares, or areas; what was found in them",
    "days": "how many; where bands of them end",
    "frame": "a table; one of Spark",
    "hours": "of a working day; how long a job may take",
    "plan": "berths that are planned; how incidents are answered, or the folder of it",
    "rows": "of a figure, by its name; how many, or which",
    "changes": "what changed, or only where",
    "direction": "which way a trace goes; by what it is told which way pipes flow",
    "manholes": "a table without places, where only what is filled in is asked",
    "network": "of roads; of pipes",
    "places": "names of places; the ground by what it is used for",
    "question": "a function that answers one, too",
    "start": "the first day; where a trace begins",
    "tables": "rules of one's own; what is reported",
    "barriers": "ground that is not walked across; manholes and pipes that let nothing through",
    "accuracy_m": "a column is named where there is a table; where there are arrays, it is one",
    "assigned": "incidents with their answers, which an audit takes without places, too",
    "by": "who accepts a fault; how ground is listed; by what metres are added up",
    "crs": "one of a folder's files each, too",
    "datum": "one of a folder's files each, too; of a base map, only what tiles can be in",
    "existing": "facilities that stand already; codes that are taken",
    "facilities": "of one kind; of several kinds, each a layer",
    "grids": "indexes of grids are taken where incidents are assigned",
    "incidents": "how many a synthetic city has",
    "layer": "a layer, or the name of one in a file",
    "retired": "codes as arrays, too, where codes alone are asked for",
    "within": "how far, of arrays; how long after, of cases",
    "rules": "those of what is looked for",
    "scheme": "the name of one, where it is looked up",
    "sections": "indexes of sections are taken where incidents are assigned",
    "show": "whether a layer is shown at first; which layers are printed",
    "source": "rows come from a file, or from what a sheet says in words; a datum is converted from",
    "target": "a workspace or file; a datum is converted to",
    "unit": "of what a map shows; whether one is appended",
    "x": "numbers, or the columns that hold them",
    "y": "numbers, or the columns that hold them",
}
SUBJECTS = {"city", "faults", "lat", "layers", "lon", "place", "results", "summary", "where", "zones", "code"}
PARAMETERS = [
    (path, list(inspect.signature(function).parameters.values())[len(before) :])
    for path, function, before in public_callables()
    if not inspect.isclass(function)  # the fields of a result are no options
]


def without_none(annotation):
    return " | ".join(each for each in str(annotation).split(" | ") if each != "None")


def test_an_option_has_one_meaning():
    found = defaultdict(lambda: defaultdict(list))
    for path, parameters in PARAMETERS:
        for each in parameters:
            found[each.name][without_none(each.annotation)].append(path)
    several = {name: dict(kinds) for name, kinds in found.items() if len(kinds) > 1}
    assert {name: kinds for name, kinds in several.items() if name not in {*SEVERAL, *SUBJECTS}} == {}
    assert SEVERAL.keys() <= several.keys(), "what has one meaning is no exception"


@pytest.mark.parametrize("name", ["at", "level", "lang", "within_m", "tolerance_m", "time", "tz", "policy"])
def test_the_options_that_are_everywhere_have_one_annotation(name):
    kinds = {
        without_none(each.annotation)
        for _, parameters in PARAMETERS
        for each in parameters
        if each.name == name
    }
    assert len(kinds) <= 1


WRITING = [
    (path, each) for path, each in PARAMETERS if path.split(".")[-1].startswith(("write_", "save_", "print_"))
]


@pytest.mark.parametrize(("path", "parameters"), WRITING, ids=[path for path, _ in WRITING])
def test_a_path_to_write_to_comes_right_after_what_is_written(path, parameters):
    assert parameters[1].name in ("path", "folder"), path
    assert parameters[1].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert "PathLike" in str(parameters[1].annotation)


def test_options_are_named_at_the_call():
    """What is not the subject of a question is said by name: two subjects, a span of days, or four layers."""
    for path, parameters in PARAMETERS:
        given = [each for each in parameters if each.default is not inspect.Parameter.empty]
        by_place = [each.name for each in given if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        options = {"code", "level", "source", "within_m", "tolerance_m", "tz", "policy", "time", "rules"}
        assert not options & set(by_place), path


def options_of(function):
    return {
        each.name: (without_none(each.annotation), each.default)
        for each in inspect.signature(function).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    }


TWINS = {
    "a check takes what an assignment takes": (assign.check_assignment, assign.assign_incidents, set()),
    "an explanation does": (assign.explain_incident, assign.assign_incidents, {"even_if_off"}),
    "a new assignment does": (
        assign.reassign_incidents,
        assign.assign_incidents,
        {"even_if_off", "grids", "sections"},
    ),
    # of a file the accuracy is one number for all rows
    "a job does": (batch.assign_batch, assign.assign_incidents, {"accuracy_m"}),
    "a job on dask does": (
        batch.assign_on_dask,
        batch.assign_batch,
        {
            *("grids", "sections", "tz", "code", "level", "at", "border_within_m", "nearest_within_m"),
            *("accuracy_m", "undecided_below", "policy", "roads", "fix_positions", "points"),
        },
    ),
    "a plan does": (
        assign.AssignmentPlan.prepare,
        assign.assign_incidents,
        {"accuracy_m", "dayfirst", "even_if_off", "time", "time_format"},
    ),
    "gaps and overlaps at once": (coverage.coverage_faults, coverage.coverage_gaps, {"rules"}),
    "overlaps at once": (coverage.coverage_faults, coverage.overlapping_zones, {"rules"}),
    "a road is read as a zone": (
        responsibility.road_responsibility,
        coverage.coverage_edges,
        {"within_m"},
    ),
    "a time and a place": (changes.coverage_over_time, changes.responsibility_timeline, {"start", "end"}),
    "a map of incidents": (maps.density_map, maps.assignment_map, {"code", "rows"}),
}


@pytest.mark.parametrize("name", TWINS)
def test_near_twins_take_the_same_options(name):
    function, twin, without = TWINS[name]
    own, others = options_of(function), options_of(twin)
    assert {
        each: others[each] for each in others if each not in without and own.get(each) != others[each]
    } == {}


def test_an_index_reaches_as_far_as_within_m_says():
    for index in (zjk_gis.ZoneIndex, zjk_gis.index.SectionIndex):
        assert "within_m" in inspect.signature(index.nearest).parameters
