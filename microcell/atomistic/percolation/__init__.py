"""Percolation: thresholds of lattices, and the lithium that a disordered rocksalt connects.

Thresholds of infinite lattices come from random supercells of several sizes (`sample_thresholds`), the
connected lithium from slabs (`accessible_lithium`). All results have standard errors.
"""

from microcell.atomistic.percolation.accessible import AccessibleLithium, accessible_lithium
from microcell.atomistic.percolation.lattices import BondPercolation, SitePercolation
from microcell.atomistic.percolation.rocksalt import RocksaltPercolation, occupations
from microcell.atomistic.percolation.scaling import Extrapolation, ThresholdStudy, sample_thresholds

__all__ = [
    "AccessibleLithium",
    "BondPercolation",
    "Extrapolation",
    "RocksaltPercolation",
    "SitePercolation",
    "ThresholdStudy",
    "accessible_lithium",
    "occupations",
    "sample_thresholds",
]
