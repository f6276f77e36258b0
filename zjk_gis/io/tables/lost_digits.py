"""Codes that were numbers before they came into a text file: what can be put back, and what cannot."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zjk_gis.errors import name_rows
from zjk_gis.layers.naming import field_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from zjk_gis.layers.spec import LayerSpec

__all__ = ["tell_lost_digits"]

_SCIENTIFIC = r"([1-9])(?:\.(\d+))?[eE]\+(\d{2})"
_LEAST_EXPONENT = 9  # what is shorter is shown in full
_LONG, _KEPT_DIGITS = 16, 15
_ENOUGH = 5  # different codes that end in 0 by chance: one in 100,000


def tell_lost_digits(
    table: pd.DataFrame,
    path: Path,
    report: dict[str, Any],
    spec: LayerSpec | None,
    *,
    scientific: bool = True,
) -> pd.DataFrame:
    """Tell the codes of which a spreadsheet has lost digits before it wrote them as text.

    Parameters
    ----------
    table : DataFrame
        Of str.
    path : Path
        Named in remarks.
    report : dict
        Told, in ``digits_lost``, by column and row what stands there as ``1.30703E+14``; and in
        ``digits_doubtful`` the columns of codes of 16 digits and more that all end in 0 after the 15th, as
        when a spreadsheet has rounded them.
    spec : LayerSpec, optional
        Whose numbers may be written so.
    scientific : bool, default True
        Whether the file has ``E+`` anywhere.

    Returns
    -------
    DataFrame
        Where all digits are there (``1.30703005001001E+14``), they are written out; the rest stays.

    Examples
    --------
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> report = {"remarks": []}
    >>> codes = pd.DataFrame({"code": ["1.30703E+14", "1.30703005001001E+14", "7"]}, dtype="str")
    >>> tell_lost_digits(codes, Path("a.csv"), report, None)["code"].tolist()
    ['1.30703E+14', '130703005001001', '7']
    >>> report["digits_lost"]
    {'code': {0: '1.30703E+14'}}
    """
    lost: dict[str, dict[int, str]] = {}
    doubtful: list[str] = []
    for name in table.columns:
        field = field_of(name, spec) if spec is not None else None
        if field is not None and field.dtype != "text":
            continue
        column = table[name]
        written = column[column.str.contains("[eE][+]", na=False)] if scientific else column[:0]
        parts = written.str.extract(f"^{_SCIENTIFIC}$").dropna(subset=[0])
        if len(parts):
            exponent, known = parts[2].astype(int), parts[1].fillna("").str.len()
            cut = parts.index[(exponent >= _LEAST_EXPONENT) & (known < exponent)]
            whole = parts.index[(exponent >= _LEAST_EXPONENT) & (known == exponent)]
            if len(cut):
                lost[name] = {int(at): str(column[at]) for at in cut}
            if len(whole):
                exact = {at: str(int(Decimal(column[at]))) for at in whole}
                table = table.assign(**{name: column.mask(column.index.isin(whole), column.index.map(exact))})
        long = column[column.str.len() >= _LONG]
        if len(long) and long.str.fullmatch(rf"\d{{{_KEPT_DIGITS}}}\d+", na=False).all():
            different = long.unique()
            if len(different) >= _ENOUGH and long.str.fullmatch(rf"\d{{{_KEPT_DIGITS}}}0+", na=False).all():
                doubtful.append(name)
    for name, cells in lost.items():
        report["remarks"].append(
            f"{path.name}: {len(cells)} values of {name} are written like 1.30703E+14 and have lost digits "
            f"({name_rows(cells)}); get them again as text"
        )
    for name in doubtful:
        report["remarks"].append(
            f"{path.name}: all long codes of {name} end in 0 after their 15th digit, as when a spreadsheet "
            "has rounded them; compare them with the source"
        )
    report |= {key: value for key, value in (("digits_lost", lost), ("digits_doubtful", doubtful)) if value}
    return table
