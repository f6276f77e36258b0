"""Every function and method that a user can call, for tests that walk over all of them."""

import inspect

import zjk_gis


def public_callables():
    """Yield every function and method that a user can call, with the room that it is found in."""
    front = [("zjk_gis", name, getattr(zjk_gis, name)) for name in zjk_gis.__all__]
    rooms = [(name, room) for _, name, room in front if inspect.ismodule(room)]
    behind = [(name, each, getattr(room, each)) for name, room in rooms for each in room.__all__]
    for thing, (room, name) in {
        id(thing): (thing, (room, name)) for room, name, thing in front + behind
    }.values():
        if inspect.isfunction(thing):
            yield f"{room}.{name}", thing, ()
        elif inspect.isclass(thing):
            yield from methods_of(thing, f"{room}.{name}")


def methods_of(kind, path):
    for name, member in inspect.getmembers(kind):
        own = inspect.getattr_static(kind, name)
        if name.startswith("_") or "zjk_gis" not in (getattr(member, "__module__", None) or ""):
            continue
        if isinstance(own, classmethod | staticmethod):
            yield f"{path}.{name}", member, ()
        elif inspect.isfunction(own):
            yield f"{path}.{name}", member, (None,)
    if "zjk_gis" in kind.__module__ and hasattr(kind, "__dataclass_fields__") and not issubclass(kind, dict):
        yield path, kind, ()
