"""A half cell: geometry, unknowns, residual and its linearization, measures."""
