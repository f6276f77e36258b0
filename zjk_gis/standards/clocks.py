"""The clocks on which deadlines run, in the words of the table ``deadlines``."""

from __future__ import annotations

from typing import Literal

__all__ = ["CLOCKS", "Clock"]

Clock = Literal["紧急工作时", "工作时", "工作日", "自然日"]
CLOCKS: tuple[Clock, ...] = ("紧急工作时", "工作时", "工作日", "自然日")
