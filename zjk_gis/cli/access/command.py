"""`zjk-gis access`: the group; without a subcommand it asks who reaches what."""

from __future__ import annotations

import click

from zjk_gis.cli.access.berths import berths
from zjk_gis.cli.access.density import density
from zjk_gis.cli.access.ends import ends
from zjk_gis.cli.access.estates import estates
from zjk_gis.cli.access.reach import reach
from zjk_gis.cli.access.roads import roads
from zjk_gis.cli.access.site import site
from zjk_gis.cli.console import language_option

__all__ = ["command"]

_USUAL = "reach"


class _WithUsual(click.Group):
    """A group that takes a call without a subcommand for the usual one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = set(self.list_commands(ctx))
        if args and not known & set(args) and not set(args) <= {"-h", "--help"}:
            args = [_USUAL, *args]
        return super().parse_args(ctx, args)


@click.group("access", cls=_WithUsual)
@language_option(expose_value=False)
def command() -> None:
    """Who reaches what along the city's own roads, and who does not.

    Without a subcommand `reach` is meant: zjk-gis access city.gpkg --to parking_lots --within 300.
    """


for each in (berths, density, ends, estates, reach, roads, site):
    command.add_command(each)
