"""The plan on every host: the folder of a saved plan, fetched once from where it is kept, then mapped.

1. A path is a folder that this machine sees: its files are mapped where they are.
2. An address (``s3://``, ``hdfs://``, ``file://``) is a folder that is fetched to the disk of this host,
   under the checksum of what the plan says of itself, which covers the fingerprints of its indexes. Processes
   that want the same plan wait for the one that fetches it.
3. A process loads a plan once, and loading looks at every number of it.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from functools import lru_cache
from pathlib import Path

from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.assign.plan_files import PLAN_FILE, plan_files_of, read_plan_file
from zjk_gis.batch.cluster.folders import Folder, open_folder
from zjk_gis.batch.lock import locked
from zjk_gis.errors import FileError
from zjk_gis.io.paths import is_remote
from zjk_gis.words import tr

__all__ = ["CACHE_VARIABLE", "checksum_at", "loaded_plan", "plan_folder"]

CACHE_VARIABLE = "ZJK_GIS_PLANS"


def plan_folder(plan: str | os.PathLike[str] | Folder) -> Path:
    """Return where on this machine a saved plan lies, after fetching it if it is kept elsewhere.

    Parameters
    ----------
    plan : str, path or Folder
        A folder, or its address. What is fetched goes to the folder named by ``ZJK_GIS_PLANS``, by default
        one of this user's in the system's folder for temporary files.

    Raises
    ------
    FileError
        If it is missing or damaged, or cannot be fetched.
    """
    if isinstance(plan, Folder):
        kept = plan
        if kept.is_local:
            return Path(kept.path)
    elif is_remote(plan):
        kept = open_folder(plan)
    else:
        return Path(plan)
    with tempfile.TemporaryDirectory(dir=_cache(), prefix=".asked-") as asked:
        kept_file = Path(asked, PLAN_FILE)
        if not any(each.name == PLAN_FILE for each in kept.entries()):
            raise FileError(
                tr("{plan}: holds no saved plan; save one there with AssignmentPlan.save", plan=kept.title)
            )
        kept.fetch(PLAN_FILE, kept_file)
        checksum = str(read_plan_file(asked)[1]["checksum"])
    goal = _cache() / checksum
    if not goal.is_dir():
        with locked(goal.with_name(f"{checksum}.lock"), waits=True):
            if not goal.is_dir():
                _fetch(kept, goal)
    return goal


def checksum_at(plan: Path) -> str:
    """Return the checksum of a saved plan, by which another process knows that it has the same.

    Raises
    ------
    FileError
        If there is none.
    """
    return str(read_plan_file(plan)[1]["checksum"])


def loaded_plan(plan: str | os.PathLike[str] | Folder) -> AssignmentPlan:
    """Load a saved plan, once in each process.

    Raises
    ------
    FileError
        If it is missing or damaged, or cannot be fetched.
    """
    folder = plan_folder(plan)
    return _loaded(str(folder), checksum_at(folder))


@lru_cache(maxsize=4)
def _loaded(folder: str, checksum: str) -> AssignmentPlan:
    return AssignmentPlan.load(folder)


def _fetch(kept: Folder, goal: Path) -> None:
    """Fetch a plan beside where it is to be, look at it, and move it there."""
    fresh = Path(tempfile.mkdtemp(dir=goal.parent, prefix=".fetched-"))
    try:
        wanted = {PLAN_FILE, *(file.name for file in plan_files_of(fresh, []).values())}
        for each in kept.entries():
            if each.name in wanted:
                kept.fetch(each.name, fresh / each.name)
        AssignmentPlan.load(fresh)
        fresh.rename(goal)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _cache() -> Path:
    """Return the folder for plans that were fetched, which is this user's alone.

    Raises
    ------
    FileError
        If it cannot be made, or somebody else made it.
    """
    named = os.environ.get(CACHE_VARIABLE)
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(named) if named else Path(tempfile.gettempdir(), f"zjk_gis-plans-{user}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
    except OSError as error:
        raise FileError(
            tr("{path}: cannot be written ({value})", path=folder, value=error.strerror or error)
        ) from error
    is_ours = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
    if not named and not (is_ours and stat.S_ISDIR(facts.st_mode)):
        raise FileError(
            tr(
                "{folder}: was made by somebody else; name a folder for plans with {variable}",
                folder=folder,
                variable=CACHE_VARIABLE,
            )
        )
    return folder
