"""Segmented images: reading, inspecting, telling particles apart, and generating them."""

from __future__ import annotations

from .doctor import inspect
from .grey import grey_image, labels_from_grey
from .inspection import Inspection
from .particles import Particles
from .phases import Phase
from .segment import segment
from .synthetic import SyntheticCathode, generate_cathode
from .volume import Volume

__all__ = [
    "Inspection",
    "Particles",
    "Phase",
    "SyntheticCathode",
    "Volume",
    "generate_cathode",
    "grey_image",
    "inspect",
    "labels_from_grey",
    "segment",
]
