"""The compiler of the inner loops, loaded undisturbed."""

import sys
from pathlib import Path

import pytest

# numba asks for a tool named `coverage`; pytest has put the tests on the path, and the tests of the room of
# that name would be taken for it.
with pytest.MonkeyPatch.context() as patch:
    tests = Path(__file__).resolve().parents[1]
    patch.setattr(sys, "path", [entry for entry in sys.path if Path(entry).resolve() != tests])
    import numba  # noqa: F401
