"""Share of the lithium of a rocksalt-type oxide that a network of open tetrahedra connects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microcell.atomistic.estimate import Estimate, require_samples
from microcell.atomistic.percolation.rocksalt import (
    MOST_LITHIUM,
    REFERENCES,
    RocksaltPercolation,
    check_content,
    occupations,
)
from microcell.atomistic.percolation.scaling import Progress
from microcell.errors import AtomisticError
from microcell.parameters.card import Origin, PropertyCard


@dataclass(frozen=True, eq=False)
class AccessibleLithium:
    """Connected lithium of random slabs against the lithium content.

    Attributes
    ----------
    model : RocksaltPercolation
        Mixing and channels.
    size : int
        Primitive cells per edge of the slabs, and between their two free faces.
    contents : float array, shape (n,)
        x of Li_x TM_(2-x) O2.
    spanning : float array, shape (n,)
        Share of the slabs in which lithium connects the two faces.
    percolating, reachable : tuple of Estimate
        For each content, the share of the lithium in clusters that connect the two faces, and in clusters
        that touch at least one. The second depends on the thickness of the slab, the first hardly.
    samples, seed : int
        Slabs per content, and seed of the random numbers.
    """

    model: RocksaltPercolation
    size: int
    contents: np.ndarray
    spanning: np.ndarray
    percolating: tuple[Estimate, ...]
    reachable: tuple[Estimate, ...]
    samples: int
    seed: int

    def uncertainties(self) -> np.ndarray:
        """Return the standard errors (n,) of the percolating share.

        Where all slabs agree on nothing or everything, their scatter says nothing, and one slab in
        ``samples`` is taken.
        """
        errors = np.array([estimate.standard_error for estimate in self.percolating])
        return np.where(errors > 0.0, errors, 1.0 / self.samples)

    def require_percolation(self) -> None:
        """Refuse a result in which lithium connects the faces of no slab.

        Raises
        ------
        AtomisticError
            With the content and with the lithium that is reachable nonetheless.
        """
        if self.spanning.any():
            return
        best, low, high = self.reachable[-1], self.contents[0], self.contents[-1]
        raise AtomisticError(
            "Lithium does not percolate",
            key="x",
            value=f"{low:g}" if low == high else f"{low:g} to {high:g}",
            allowed=f"{self.model.label}: at x = {high:g} of Li_x TM_(2-x) O2 the faces of a slab of "
            f"{self.size} layers reach {100 * best.mean:.2g} ± {100 * best.standard_error:.1g} % "
            "of the lithium",
            fix="raise the lithium content, or let tetrahedra with one metal conduct too",
        )

    def card(self) -> PropertyCard:
        """Return the percolating share against x as a property card.

        Raises
        ------
        AtomisticError
            If lithium percolates at none of the contents.
        """
        self.require_percolation()
        inputs = {
            "mixing": self.model.mixing,
            "metals": self.model.metals,
            "size": self.size,
            "samples": self.samples,
            "seed": self.seed,
        }
        note = "x is that of Li_x TM_(2-x) O2; share of the lithium that a network through the slab connects"
        origin = Origin.of(f"percolation, {self.model.label}", inputs, references=REFERENCES, note=note)
        values = [estimate.mean for estimate in self.percolating]
        name = "Percolating lithium fraction"
        if len(values) == 1:
            valid = {"x": (self.contents[0], self.contents[0])}
            error = self.uncertainties()[0]
            return PropertyCard.scalar(name, values[0], error, origin=origin, validity=valid)
        return PropertyCard.table(name, "x", self.contents, values, self.uncertainties(), origin=origin)

    def rows(self) -> list[dict[str, float]]:
        """Return the numbers as rows of a table, with the occupation of the two kinds of layers."""
        errors = self.uncertainties()
        return [
            {
                "Lithium content x": float(x),
                "Metal fraction on lithium layers": 1.0 - occupations(float(x), self.model.mixing)[0],
                "Fraction of slabs that percolate": float(self.spanning[k]),
                "Percolating lithium fraction": self.percolating[k].mean,
                "Percolating lithium fraction, standard error": float(errors[k]),
                "Percolating lithium per formula unit": float(x) * self.percolating[k].mean,
                "Reachable lithium fraction": self.reachable[k].mean,
                "Reachable lithium fraction, standard error": self.reachable[k].standard_error,
            }
            for k, x in enumerate(self.contents)
        ]

    def figure(self, path: str | Path) -> Path:
        """Draw both shares against the lithium content, as PNG."""
        from microcell.atomistic.percolation.figures import draw_accessible

        return draw_accessible(self, Path(path))


def accessible_lithium(
    model: RocksaltPercolation,
    contents: Sequence[float],
    *,
    size: int = 24,
    samples: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> AccessibleLithium:
    """Sample the connected lithium of slabs with two free faces.

    Parameters
    ----------
    model : RocksaltPercolation
        Mixing and channels.
    contents : sequence of float
        x of Li_x TM_(2-x) O2.
    size : int
        Primitive cells per edge, even.
    samples : int
        Independent slabs per content.
    seed : int
        Of the random numbers.
    progress : callable, optional
        Called with slabs done, all slabs, and a text.

    Raises
    ------
    AtomisticError
        If a content or the size is out of range, or there are fewer than two samples.
    """
    ordered = np.unique(np.asarray(contents, dtype=np.float64))
    for x in ordered:
        check_content(float(x))
    if not len(ordered):
        raise AtomisticError(
            "No lithium content is given", key="x", allowed=f"above 0 and up to {MOST_LITHIUM:g}"
        )
    model.check_size(size)
    require_samples(samples, "samples")
    rng = np.random.default_rng(seed)
    shares = np.empty((len(ordered), samples, 2))
    for k, x in enumerate(ordered):
        for sample in range(samples):
            shares[k, sample] = model.connected(float(x), size, rng)
            if progress is not None:
                progress(k * samples + sample + 1, shares[..., 0].size, f"{model.label}, x = {x:.3g}")
    percolating, reachable = (tuple(Estimate.of(row) for row in shares[..., kind]) for kind in (0, 1))
    spanning = (shares[..., 0] > 0).mean(axis=1)
    return AccessibleLithium(model, int(size), ordered, spanning, percolating, reachable, int(samples), seed)
