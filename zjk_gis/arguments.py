"""Arguments of a wrong type are refused where they come in, by an error that names them: `checked`.

What an argument may be is what its annotation says, so that nothing is written down twice. The annotation is
read as text and classes are known by name: nothing is imported for it, and names that exist for the type
checker alone can be read, too.

=============================================  ===============================================================
annotation                                     accepted
=============================================  ===============================================================
``None``                                       nothing
``str``, a word of `_WORDS`                    text
``bool``                                       a truth value, of NumPy's as well
``float``, ``int``                             a number, of NumPy's as well; a whole one
``dt.date``                                    a date or a time
``os.PathLike[str]``                           a path
``Literal["a", "b"]``                          text
``Mapping[str, X]``, ``dict[...]``             a mapping, all of whose values are X
``Sequence[X]``, ``list[X]``, ``Iterable[X]``  what can be gone through and is not text; if short, all X
another class                                  its instances
``Any``, ``object``, a type variable           anything: the function looks itself
=============================================  ===============================================================
"""

from __future__ import annotations

import ast
import numbers
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import cache, wraps
from typing import Any, NamedTuple, TypeVar

from zjk_gis.errors import InputError
from zjk_gis.words import listed, tr

__all__ = ["checked"]

_T = TypeVar("_T")

_MOST = 1000  # elements looked at one by one: what is longer is data, and its dtype tells
_SHOWN = 40  # characters of a wrong value that are shown; of a longer one its type is told
_ANYTHING = {"Any", "object", "ArrayLike", "Self"}
# Aliases of words, each of which the function itself compares with those it knows.
_WORDS = {
    "Audience", "Confidence", "Convention", "Datum", "Edition", "FieldType", "Goal", "How", "Language",
    "Method", "Older", "OnProblems", "Orientation", "Personal", "Travel", "Way", "WebDatum",
}  # fmt: skip
# Names that stand for several, which only the type checker can look up.
_ALIASES = {
    "_Layer": "gpd.GeoDataFrame | gpd.GeoSeries",
    "_Table": "pd.DataFrame",
    "Decay": "Literal['gaussian'] | Sequence[tuple[float, float]] | None",
    "Meant": "str | Sequence[str] | gpd.GeoDataFrame",
    "_Paths": "Mapping[str, str | os.PathLike[str]]",
    "Overrides": "Mapping[str, pd.DataFrame] | str | os.PathLike[str]",
}
_MANY = {"Sequence", "Collection", "Iterable", "list", "tuple", "set", "frozenset"}
# Names under which a class is known elsewhere; two maps side by side are one as well.
_CLASSES = {"Geometry": "BaseGeometry", "Map": "DualMap"}


class _Kind(NamedTuple):
    """What an argument may be.

    Attributes
    ----------
    accepts : callable
        Of a value: tells whether it is of this kind.
    said : callable
        Says what is expected, in the language that is spoken.
    find : callable or None
        Of the name of an argument and its value: the first element inside that is not what it should be, by
        name, with the kind it should be of; None where all are.
    is_layer : bool
        Whether it is a layer, which somebody may have as a file.
    """

    accepts: Callable[[Any], bool]
    said: Callable[[], str]
    find: Callable[[str, Any], tuple[str, Any, _Kind] | None] | None = None
    is_layer: bool = False


def checked(thing: _T) -> _T:
    """Make a public function, or all public methods of a class, refuse arguments of a wrong type.

    Parameters
    ----------
    thing : function or class
        With annotations. Of a dataclass its fields are looked at, too.

    Returns
    -------
    function or class
        The same class, or a function of the same signature that raises `InputError` first.

    Examples
    --------
    >>> @checked
    ... def near(within_m: float, *, code: str | None = None) -> float:
    ...     return within_m
    >>> near(300)
    300
    >>> near("300")
    Traceback (most recent call last):
    zjk_gis.errors.InputError: within_m must be a number, not '300'
    >>> near(300, code=["zone_code"])
    Traceback (most recent call last):
    zjk_gis.errors.InputError: code must be text or None, not ['zone_code']
    """
    if not isinstance(thing, type):
        guarded: _T = _guarded(thing)
        return guarded
    for name, member in list(vars(thing).items()):
        if name.startswith("_") and not (name == "__init__" and hasattr(thing, "__dataclass_fields__")):
            continue
        if isinstance(member, classmethod | staticmethod):
            setattr(thing, name, type(member)(_guarded(member.__func__)))
        elif callable(member) and not isinstance(member, type):
            setattr(thing, name, _guarded(member))
    return thing


