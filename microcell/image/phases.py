"""The phase codes used everywhere behind the image readers."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """What a voxel is made of.

    An image holds PORE, ACTIVE and CBD; SEPARATOR voxels are put in front of it by the cell, and INERT marks
    what cannot take part in a run.
    """

    PORE = 0
    ACTIVE = 1
    CBD = 2
    SEPARATOR = 3
    INERT = 4


PORE, ACTIVE, CBD = int(Phase.PORE), int(Phase.ACTIVE), int(Phase.CBD)
SEPARATOR, INERT = int(Phase.SEPARATOR), int(Phase.INERT)

IMAGE_PHASES: dict[str, Phase] = {"pore": Phase.PORE, "active": Phase.ACTIVE, "cbd": Phase.CBD}
"""The names a phase map may use, with their codes."""
