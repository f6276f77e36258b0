"""A million codes: checked and taken apart, beside a regular expression that only counts digits.

Run: python tests/benchmarks/bench_codes.py
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from zjk_gis.standards import check_codes, parse_codes, rules_table

communities = rules_table("communities")["community_code"]
numbers = pd.Series(np.tile(np.arange(1, 221), len(communities))).astype("str").str.zfill(3)
good = pd.Series(np.repeat(communities.to_numpy(dtype=object), 220)).astype("str") + numbers
bad = good.where(np.arange(len(good)) % 2 == 0, good.str[:6] + "999" + good.str[9:])


def seconds(work):
    best = np.inf
    for _ in range(3):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best


print(f"{len(good):,} unit grid codes, best of 3")
for name, work in {
    "check_codes, all right": lambda: check_codes(good, "unit_grid"),
    "check_codes, every second wrong": lambda: check_codes(bad, "unit_grid"),
    "parse_codes": lambda: parse_codes(good, "unit_grid"),
    "str.fullmatch of 15 digits": lambda: good.str.fullmatch(r"[0-9]{15}"),
}.items():
    print(f"  {name:35s} {seconds(work):6.2f} s")