def _guarded(function: Any) -> Any:
    code = function.__code__
    at_place = code.co_varnames[: code.co_argcount]

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        kinds = _kinds_of(function)
        for name, value in zip(at_place, args, strict=False):
            if name in kinds:
                _refuse_other(name, value, kinds[name])
        for name, value in kwargs.items():
            if name in kinds:
                _refuse_other(name, value, kinds[name])
        return function(*args, **kwargs)

    return guarded


def _refuse_other(name: str, value: Any, kind: _Kind) -> None:
    """Refuse a value that is not of a kind, or that holds one that is not what it should be."""
    if not kind.accepts(value):
        raise InputError(
            tr(
                "{name} must be {expected}, not {given}{hint}",
                name=name,
                expected=kind.said(),
                given=_shown(value),
                hint=_hint(kind, value),
            )
        )
    if kind.find is not None and (wrong := kind.find(name, value)) is not None:
        _refuse_other(*wrong)


def _shown(value: Any) -> str:
    """Show a short value of a plain kind as it is, and of others the type."""
    if value is None or isinstance(value, str | bytes | numbers.Number | list | tuple | dict | set):
        shown = repr(value)
        if len(shown) <= _SHOWN:
            return shown
    return type(value).__name__


def _hint(kind: _Kind, value: Any) -> str:
    """Say where a layer comes from to somebody who gives a path or a table in its place."""
    if kind.is_layer and _is_a(value, "DataFrame"):
        return tr("; write_table writes a table without geometry, and read_layer reads a layer from a file")
    is_file = isinstance(value, str) or hasattr(value, "__fspath__")
    return tr("; read_layer reads one from a file") if kind.is_layer and is_file else ""


