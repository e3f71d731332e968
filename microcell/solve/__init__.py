"""From the residual to accepted time steps: Newton, preconditioner, BDF2, step control, events."""
