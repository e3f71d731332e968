"""Thermal conductivity and heat capacity from phonons: any ASE calculator, any Ni-Mn-Co composition.

Harmonic force constants at three volumes (phonopy) give frequencies, group velocities and Grueneisen
parameters; lifetimes come from Umklapp in the forms of Slack and Klemens, mass disorder (Tamura) and grain
boundaries. Heat carried by electrons, magnons and moving lithium is not in it.
"""

from __future__ import annotations

from ...optional import load

load("ase", "atomistic")
load("phonopy", "atomistic")

from .conductivity import Conductivity, Scattering, Transport, conductivity_tensor  # noqa: E402
from .figures import conductivity_figure, phonon_figure, ternary_figure  # noqa: E402
from .ionic import end_member, mean_ion, triangle  # noqa: E402
from .lifetime import (  # noqa: E402
    boundary_rate,
    disorder_rate,
    klemens_rate,
    mass_variance,
    rayleigh_rate,
    slack_rate,
)
from .modes import Modes, mode_heat_capacity  # noqa: E402
from .phonons import Phonons, from_force_constants, phonons_of  # noqa: E402
from .polar import Polar, polar_of  # noqa: E402
from .references import Reference, references  # noqa: E402
from .slack import slack_conductivity  # noqa: E402
from .sound import Sound, sound_of  # noqa: E402
from .ternary import Mixture, cards, comparison, composition_of, ternary_table  # noqa: E402
from .virtual import EndMember, VirtualCrystal, layered_primitive  # noqa: E402
from .volumes import VolumeSeries, relaxed, volume_series  # noqa: E402

__all__ = [
    "Conductivity",
    "EndMember",
    "Mixture",
    "Modes",
    "Phonons",
    "Polar",
    "Reference",
    "Scattering",
    "Sound",
    "Transport",
    "VirtualCrystal",
    "VolumeSeries",
    "boundary_rate",
    "cards",
    "comparison",
    "composition_of",
    "conductivity_figure",
    "conductivity_tensor",
    "disorder_rate",
    "end_member",
    "from_force_constants",
    "klemens_rate",
    "layered_primitive",
    "mass_variance",
    "mean_ion",
    "mode_heat_capacity",
    "phonon_figure",
    "phonons_of",
    "polar_of",
    "rayleigh_rate",
    "references",
    "relaxed",
    "slack_conductivity",
    "slack_rate",
    "sound_of",
    "ternary_figure",
    "ternary_table",
    "triangle",
    "volume_series",
]
