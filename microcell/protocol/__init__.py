"""Protocols: texts such as "Charge at 1C until 4.3 V" become steps."""

from microcell.protocol.experiment import Experiment, validate
from microcell.protocol.grammar import parse_step
from microcell.protocol.initial import Initial
from microcell.protocol.resolve import ResolvedStep, VoltageLimit, resolve
from microcell.protocol.step import Step, Termination

__all__ = [
    "Experiment",
    "Initial",
    "ResolvedStep",
    "Step",
    "Termination",
    "VoltageLimit",
    "parse_step",
    "resolve",
    "validate",
]
