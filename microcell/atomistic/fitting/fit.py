"""Least squares of a potential against observations, with standard errors of its numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeResult, least_squares

from ...errors import AtomisticError
from ..potential import Parameters
from .coordinates import UnrelaxedError
from .free import FreeParameters
from .observations import Observation
from .result import FitResult

Progress = Callable[[int, float], None]
"""Called with the number of evaluations and the best chi-squared so far."""

_SINGULAR = 1e-9
"""Ratio of singular values of the scaled Jacobian below which numbers cannot be told apart."""


def fit(
    free: FreeParameters,
    observations: Sequence[Observation],
    *,
    absolute_sigma: bool = False,
    tolerance: float = 1e-10,
    evaluations: int = 200,
    starts: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
    name: str = "fit",
) -> FitResult:
    """Fit the free numbers of a potential by least squares (trust region, exact Jacobian).

    Parameters
    ----------
    free : FreeParameters
        Which numbers vary, from where and between what.
    observations : sequence of Observation
        What is measured; those with ``fitted=False`` are predicted only.
    absolute_sigma : bool
        Whether standard deviations are those of real errors. Otherwise they are weights, and standard errors
        of the numbers are scaled so that the reduced chi-squared is one, as it is for the misfit of a model.
    tolerance : float
        Relative, of chi-squared and of the numbers.
    evaluations : int
        At most so many per start.
    starts : int
        Further starts are drawn around the first one (a tenth in the logarithm, or in a charge); the best
        result counts. Least squares finds the minimum of its valley only.
    seed : int
        Of the starts.
    progress : callable, optional
        Called after each evaluation.
    name : str
        Of the fitted potential.

    Returns
    -------
    FitResult
        Check ``converged`` and ``at_bounds``.

    Raises
    ------
    AtomisticError
        If there is less data than free numbers, the data say nothing about some number, or a structure falls
        apart at the start.
    """
    problem = _Problem(free, observations, progress)
    began = time.perf_counter()
    found = min((problem.solve(t, tolerance, evaluations) for t in _starts(free, starts, seed)), key=_cost)
    theta = found.x
    residual, jacobian = problem.residual(theta), problem.jacobian(theta)
    low, high = free.bounds
    inside = np.minimum(theta - low, high - theta) > 1e-6 * (high - low)
    chi2 = float(np.sum(residual[: problem.measured] ** 2))
    unit = 1.0 if absolute_sigma else chi2 / problem.degrees_of_freedom
    covariance = unit * _covariance(jacobian, inside, free.names)
    errors = problem.errors(jacobian[:, inside], covariance[np.ix_(inside, inside)])
    slopes = free.slopes(theta)
    covariance[np.ix_(inside, inside)] *= np.outer(slopes[inside], slopes[inside])
    return FitResult(
        potential=free.fitted(theta, name=name, standing="calibrated", incomplete=""),
        names=free.names,
        values=free.values(theta),
        standard_errors=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        chi2=chi2,
        degrees_of_freedom=problem.degrees_of_freedom,
        converged=found.status > 0,
        at_bounds=[name for name, free_inside in zip(free.names, inside, strict=True) if not free_inside],
        table=problem.table(free.parameters(theta), errors),
        statistics={
            "evaluations": problem.evaluations,
            "values": problem.measured,
            "starts": starts,
            "wall_s": time.perf_counter() - began,
            "message": found.message,
        },
    )


def _cost(found: OptimizeResult) -> float:
    return float(found.cost)


def _starts(free: FreeParameters, count: int, seed: int) -> list[np.ndarray]:
    """Return the first guess, and others around it within the bounds."""
    rng, (low, high) = np.random.default_rng(seed), free.bounds
    first = free.start
    others = [first + rng.normal(0.0, 0.1, len(first)) for _ in range(count - 1)]
    return [first, *(np.clip(t, low + 1e-6, high - 1e-6) for t in others)]


def _covariance(jacobian: np.ndarray, inside: np.ndarray, names: list[str]) -> np.ndarray:
    """Return the inverse of J^T J, or say which numbers the data do not determine.

    Numbers on a bound are held there: infinite on the diagonal.
    """
    names = [name for name, free in zip(names, inside, strict=True) if free]
    whole = np.diag(np.where(inside, 0.0, np.inf))
    if not names:
        return whole
    jacobian = jacobian[:, inside]
    sizes = np.linalg.norm(jacobian, axis=0)
    _, singular, vectors = np.linalg.svd(jacobian / np.where(sizes > 0, sizes, 1.0), full_matrices=False)
    if not sizes.all() or singular[-1] < _SINGULAR * singular[0]:
        weights = np.abs(vectors[-1]) if sizes.all() else (sizes == 0).astype(float)
        raise AtomisticError(
            "The data cannot tell these numbers apart",
            key="free",
            value=", ".join(name for name, w in zip(names, weights, strict=True) if w > 0.3),
            fix="hold one of them, tie them together (same_as), give a prior, or add data",
        )
    whole[np.ix_(inside, inside)] = ((vectors.T / singular**2) @ vectors) / np.outer(sizes, sizes)
    return whole


class _Problem:
    """Residuals and their Jacobian, each computed once per vector."""

    def __init__(
        self, free: FreeParameters, observations: Sequence[Observation], progress: Progress | None
    ) -> None:
        self.free, self._show, self.evaluations, self._best = free, progress, 0, np.inf
        self._all = list(observations)
        self._fitted = [o for o in observations if o.fitted]
        self.measured = sum(len(o.measured) for o in self._fitted)
        self._priors = [(n, f) for n, f in enumerate(free.free) if f.expected is not None]
        self._groups = self._offsets()
        self.degrees_of_freedom = self.measured + len(self._priors) - len(free) - len(self._groups)
        self._last: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None = None
        if not len(free) or self.degrees_of_freedom < 1:
            raise AtomisticError(
                "There is less data than free numbers",
                key="observations",
                value=f"{self.measured} values, {len(self._groups)} offsets of energies",
                allowed=f"more than {len(free)} free numbers, and at least one of these",
                fix="free fewer numbers, or add data",
            )

    def _offsets(self) -> list[np.ndarray]:
        """Return the places of the energies that share an offset, group by group."""
        places: dict[str, list[int]] = {}
        at = 0
        for o in self._fitted:
            for n in np.flatnonzero(o.energies):
                places.setdefault(o.group, []).append(at + int(n))
            at += len(o.measured)
        return [np.array(group) for group in places.values()]

    def solve(self, start: np.ndarray, tolerance: float, evaluations: int) -> OptimizeResult:
        """Minimize from a start."""
        try:
            self._evaluate(start, None)
        except UnrelaxedError as error:
            raise AtomisticError(
                f"A structure falls apart at the start of the fit: {error}",
                key="start",
                value=dict(zip(self.free.names, self.free.values(start).round(6).tolist(), strict=True)),
                fix="start from a potential that holds the structures together",
            ) from error
        return least_squares(
            self.residual,
            start,
            jac=self.jacobian,
            bounds=self.free.bounds,
            x_scale="jac",
            xtol=tolerance,
            ftol=tolerance,
            gtol=1e-12,
            max_nfev=evaluations,
        )

    def residual(self, theta: np.ndarray) -> np.ndarray:
        """Return deviations over standard deviations; infinite where a structure falls apart."""
        if self._last is None or not np.array_equal(self._last[0], theta):
            try:
                self._last = (theta.copy(), self._evaluate(theta, None)[0], None)
            except UnrelaxedError:
                return np.full(self.measured + len(self._priors), np.inf)
            self.evaluations += 1
            self._best = min(self._best, float(np.sum(self._last[1] ** 2)))
            if self._show:
                self._show(self.evaluations, self._best)
        return self._last[1]

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        """Return the derivative of the residuals by the vector."""
        if self._last is None or self._last[2] is None or not np.array_equal(self._last[0], theta):
            try:
                residual, jacobian = self._evaluate(theta, self.free.tangents(theta))
            except UnrelaxedError as error:
                raise AtomisticError(f"A structure falls apart during the fit: {error}") from error
            self._last = (theta.copy(), residual, jacobian)
        assert self._last[2] is not None
        return self._last[2]

    def _evaluate(self, theta: np.ndarray, tangents: Parameters | None) -> tuple[np.ndarray, np.ndarray]:
        parameters = self.free.parameters(theta)
        values, slopes = [], []
        for o in self._fitted:
            predicted, slope = o.predict(parameters, tangents)
            values.append((predicted - o.measured) / o.sigma)
            slopes.append(slope / o.sigma[:, None])
        residual, jacobian = np.concatenate(values), np.concatenate(slopes)
        sigma = np.concatenate([o.sigma for o in self._fitted])
        for group in self._groups:
            _remove_offset(residual, jacobian, group, sigma[group])
        for n, f in self._priors:
            distance, spread = _prior(f, theta[n])
            residual = np.append(residual, distance / spread)
            if tangents is not None:
                jacobian = np.vstack([jacobian, np.eye(len(theta))[n] / spread])
        return residual, jacobian

    def errors(self, jacobian: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return the standard errors of all predictions that the numbers bring, in units of the measured."""
        sigma = np.concatenate([o.sigma for o in self._fitted])
        slopes = jacobian[: self.measured] * sigma[:, None]
        return np.sqrt(np.sum((slopes @ covariance) * slopes, axis=1))

    def table(self, parameters: Parameters, errors: np.ndarray) -> pd.DataFrame:
        """Return measured and predicted values, with forces as root mean squares."""
        rows: list[dict[str, Any]] = []
        for o in self._all:
            own = np.full(len(o.measured), np.nan)
            if o.fitted:
                own, errors = errors[: len(own)], errors[len(own) :]
            try:
                predicted = o.predict(parameters)[0]
            except UnrelaxedError:
                predicted = np.full(len(o.measured), np.nan)
            for name in dict.fromkeys(o.names):
                chosen = np.array([n == name for n in o.names])
                rows.append(_row(o, name, chosen, predicted, own))
        return pd.DataFrame(rows)


