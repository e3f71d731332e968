"""Effective transport of an image: tortuosity factor and effective conductivity per phase and axis."""

from __future__ import annotations

from .conductors import Conductor
from .effective import effective
from .result import EffectiveTransport, Transport

__all__ = ["Conductor", "EffectiveTransport", "Transport", "effective"]
