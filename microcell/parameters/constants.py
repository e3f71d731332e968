"""Physical constants, taken from CODATA through SciPy so that none is typed by hand."""

from __future__ import annotations

from scipy import constants as _codata

F: float = _codata.N_A * _codata.e
"""Faraday constant [C.mol-1]."""

R: float = _codata.R
"""Molar gas constant [J.mol-1.K-1]."""

K_B_EV: float = _codata.k / _codata.e
"""Boltzmann constant [eV.K-1]."""
