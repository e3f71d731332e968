"""Array kernels of microcell: finite-volume stencils, multigrid, Krylov methods, pointwise root finding.

They know arrays only: no units, no files, no electrochemistry, and they never import ``microcell``. They
compute in the precision of what they are given; the caller decides about float64.
"""