def _remove_offset(residual: np.ndarray, jacobian: np.ndarray, group: np.ndarray, sigma: np.ndarray) -> None:
    """Take the best offset out of the energies of a group: a projection, since it enters linearly."""
    direction = (1.0 / sigma) / np.linalg.norm(1.0 / sigma)
    residual[group] -= direction * (direction @ residual[group])
    jacobian[group] -= np.outer(direction, direction @ jacobian[group])


def _prior(f: Any, value: float) -> tuple[float, float]:
    """Return distance and spread of a prior as the fit varies the number."""
    return value - float(np.log(f.expected) if f.logarithmic else f.expected), float(f.spread)


def _row(
    o: Observation, name: str, chosen: np.ndarray, predicted: np.ndarray, errors: np.ndarray
) -> dict[str, Any]:
    """Return one line of the table: a value, or root mean squares where a name has many."""
    single = int(chosen.sum()) == 1 and not o.energies[chosen].any()
    off = float("nan") if o.energies[chosen].any() else _rms(predicted[chosen] - o.measured[chosen])
    return {
        "observation": o.label,
        "quantity": name,
        "values": int(chosen.sum()),
        "measured": float(o.measured[chosen][0] if single else _rms(o.measured[chosen])),
        "predicted": float(predicted[chosen][0] if single else _rms(predicted[chosen])),
        "standard_error": _rms(errors[chosen]),
        "rms_deviation": off,
        "sigma": float(o.sigma[chosen][0]),
        "fitted": o.fitted,
    } | {"standing": o.standing, "source": o.source}


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
