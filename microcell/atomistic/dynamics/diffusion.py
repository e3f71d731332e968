"""Self-diffusivity from the slope of the mean squared displacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import AtomisticError
from ...parameters.card import Origin, PropertyCard
from ..estimate import Estimate
from .msd import MeanSquaredDisplacement, block_displacement
from .trajectory import Track

A2_PER_PS = 1e-8
"""1 Angstrom^2/ps [m^2/s]."""

WINDOW = (0.25, 1.0)
"""Part of the lags that is fitted: beyond vibrations and hops that are undone, up to half a block."""

REFERENCES = ("Calandrini et al., Collection SFN 12, 201 (2011), doi 10.1051/sfn/201112010",)


@dataclass(frozen=True)
class Diffusivity:
    """Tracer diffusivity of one element in some directions.

    Attributes
    ----------
    value, standard_error : float
        [m2.s-1]; the error is that of the mean over the blocks.
    directions : str
        Of "x", "y", "z"; z is normal to a and b.
    hops : float
        Hops that this slope amounts to in the whole trajectory, summed over the atoms.
    least_hops : float
        Fewer are no statistics.
    window : tuple of float
        Lags fitted [ps].
    displacement : MeanSquaredDisplacement
        What was fitted.
    track : Track
        Where it comes from.
    hop_length : float
        [Angstrom].
    """

    value: float
    standard_error: float
    directions: str
    hops: float
    least_hops: float
    window: tuple[float, float]
    displacement: MeanSquaredDisplacement
    track: Track
    hop_length: float

    @property
    def farthest(self) -> float:
        """Largest distance that an atom has gone in these directions, between any frame and the first [A].

        Across the layers, less than half their spacing says that no atom has left its layer.
        """
        moved = (self.track.places - self.track.places[0])[..., _axes_of(self.directions)]
        return float(np.linalg.norm(moved, axis=-1).max())

    @property
    def resolved(self) -> bool:
        """Whether there were enough hops, and the value is beyond twice its standard error."""
        return self.hops >= self.least_hops and self.value > 2.0 * self.standard_error

    @property
    def upper_bound(self) -> float:
        """What the diffusivity is below, at two standard errors and at the least hops seen [m2.s-1]."""
        d = len(self.directions)
        few = self.least_hops * self.hop_length**2 / (2.0 * d * self.track.places.shape[1] * self.track.time)
        return max(self.value + 2.0 * self.standard_error, few * A2_PER_PS)

    def require(self) -> Diffusivity:
        """Return itself, or refuse a value that rests on too few hops.

        Raises
        ------
        AtomisticError
            If it is not resolved; the message holds the upper bound.
        """
        if self.resolved:
            return self
        along = ", ".join(self.directions)
        raise AtomisticError(
            f"{self.track.element} hardly moves along {along}: this is no diffusivity",
            value=f"{self.value:.2e} ± {self.standard_error:.1e} m2/s, about {max(self.hops, 0):.0f} hops in "
            f"{self.track.time:.0f} ps",
            allowed=f"{self.least_hops:g} hops or more, and twice the standard error",
            fix=f"run longer or hotter; all that is known is D < {self.upper_bound:.1e} m2/s",
        )

    def card(self, temperature: float, name: str = "", **inputs: Any) -> PropertyCard:
        """Return the value at a temperature [K] as a card; ``inputs`` go into its origin.

        Raises
        ------
        AtomisticError
            If it is not resolved.
        """
        self.require()
        origin = Origin.of(
            "molecular dynamics",
            {
                "formula": self.track.formula,
                "length of the trajectory [ps]": self.track.time,
                "mean kinetic temperature [K]": self.track.temperature,
                "directions": self.directions,
                "window [ps]": self.window,
                "hops": self.hops,
                "blocks": len(self.displacement.blocks),
                **inputs,
            },
            references=REFERENCES,
            note="tracer diffusivity; times the thermodynamic factor it is the chemical one of a cell",
        )
        name = name or f"{self.track.element} tracer diffusivity [m2.s-1]"
        fields = {"temperature": temperature, "interpolation": "log"}
        return PropertyCard.scalar(name, self.value, self.standard_error, origin=origin, **fields)


def self_diffusivity(
    track: Track,
    directions: str = "xyz",
    *,
    blocks: int = 5,
    window: tuple[float, float] | None = None,
    hop_length: float = 2.88,
    least_hops: float = 30.0,
) -> Diffusivity:
    """Fit ``MSD = 2 d D t + constant`` in a window of lags, block by block.

    Parameters
    ----------
    track : Track
        From `read_track`.
    directions : str
        Some of "x", "y", "z": "xy" for motion in the layers, "z" for motion across.
    blocks : int
        Independent parts of the trajectory; value and error are mean and standard error over them.
    window : (float, float), optional
        Lags to fit [ps]; `WINDOW` times half the length of a block where left out.
    hop_length : float
        Distance of neighbouring sites [Angstrom], to count hops; 2.88 is the a axis of layered oxides.
    least_hops : float
        With fewer, `Diffusivity.resolved` is False.

    Raises
    ------
    AtomisticError
        If the trajectory is too short, or the window holds too few lags.
    """
    axes = _axes_of(directions)
    moved = block_displacement(track.places, track.frame_time, blocks)
    low, high = window or (WINDOW[0] * float(moved.time[-1]), WINDOW[1] * float(moved.time[-1]))
    inside = (moved.time >= low) & (moved.time <= high)
    if np.count_nonzero(inside) < 3:
        raise AtomisticError(
            "The window holds too few lags",
            key="window",
            value=f"{low:g} to {high:g} ps",
            allowed=f"three lags or more of 0 to {moved.time[-1]:g} ps",
            fix="run longer, or choose a wider window",
        )
    squares = moved.blocks[:, :, axes].sum(axis=2)
    slopes = np.polyfit(moved.time[inside], squares[:, inside].T, 1)[0] / (2.0 * len(axes))
    found = Estimate.of(slopes)
    hops = 2.0 * len(axes) * found.mean * track.time * track.places.shape[1] / hop_length**2
    return Diffusivity(
        found.mean * A2_PER_PS,
        found.standard_error * A2_PER_PS,
        directions,
        hops,
        least_hops,
        (low, high),
        moved,
        track,
        hop_length,
    )


def _axes_of(directions: str) -> list[int]:
    axes = ["xyz".find(letter) for letter in directions]
    if not axes or -1 in axes or len(set(axes)) < len(axes):
        raise AtomisticError(
            "Directions are some of x, y, z", key="directions", value=directions, allowed="such as xy, z, xyz"
        )
    return axes
