"""`zjk-gis pipes`: a network of pipes checked, traced, and shut off at a burst."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.cli.city import tell_set_aside
from zjk_gis.cli.console import language_option
from zjk_gis.cli.options import CITY, WORDS
from zjk_gis.cli.output import show_rows as _show
from zjk_gis.cli.output import tell_files as _tell_files
from zjk_gis.cli.output import write_found as _write
from zjk_gis.cli.pipes import rules
from zjk_gis.cli.pipes.network import read_network
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, read_layer, write_layer
from zjk_gis.layers.labels import label
from zjk_gis.maps import pipes_map, save_offline, shut_off_map, trace_map
from zjk_gis.pipes import network_faults, orphan_manholes, shut_off, trace
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console
    from zjk_gis.pipes import PipeNetwork, ShutOff

__all__ = ["command"]

_CITY = click.argument("city", type=CITY)
_AT = click.option(
    "--at", help="The network as it was on this day, such as 2025-12-31; by default all of it."
)
_COLUMNS = {
    "unjoined_ends": ("pipe_code", "end", "reason", "recorded", "near_code", "distance_m"),
    "uphill_flows": ("pipe_code", "flow", "from_level_m", "to_level_m"),
    "misconnections": (
        "pipe_code",
        "misconnection",
        "manhole_code",
        "into_pipes",
        "drains_m",
        "outfall_code",
    ),
    "drains_in_circles": ("pipe_code", "pipe_kind", "length_m"),
    "unregistered_outfalls": ("outfall_code", "pipe_kind", "upstream_length_m", "upstream_manholes"),
    "unfed_pipes": ("pipe_code", "pipe_kind", "length_m", "road_name"),
    "orphan_manholes": ("manhole_code", "pipe_kind", "distance_m", "road_name"),
}


class _CheckUnlessNamed(click.Group):
    """A group that checks a city where no other of its commands is named."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["check", *args]
        return super().resolve_command(ctx, args)


@click.group("pipes", cls=_CheckUnlessNamed)
@language_option(expose_value=False)
def command() -> None:
    """Make a network of a city's manholes and pipelines, and ask it.

    `zjk-gis pipes CITY` checks it; `trace` follows pipes up or down; `shut-off` says which valves to close at
    a burst. CITY is a GeoPackage, a folder or a PostGIS schema, or a network (.net) that a check wrote.
    """


@command.command("check")
@_CITY
@click.option("--within", default=0.5, show_default=True, help="Metres within which ends are joined.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write layers, a workbook and a map to this folder.",
)
@_AT
@click.option("--most", default=10, show_default=True, help="How many of each kind are printed.")
@speaking
def _check(
    city: Path | str, within: float, output: Path | None, at: str | None, most: int, console: Console
) -> None:
    """Check the network of a city: how ends were joined, and what is amiss."""
    network, layers = read_network(
        city, console, others=("outfalls", "supply_sources", "rivers"), within_m=within, at=at
    )
    tell_set_aside(network.pipelines, console)
    faults = network_faults(network, layers, at=at)
    if "manholes" in layers:
        faults["orphan_manholes"] = orphan_manholes(
            layers["manholes"], layers["pipelines"], within_m=within, at=at
        )
    console.say(
        tr(
            "{pipes:,} pipes, {nodes:,} nodes",
            pipes=len(network),
            nodes=len(network.nodes),
        )
    )
    report = network.report()
    _show(report[report["number"] > 0], ("what", "number", "most_m"), len(report), console)
    for name, rows in faults.items():
        console.say(tr("{title}: {count:,}", title=label(name, console.lang), count=len(rows)))
        if len(rows):
            _show(rows, _COLUMNS[name], most, console)
    files = [] if output is None else _write_check(network, layers, faults, output, at, console)
    console.result(
        {
            "report": report.astype(object).where(report.notna(), None).to_dict("records"),
            "faults": {name: len(rows) for name, rows in faults.items()},
            "files": [str(path) for path in files],
        }
    )


