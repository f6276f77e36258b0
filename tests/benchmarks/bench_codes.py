"""A million codes: checked and taken apart, beside a regular expression that only counts digits.

Run: python tests/benchmarks/bench_codes.py [--quick]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from measuring import in_turn
from table import Row, print_rows

from zjk_gis.standards import check_codes, parse_codes, rules_table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of them")
    per = 22 if parser.parse_args().quick else 220
    communities = rules_table("communities")["community_code"]
    numbers = pd.Series(np.tile(np.arange(1, per + 1), len(communities))).astype("str").str.zfill(3)
    good = pd.Series(np.repeat(communities.to_numpy(dtype=object), per)).astype("str") + numbers
    bad = good.where(np.arange(len(good)) % 2 == 0, good.str[:6] + "999" + good.str[9:])
    peer = "str.fullmatch of 15 digits"
    done = in_turn(
        {
            "check_codes, all right": lambda: check_codes(good, "unit_grid"),
            "check_codes, every second wrong": lambda: check_codes(bad, "unit_grid"),
            "parse_codes": lambda: parse_codes(good, "unit_grid"),
            peer: lambda: good.str.fullmatch(r"[0-9]{15}"),
        },
        3,
    )
    theirs = done.pop(peer)
    return print_rows(
        [
            Row(f"{name}, {len(good):,} codes", own.cpu, peer, theirs.cpu, peak_mb=own.peak_mb)
            for name, own in done.items()
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
