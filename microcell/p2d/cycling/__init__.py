"""Many cycles of a reduced model, most of them bridged by jumps with controlled error."""

from .life import CycleLife
from .run import cycle

__all__ = ["CycleLife", "cycle"]