@command.command("trace")
@_CITY
@click.argument("start", nargs=-1)
@click.option(
    "--direction",
    type=click.Choice(["upstream", "downstream", "connected"]),
    default="upstream",
    show_default=True,
    help="Against the flow, with it, or both ways.",
)
@click.option(
    "--from-incidents", type=click.Path(path_type=Path), help="Begin at the incidents of this file."
)
@click.option("--stop", "stops", multiple=True, help="A manhole or pipe at which to stop; may be repeated.")
@click.option("--barrier", "barriers", multiple=True, help="A manhole or pipe that lets nothing through.")
@click.option(
    "--kind", "kinds", type=WORDS, help="Follow these kinds of pipes alone, by code or name, such as WS."
)
@click.option(
    "--within", default=20.0, show_default=True, help="How near the nearest pipe of an incident is."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the pipes to this file (.gpkg).")
@click.option("--map", "page", type=click.Path(path_type=Path), help="Draw them on this page (.html).")
@_AT
@click.option("--most", default=20, show_default=True, help="How many are printed.")
@speaking
def _trace(
    city: Path | str,
    start: tuple[str, ...],
    direction: Any,
    from_incidents: Path | None,
    stops: tuple[str, ...],
    barriers: tuple[str, ...],
    kinds: tuple[str, ...] | None,
    within: float,
    output: Path | None,
    page: Path | None,
    at: str | None,
    most: int,
    console: Console,
) -> None:
    """Follow pipes from manholes, pipes (START) or incidents: where it comes from, where it goes."""
    if bool(start) == (from_incidents is not None):
        raise InputError(tr("name codes of manholes or pipes to begin at, or a file of incidents, not both"))
    for path in (output, page):
        if path is not None:
            check_writable(path)
    network, layers = read_network(city, console, at=at)
    begin = list(start) if from_incidents is None else read_layer(from_incidents)
    found = trace(
        network,
        begin,
        direction=direction,
        stops=list(stops) or None,
        barriers=list(barriers) or None,
        kinds=kinds,
        within_m=within,
    )
    console.say(
        tr(
            "{count:,} pipes, {length:,.0f} m",
            count=len(found),
            length=float(found["length_m"].sum()),
        )
    )
    near = found.sort_values(["steps", "distance_m"], kind="stable")
    _show(near, ("pipe_code", "pipe_kind", "steps", "distance_m", "from_node", "to_node"), most, console)
    if output is not None:
        write_layer(found, output)
    if page is not None:
        drawn = trace_map(found, layers["pipelines"], layers.get("manholes"), date=at, lang=console.lang)
        save_offline(drawn, page)
    _tell_files((output, page), console)
    console.result(
        {
            "pipes": found["pipe_code"].tolist(),
            "length_m": float(found["length_m"].sum()),
            "files": [str(path) for path in (output, page) if path is not None],
        }
    )


@command.command("shut-off")
@_CITY
@click.argument("pipe", nargs=-1)
@click.option(
    "--from-incidents", type=click.Path(path_type=Path), help="The burst, as an incident in this file."
)
@click.option("--stuck", type=WORDS, default=(), help="Valves that cannot be turned, with commas between.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write layers and a map to this folder."
)
@_AT
@click.option("--most", default=20, show_default=True, help="How many of each are printed.")
@speaking
def _shut_off(
    city: Path | str,
    pipe: tuple[str, ...],
    from_incidents: Path | None,
    stuck: tuple[str, ...],
    output: Path | None,
    at: str | None,
    most: int,
    console: Console,
) -> None:
    """Say which valves to close at a burst of PIPE, what they isolate, and who is without supply."""
    if bool(pipe) == (from_incidents is not None):
        raise InputError(
            tr("name the codes of the pipes that are broken, or a file with the incident, not both")
        )
    network, layers = read_network(city, console, others=("valves", "supply_sources", "pipe_users"), at=at)
    if "valves" not in layers:
        raise InputError(tr("there is no layer valves: without valves nothing can be shut off"))
    closed = shut_off(
        network,
        list(pipe) if from_incidents is None else read_layer(from_incidents),
        valves=layers["valves"],
        sources=layers.get("supply_sources"),
        users=layers.get("pipe_users"),
        inoperable=stuck,
        at=at,
    )
    tables = {
        "valves_to_close": closed.valves,
        "stuck_valves": closed.stuck,
        "lost_pipes": closed.pipes,
        "lost_users": closed.users,
    }
    _tell_shut_off(closed, tables, most, console)
    files: list[Path] = []
    if output is not None:
        drawn = shut_off_map(
            closed.pipes,
            closed.valves,
            stuck=closed.stuck,
            users=closed.users,
            pipes=layers["pipelines"],
            manholes=layers.get("manholes"),
            date=at,
            lang=console.lang,
        )
        files = _write({k: v for k, v in tables.items() if v is not None}, output, "shut_off", drawn, console)
    console.result(
        {
            "valves": closed.valves["valve_code"].tolist(),
            "stuck": closed.stuck["valve_code"].tolist(),
            "isolated_m": closed.length_m("isolated"),
            "without_supply_m": closed.length_m("without_supply"),
            "supply_known": closed.supply_known,
            "users": None if closed.users is None else len(closed.users),
            "files": [str(path) for path in files],
        }
    )


def _tell_shut_off(
    closed: ShutOff, tables: dict[str, gpd.GeoDataFrame | None], most: int, console: Console
) -> None:
    """Print what closing valves does, and what of it is not known."""
    if not closed.supply_known:
        console.note(tr("no source stands on these pipes: who is without supply beyond them is not known"))
    columns = {
        "valves_to_close": ("valve_code", "ring", "feeds", "valve_kind", "road_name"),
        "stuck_valves": ("valve_code", "valve_kind", "road_name"),
        "lost_pipes": ("pipe_code", "state", "length_m", "diameter_mm", "road_name"),
        "lost_users": ("user_code", "user_name", "user_kind", "households", "state"),
    }
    for name, rows in tables.items():
        if rows is None:
            continue
        console.say(tr("{title}: {count:,}", title=label(name, console.lang), count=len(rows)))
        if len(rows):
            _show(rows, columns[name], most, console)
    for state in ("isolated", "without_supply"):
        console.say(
            tr(
                "{state}: {length:,.0f} m",
                state=label(state, console.lang),
                length=closed.length_m(state),
            )
        )
    if closed.not_fed_before_m > 0:
        console.note(
            tr(
                "{length:,.0f} m of these pipes had no supply even before: is a valve closed by mistake?",
                length=closed.not_fed_before_m,
            )
        )
    if len(closed.left_out):
        console.note(
            tr(
                "{count:,} valves, sources and users do not count",
                count=len(closed.left_out),
            )
        )


def _write_check(
    network: PipeNetwork,
    layers: dict[str, gpd.GeoDataFrame],
    faults: dict[str, gpd.GeoDataFrame],
    folder: Path,
    at: str | None,
    console: Console,
) -> list[Path]:
    """Write the findings as layers, workbook and map, and the network itself."""
    drawn = pipes_map(
        layers["pipelines"],
        layers.get("manholes"),
        findings={name: rows for name, rows in faults.items() if len(rows)},
        around={"rivers": layers["rivers"]} if "rivers" in layers else None,
        date=at,
        lang=console.lang,
    )
    paths = _write(faults, folder, "pipes", drawn, console, more={"network_report": network.report()})
    net = network.save(folder / "pipes.net")
    _tell_files([net], console)
    return [*paths, net]


for _each in (rules.survey, rules.dig, rules.section):
    command.add_command(_each)
