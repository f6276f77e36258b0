"""A PostgreSQL server of the tests' own, with PostGIS, in a folder of its own and reached by its socket."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_PLACES = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt/postgresql", "/usr/local/pgsql"]
_WAIT_S = 600  # pg_ctl's own patience is a minute


def _binaries():
    found = [folder / "bin" for place in _PLACES for folder in sorted(Path(place).glob("*"), reverse=True)]
    on_path = shutil.which("initdb")
    found += [Path(on_path).resolve().parent] if on_path else []
    return next((folder for folder in found if (folder / "initdb").exists()), None)


def _run(*words):
    """Run as a user that the server accepts: it refuses the superuser."""
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return subprocess.run([*as_other, *map(str, words)], check=True, capture_output=True, text=True)


@pytest.fixture(scope="session")
def postgis():
    """The address of a database with PostGIS, which ends with the tests."""
    binaries = _binaries()
    if binaries is None or not hasattr(os, "geteuid"):
        pytest.skip("no PostgreSQL server is installed")
    # A socket's path may have about 100 bytes, so not the tests' own folder.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        _run(
            binaries / "initdb",
            "-D",
            folder / "data",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",  # the machine's own may not be installed
            "--no-sync",
        )
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c log_statement=none"
        )
        control = [binaries / "pg_ctl", "-D", folder / "data", "-w", "-t", _WAIT_S]
        _run(*control, "-l", folder / "log", "-o", options, "start")
        try:
            made = subprocess.run(
                [binaries / "psql", "-h", folder, "-U", "postgres", "-c", "CREATE EXTENSION postgis"],
                capture_output=True,
                text=True,
                check=False,
            )
            if made.returncode:
                pytest.skip(f"PostGIS is not installed: {made.stderr.strip()}")
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