@cache
def _kinds_of(function: Any) -> dict[str, _Kind]:
    """Return what each argument of a function may be; those that may be anything are left out."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    told = {name: function.__annotations__.get(name, "Any") for name in names}
    # Where annotations are not kept as text, a class says its name.
    texts = {
        name: each if isinstance(each, str) else getattr(each, "__name__", "Any")
        for name, each in told.items()
    }
    kinds = {name: _kind_of(text) for name, text in texts.items()}
    return {name: kind for name, kind in kinds.items() if kind is not None}


@cache
def _kind_of(annotation: str) -> _Kind | None:
    """Read an annotation; None where anything is accepted."""
    alternatives = list(_alternatives(ast.parse(annotation, mode="eval").body))
    kinds = [_single(each) for each in alternatives]
    known = [kind for kind in kinds if kind is not None]
    if len(known) < len(kinds):
        return None
    if len(known) == 1:
        return known[0]
    # Text that stands beside a date or a path is one, and is not told as another possibility.
    names = [ast.unparse(each) for each in alternatives]
    is_told = [
        name != "str" or not any(other.endswith(("date", "PathLike[str]")) for other in names)
        for name in names
    ]
    told = [kind for kind, shown in zip(known, is_told, strict=True) if shown]

    def find(name: str, value: Any) -> tuple[str, Any, _Kind] | None:
        own = next(kind for kind in known if kind.accepts(value))
        return None if own.find is None else own.find(name, value)

    return _Kind(
        accepts=lambda value: any(kind.accepts(value) for kind in known),
        said=lambda: _either([kind.said() for kind in told]),
        find=find if any(kind.find for kind in known) else None,
        is_layer=any(kind.is_layer for kind in known),
    )


def _alternatives(node: ast.expr) -> Iterable[ast.expr]:
    """Yield what stands between the strokes of an annotation."""
    if isinstance(node, ast.BinOp):
        yield from _alternatives(node.left)
        yield from _alternatives(node.right)
    elif isinstance(node, ast.Name) and node.id in _ALIASES:
        yield from _alternatives(ast.parse(_ALIASES[node.id], mode="eval").body)
    else:
        yield node


def _single(node: ast.expr) -> _Kind | None:
    """Return what one alternative of an annotation accepts; None for anything."""
    if isinstance(node, ast.Constant):
        return _Kind(lambda value: value is None, lambda: "None") if node.value is None else None
    if isinstance(node, ast.Subscript):
        return _of_parts(_last(node.value), node.slice)
    name = _last(node)
    if name in _ANYTHING or name.startswith("_"):
        return None
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _WORDS:
        return _PLAIN["str"]
    return _instances(name)


def _of_parts(name: str, parts: ast.expr) -> _Kind | None:
    """Return what an annotation with brackets accepts."""
    elements = parts.elts if isinstance(parts, ast.Tuple) else [parts]
    if name == "Literal":
        words = tuple(ast.literal_eval(each) for each in elements)
        # Text that is none of them the function refuses itself, as it knows what may have been meant.
        return _Kind(_is_text, lambda: _either(map(repr, words)))
    if name == "Callable":
        return _Kind(callable, lambda: tr("a function"))
    if name == "PathLike":
        return _Kind(lambda value: hasattr(value, "__fspath__"), lambda: tr("a path"))
    if name in ("Mapping", "dict"):
        return _mapping(_kind_of(ast.unparse(elements[-1])))
    if name in _MANY:
        is_one_kind = len(elements) == 1 or ast.unparse(elements[-1]) == "..."
        inner = _kind_of(ast.unparse(elements[0])) if is_one_kind else None
        return _many(inner, or_mapping=name in ("Iterable", "Collection"))
    if name == "NDArray":  # one number is an array without dimensions
        return _Kind(lambda value: _is_a(value, "ndarray") or _is_number(value), lambda: tr("an array"))
    return None if name == "type" else _instances(name)


def _mapping(inner: _Kind | None) -> _Kind:
    def find(name: str, value: Mapping[Any, Any]) -> tuple[str, Any, _Kind] | None:
        if inner is None:
            return None
        wrong = (key for key, each in value.items() if not inner.accepts(each))
        return next(((f"{name}[{key!r}]", value[key], inner) for key in wrong), None)

    return _Kind(lambda value: isinstance(value, Mapping), lambda: tr("a mapping, such as a dict"), find)


def _many(inner: _Kind | None, *, or_mapping: bool) -> _Kind:
    def find(name: str, value: Iterable[Any]) -> tuple[str, Any, _Kind] | None:
        if inner is None or not isinstance(value, list | tuple | set | frozenset) or len(value) > _MOST:
            return None
        wrong = ((at, each) for at, each in enumerate(value) if not inner.accepts(each))
        return next(((f"{name}[{at}]", each, inner) for at, each in wrong), None)

    def accepts(value: Any) -> bool:
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            return False
        if isinstance(value, Mapping):  # whose keys are gone through
            return or_mapping
        return not isinstance(value, Sized) or not _is_a(value, "DataFrame")

    return _Kind(accepts, lambda: tr("a list"), find)


def _instances(name: str) -> _Kind:
    wanted = {name, _CLASSES.get(name, name)}
    return _Kind(
        lambda value: any(_is_a(value, each) for each in wanted),
        lambda: tr("a {class_}", class_=name),
        is_layer=name == "GeoDataFrame",
    )


def _last(node: ast.expr) -> str:
    """Return the last name of ``pd.DataFrame``, or of a subscript."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def _is_a(value: object, name: str) -> bool:
    """Tell whether the class of a value, or one it is derived from, has a name."""
    return any(each.__name__ == name for each in type(value).__mro__)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool) or _is_a(value, "bool_") or type(value).__name__ == "bool"


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not _is_flag(value)


def _is_whole(value: object) -> bool:
    """Tell whether a number is whole, as 3 and 3.0 are."""
    return _is_number(value) and (isinstance(value, numbers.Integral) or float(value).is_integer())  # type: ignore[arg-type]


def _is_date(value: object) -> bool:
    return _is_a(value, "date") or _is_a(value, "datetime64")


def _either(things: Iterable[str]) -> str:
    """Say that it is one of several: ``a``, ``a or b``, ``a, b or c``."""
    *first, last = dict.fromkeys(things)
    return tr("{first} or {last}", first=listed(first), last=last) if first else last


_PLAIN = {
    "str": _Kind(_is_text, lambda: tr("text")),
    "bool": _Kind(_is_flag, lambda: tr("True or False")),
    "int": _Kind(_is_whole, lambda: tr("a whole number")),
    "float": _Kind(_is_number, lambda: tr("a number")),
    "date": _Kind(_is_date, lambda: tr("a date such as 2025-12-31")),
    "datetime": _Kind(_is_date, lambda: tr("a time such as 2025-12-31 08:00")),
    "bytes": _Kind(lambda value: isinstance(value, bytes), lambda: "bytes"),
}
