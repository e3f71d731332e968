"""Microstructure-resolved simulation of lithium-ion cathodes: charge, discharge, degradation in every voxel.

>>> import microcell as mc
>>> volume = mc.Volume.read("cathode.tif", voxel_size="398 nm", axes="ZYX", through_axis="Z",
...                         separator_side="low", phases={"pore": 0, "active": 1, "cbd": 2})  # doctest: +SKIP

Importing the package loads none of its parts: each name below is loaded when it is first used, so that the
command line answers at once and nothing touches an accelerator before it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .case import Case
    from .cell.halfcell import HalfCell
    from .errors import MicrocellError
    from .homogenization import EffectiveTransport, effective
    from .image import (
        Inspection,
        Particles,
        Phase,
        SyntheticCathode,
        Volume,
        generate_cathode,
        grey_image,
        inspect,
        labels_from_grey,
        segment,
    )
    from .parameters import ParameterSet
    from .protocol import Experiment
    from .results import Solution
    from .simulation import Simulation

_HOME = {
    "Case": "case",
    "EffectiveTransport": "homogenization",
    "Experiment": "protocol",
    "HalfCell": "cell.halfcell",
    "Inspection": "image",
    "MicrocellError": "errors",
    "ParameterSet": "parameters",
    "Particles": "image",
    "Phase": "image",
    "Simulation": "simulation",
    "Solution": "results",
    "SyntheticCathode": "image",
    "Volume": "image",
    "effective": "homogenization",
    "generate_cathode": "image",
    "grey_image": "image",
    "inspect": "image",
    "labels_from_grey": "image",
    "segment": "image",
}

__all__ = [
    "Case",
    "EffectiveTransport",
    "Experiment",
    "HalfCell",
    "Inspection",
    "MicrocellError",
    "ParameterSet",
    "Particles",
    "Phase",
    "Simulation",
    "Solution",
    "SyntheticCathode",
    "Volume",
    "__version__",
    "effective",
    "generate_cathode",
    "grey_image",
    "inspect",
    "labels_from_grey",
    "segment",
]

__version__: str


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name == "__version__":
        from .version import version

        return version()
    if name not in _HOME:
        raise AttributeError(f"module 'microcell' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
