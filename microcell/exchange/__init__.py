"""Parameters of reduced models in the formats of other programs: BPX files and PyBaMM."""

from .bpx import read_bpx
from .pybamm import from_pybamm
from .reduced_cell import ReducedCell
from .to_bpx import write_bpx
from .to_pybamm import to_pybamm

__all__ = ["ReducedCell", "from_pybamm", "read_bpx", "to_pybamm", "write_bpx"]
