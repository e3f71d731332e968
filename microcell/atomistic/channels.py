"""One-dimensional lithium channels with immobile defects: how much capacity stays reachable.

In an olivine lithium moves along [010] channels only, and an antisite defect (a metal on a lithium site)
blocks its channel. A channel that is open at both ends gives the lithium before its first and after its last
defect; what lies between two defects is lost. Lithium fractions are counted per site of the channel, so a
site that holds a defect counts as lost as well. Defects are independent of one another.

References
----------
Malik, Burch, Bazant, Ceder, Nano Letters 10 (2010) 4123, doi 10.1021/nl1023595.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from microcell.atomistic.estimate import Estimate, require_samples
from microcell.atomistic.packaged import read_packaged
from microcell.errors import AtomisticError, did_you_mean
from microcell.parameters.card import Origin, PropertyCard

REFERENCE = "Malik, Burch, Bazant, Ceder 2010, doi 10.1021/nl1023595"

_AT_ONCE = 4_000_000
"""Random numbers drawn at once: bounds the memory of a sample of long channels."""

Progress = Callable[[int, int, str], None]
"""Called with the part done, the whole, and what is being done."""


def unblocked_fraction(sites: int, defect_fraction: float) -> float:
    """Return the exact mean unblocked share of a channel of ``sites`` sites.

    With q = 1 - d, the k-th site from one end is reachable from that end if it and those before it hold no
    defect, which has probability q^k. Both ends together, less the free channels that are counted twice::

        f = 2 q (1 - q^N) / (N d) - q^N

    Parameters
    ----------
    sites : int
        Number of lithium sites N of the channel, 1 or more.
    defect_fraction : float
        Probability d that a site holds a defect, 0 to 1.

    Raises
    ------
    AtomisticError
        If a number is out of range.

    Examples
    --------
    >>> round(unblocked_fraction(100, 0.01), 8)
    0.88922362
    """
    n, d = _checked_sites(sites), _checked_fraction(defect_fraction)
    if d in (0.0, 1.0):
        return 1.0 - d
    log_free = n * np.log1p(-d)  # of the probability that the channel holds no defect
    return float(-2.0 * (1.0 - d) * np.expm1(log_free) / (n * d) - np.exp(log_free))


def unblocked_fraction_continuum(defects: float) -> float:
    """Return the exact mean unblocked share of a continuous channel.

    The number of defects is Poisson distributed with mean mu: ``f = 2 (1 - exp(-mu)) / mu - exp(-mu)``, the
    limit of `unblocked_fraction` for many sites and few defects.

    Parameters
    ----------
    defects : float
        Mean number of defects per channel mu, 0 or more.

    Raises
    ------
    AtomisticError
        If the number is negative or not finite.
    """
    mu = _checked_defects(defects)
    return 1.0 if mu == 0.0 else float(-2.0 * np.expm1(-mu) / mu - np.exp(-mu))


def sample_channels(
    sites: int,
    defect_fraction: float,
    *,
    channels: int = 20_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """Sample the unblocked share by placing defects on the sites of many channels.

    Parameters
    ----------
    sites, defect_fraction
        See `unblocked_fraction`.
    channels : int
        Number of independent channels.
    seed : int
        Of the random numbers.
    progress : callable, optional
        Called with channels done, all channels, and a text.

    Returns
    -------
    Estimate
        Mean over the channels and its standard error.

    Raises
    ------
    AtomisticError
        If a number is out of range, or no sampled channel lost lithium although some would: the mean then has
        no error bar.
    """
    n, d = _checked_sites(sites), _checked_fraction(defect_fraction)
    rng = np.random.default_rng(seed)
    shares, done = [], 0
    for count in _portions(channels, n):
        blocked = rng.random((count, n)) < d
        lost = n - np.argmax(blocked, axis=1) - np.argmax(blocked[:, ::-1], axis=1)
        shares.append(1.0 - np.where(blocked.any(axis=1), lost, 0) / n)
        done += count
        if progress is not None:
            progress(done, channels, f"channels of {n} sites")
    return _sampled(np.concatenate(shares), expects_defects=d > 0.0)


def sample_continuum(defects: float, *, channels: int = 20_000, seed: int = 0) -> Estimate:
    """Sample the unblocked share of continuous channels with Poisson distributed defects.

    Parameters
    ----------
    defects : float
        Mean number of defects per channel, see `unblocked_fraction_continuum`.
    channels, seed
        See `sample_channels`.

    Raises
    ------
    AtomisticError
        As `sample_channels`.
    """
    mu = _checked_defects(defects)
    rng = np.random.default_rng(seed)
    shares = []
    for count in _portions(channels, max(1, int(mu))):
        numbers = rng.poisson(mu, count)
        owner = np.repeat(np.arange(count), numbers)
        places = rng.random(len(owner))
        first, last = np.ones(count), np.zeros(count)
        np.minimum.at(first, owner, places)
        np.maximum.at(last, owner, places)
        shares.append(1.0 - np.maximum(last - first, 0.0))
    return _sampled(np.concatenate(shares), expects_defects=mu > 0.0)


def unblocked_card(sites: int, defect_fraction: float, sampled: Estimate | None = None) -> PropertyCard:
    """Return the unblocked share as a property card: exact, or sampled with its standard error.

    Parameters
    ----------
    sites, defect_fraction
        See `unblocked_fraction`.
    sampled : Estimate, optional
        What `sample_channels` returned; the exact value, without an error, where left out.
    """
    exact = unblocked_fraction(sites, defect_fraction)
    inputs: dict[str, Any] = {"sites": sites, "defect fraction": defect_fraction, "exact value": exact}
    value, error = exact, 0.0
    if sampled is not None:
        value, error = sampled.mean, sampled.standard_error
        inputs["channels"] = sampled.samples
    note = "share of the lithium sites; independent defects, channel open at both ends"
    how = "exact" if sampled is None else "sampled"
    origin = Origin.of(f"one-dimensional channels, {how}", inputs, references=(REFERENCE,), note=note)
    return PropertyCard.scalar("Unblocked capacity fraction", value, error, origin=origin)


def site_spacing(material: str = "LiFePO4") -> float:
    """Return the distance of lithium sites along the channels of a material [m].

    Raises
    ------
    AtomisticError
        If the material is not listed in ``data/channels.toml``.
    """
    known = _materials()
    if material not in known:
        raise AtomisticError(
            "No channel of this material is known",
            key="material",
            value=repr(material),
            allowed=", ".join(known),
            fix=f"{did_you_mean(material, known)}; or give the number of sites",
        )
    return float(known[material]["site_spacing_m"])


def sites_of_length(length: float, material: str = "LiFePO4") -> int:
    """Return the number of lithium sites of a channel of a length [m].

    Raises
    ------
    AtomisticError
        If the material is not listed in ``data/channels.toml``, or the length holds no whole site.
    """
    return _checked_sites(round(length / site_spacing(material)))


def _materials() -> dict[str, dict[str, Any]]:
    """Return the crystal data by material."""
    return read_packaged("microcell.atomistic", "channels.toml")


def curve(sites: Sequence[int], fractions: Sequence[float]) -> np.ndarray:
    """Return the exact unblocked share, shape (lengths, defect fractions)."""
    return np.array([[unblocked_fraction(n, d) for d in fractions] for n in sites])


def _portions(channels: int, width: int) -> Iterator[int]:
    """Split a number of channels so that a portion times a width stays within memory."""
    left, most = require_samples(channels, "channels"), max(1, _AT_ONCE // width)
    while left > 0:
        yield min(left, most)
        left -= most


def _sampled(shares: np.ndarray, expects_defects: bool) -> Estimate:
    """Return the estimate, or refuse one whose defects have blocked nothing."""
    if expects_defects and (shares == 1.0).all():
        raise AtomisticError(
            "None of the sampled channels lost lithium, so the mean has no error bar",
            key="channels",
            value=len(shares),
            fix="sample more channels, or use the exact formula",
        )
    return Estimate.of(shares)


def _checked_sites(sites: int) -> int:
    if not np.isfinite(sites) or int(sites) != sites or sites < 1:
        raise AtomisticError(
            "The channel has no such length", key="sites", value=sites, allowed="a whole number from 1 on"
        )
    return int(sites)


def _checked_fraction(fraction: float) -> float:
    if not 0.0 <= fraction <= 1.0:
        raise AtomisticError(
            "The defect fraction is out of range",
            key="defect fraction",
            value=fraction,
            allowed="0 to 1 (0.01 means one site in a hundred)",
        )
    return float(fraction)


def _checked_defects(defects: float) -> float:
    if not (np.isfinite(defects) and defects >= 0.0):
        raise AtomisticError(
            "The mean number of defects per channel is out of range",
            key="defects",
            value=defects,
            allowed="0 or more",
        )
    return float(defects)
