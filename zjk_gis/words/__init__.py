"""Every sentence that a user reads, in Chinese and in English, from one catalogue.

The code holds the English sentence, ``sentences.csv`` beside this file the Chinese one: two columns, ``en``
and ``zh``, that a spreadsheet opens. Values stand in braces and are filled in by name, in the order that each
language likes. A sentence without a Chinese twin fails the tests.

Which language a sentence is in:

1. ``lang=``, where text is made for somebody;
2. else the environment variable ``ZJK_GIS_LANG`` (``zh`` or ``en``);
3. else Chinese where the locale is Chinese, and English elsewhere. The command sets 2, by default to Chinese.
"""

from __future__ import annotations

import csv
import io
import locale
import os
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LANGUAGE_VARIABLE", "Language", "language", "listed", "speaking", "tr"]

Language = Literal["zh", "en"]

LANGUAGE_VARIABLE = "ZJK_GIS_LANG"
_BETWEEN = {"zh": "、", "en": ", "}


def tr(sentence: str, /, *, lang: Language | None = None, **values: object) -> str:
    """Say a sentence in a language.

    Parameters
    ----------
    sentence : str
        The English one, with ``{name}`` where a value stands, formatted as `str.format` does.
    lang : {"zh", "en"}, optional
        By default `language`.
    **values : object
        By name.

    Returns
    -------
    str

    Examples
    --------
    >>> tr("the workspace has no layer {name!r}", lang="en", name="zones")
    "the workspace has no layer 'zones'"
    """
    if (lang or language()) == "zh":
        sentence = _chinese().get(sentence, sentence)
    return sentence.format(**values) if values else sentence.format()


def listed(items: Iterable[object], *, lang: Language | None = None) -> str:
    """Write things one after another: ``甲、乙`` or ``a, b``.

    Examples
    --------
    >>> listed(["a", "b"], lang="en"), listed(["甲", "乙"], lang="zh")
    ('a, b', '甲、乙')
    """
    return _BETWEEN[lang or language()].join(map(str, items))


def language() -> Language:
    """Return the language in which sentences are said where none is asked for.

    Examples
    --------
    >>> with speaking("en"):
    ...     language()
    'en'
    """
    asked = os.environ.get(LANGUAGE_VARIABLE, "").strip().lower()[:2]
    if asked in get_args(Language):
        return "zh" if asked == "zh" else "en"
    return _of_locale()


@contextmanager
def speaking(lang: Language) -> Iterator[None]:
    """Speak a language for a while, in this process and in those that it starts."""
    before = os.environ.get(LANGUAGE_VARIABLE)
    os.environ[LANGUAGE_VARIABLE] = lang
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(LANGUAGE_VARIABLE, None)
        else:
            os.environ[LANGUAGE_VARIABLE] = before


@cache
def _of_locale() -> Language:
    """Return Chinese where the locale is: ``zh_CN.UTF-8``, or ``Chinese (Simplified)_China`` on Windows."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((each for each in names if each), "")
    if not name and os.name == "nt":
        name = locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


@cache
def _chinese() -> dict[str, str]:
    text = files(__name__).joinpath("sentences.csv").read_bytes().decode("utf-8")
    return {row["en"]: row["zh"] for row in csv.DictReader(io.StringIO(text, newline=""))}
