"""Protocols: texts such as "Charge at 1C until 4.3 V" become steps."""

from microcell.protocol.drive_cycle import follow
from microcell.protocol.experiment import Experiment, validate
from microcell.protocol.grammar import parse_step
from microcell.protocol.initial import Initial
from microcell.protocol.profile import Profile
from microcell.protocol.resolve import ResolvedStep, VoltageLimit, resolve
from microcell.protocol.step import Step, Termination

__all__ = [
    "Experiment",
    "Initial",
    "Profile",
    "ResolvedStep",
    "Step",
    "Termination",
    "VoltageLimit",
    "follow",
    "parse_step",
    "resolve",
    "validate",
]
