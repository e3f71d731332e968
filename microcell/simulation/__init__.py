"""Build, run, resume and step a simulation."""

from .simulate import Simulation

__all__ = ["Simulation"]
