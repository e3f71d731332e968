"""Tracks with known diffusivity."""

import numpy as np

from microcell.atomistic.dynamics import Track


def track(places, frame_time=0.1) -> Track:
    return Track(np.asarray(places), frame_time, "Li", float("nan"), "test")


def random_walk(rng, frames, atoms, diffusivities, frame_time=0.1) -> Track:
    """Gaussian steps: D [Angstrom^2/ps] per direction."""
    sigma = np.sqrt(2.0 * np.array(diffusivities) * frame_time)
    steps = rng.standard_normal((frames, atoms, 3)) * sigma
    return track(np.cumsum(steps, axis=0), frame_time)


def lattice_walk(rng, frames, atoms, chance, length=2.88, frame_time=0.1):
    """Hops on a square lattice with a chance per frame; returns the track and the number of hops."""
    hop = rng.random((frames, atoms)) < chance
    angle = 0.5 * np.pi * rng.integers(4, size=(frames, atoms))
    steps = length * hop[..., None] * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)
    shake = 0.15 * rng.standard_normal((frames, atoms, 3))
    return track(np.cumsum(steps, axis=0) + shake, frame_time), int(hop.sum())
