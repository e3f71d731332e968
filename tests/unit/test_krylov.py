"""Krylov methods on pytrees against dense solves, and their result codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array
from jax.flatten_util import ravel_pytree
from microcell_kernels.halo import dot
from microcell_kernels.krylov import BREAKDOWN, CONVERGED, MAX_ITERATIONS, axpy, cg, fgmres, norm

TREE = {"field": jnp.zeros((2, 3, 2)), "terminal": jnp.zeros(())}
N = 13


def tree(values: np.ndarray) -> Any:
    return ravel_pytree(TREE)[1](jnp.asarray(values))


def operator(matrix: np.ndarray) -> Callable[[Any], Any]:
    m = jnp.asarray(matrix)
    return lambda v: ravel_pytree(TREE)[1](m @ ravel_pytree(v)[0])


def flat(v: Any) -> np.ndarray:
    return np.asarray(ravel_pytree(v)[0])


def spd(condition: float = 1e3) -> np.ndarray:
    """Symmetric positive definite with eigenvalues spread evenly in the logarithm."""
    q, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((N, N)))
    return (q * np.logspace(0, np.log10(condition), N)) @ q.T


def nonsymmetric() -> np.ndarray:
    return np.random.default_rng(2).standard_normal((N, N)) + 4 * np.eye(N)


B = np.random.default_rng(3).standard_normal(N)


def test_pytree_algebra() -> None:
    """(1, 2; 3) . (4, 5; 6) = 4 + 10 + 18 = 32, its norm sqrt(14), 2 x + y leaf by leaf; all exact."""
    x, y = (
        {"a": jnp.array([1.0, 2.0]), "b": jnp.array(3.0)},
        {"a": jnp.array([4.0, 5.0]), "b": jnp.array(6.0)},
    )
    assert float(dot(x, y)) == 32.0
    assert float(norm(x)) == np.sqrt(14.0)
    assert flat(axpy(jnp.array(2.0), x, y)).tolist() == [6.0, 9.0, 12.0]


def test_inner_products_of_float32_are_summed_in_float64() -> None:
    """1e8 ones of weight one plus 1e-4: float32 would lose the small part, the wide sum keeps it (1e-12)."""
    a = jnp.array([1e4, 1e-2], jnp.float32)
    assert float(dot(a, a)) == pytest.approx(1e8 + float(jnp.float32(1e-2)) ** 2, rel=1e-15)
    assert dot(a, a).dtype == jnp.float64


@pytest.mark.parametrize("solve", [cg, fgmres])
def test_the_solution_of_a_dense_solve(solve: Callable) -> None:
    """13 unknowns, condition 1e3, residual 1e-12: error below 1e-12 * 1e3, in about as many steps as
    unknowns."""
    result = solve(operator(spd()), tree(B), tolerance=1e-12)
    exact = np.linalg.solve(spd(), B)
    assert int(result.code) == CONVERGED
    assert np.linalg.norm(flat(result.value) - exact) <= 1e-9 * np.linalg.norm(exact)
    assert N - 3 <= int(result.iterations) <= 2 * N
    true = np.linalg.norm(B - spd() @ flat(result.value)) / np.linalg.norm(B)
    assert float(result.residual) == pytest.approx(true, abs=1e-12)


def test_gmres_solves_a_nonsymmetric_system() -> None:
    """Random matrix + 4 I: full GMRES ends within 13 steps; error at the level of the residual 1e-12
    (1e-10)."""
    result = fgmres(operator(nonsymmetric()), tree(B), tolerance=1e-12)
    assert int(result.code) == CONVERGED
    assert int(result.iterations) <= N
    assert np.allclose(flat(result.value), np.linalg.solve(nonsymmetric(), B), rtol=1e-10, atol=1e-10)


def test_gmres_goes_on_after_a_restart() -> None:
    """A basis of 5 for 13 unknowns needs several cycles; the answer is that of the dense solve (1e-8)."""
    result = fgmres(operator(nonsymmetric()), tree(B), tolerance=1e-10, restart=5, max_restarts=40)
    assert int(result.code) == CONVERGED
    assert int(result.iterations) > 5
    assert np.allclose(flat(result.value), np.linalg.solve(nonsymmetric(), B), rtol=1e-8, atol=1e-8)


def test_float32_vectors_give_six_digits() -> None:
    """All vectors in float32 (7 digits), sums and solution in float64: 1e-6 is met by the true residual."""
    m = nonsymmetric()

    def narrow(v: Any) -> Any:
        return ravel_pytree(TREE)[1](jnp.asarray(m @ np.eye(N)) @ ravel_pytree(v)[0].astype(float))

    b = {name: a.astype(jnp.float32) for name, a in tree(B).items()}

    def product(v: Any) -> Any:
        return {name: a.astype(jnp.float32) for name, a in narrow(v).items()}

    result = fgmres(product, b, tolerance=1e-6, restart=5, max_restarts=20, solution_dtype=jnp.float64)
    assert int(result.code) == CONVERGED
    assert result.value["field"].dtype == jnp.float64
    assert np.linalg.norm(B - m @ flat(result.value)) <= 1.5e-6 * np.linalg.norm(B)


@pytest.mark.parametrize("solve", [cg, fgmres])
def test_the_exact_inverse_as_preconditioner_takes_one_step(solve: Callable) -> None:
    """M = A^-1 makes M A the identity: one iteration (residual 1e-10 allows the rounding of condition
    1e3)."""
    result = solve(operator(spd()), tree(B), preconditioner=operator(np.linalg.inv(spd())), tolerance=1e-10)
    assert int(result.code) == CONVERGED
    assert int(result.iterations) == 1


@pytest.mark.parametrize("solve", [cg, fgmres])
def test_a_changing_preconditioner_is_allowed(solve: Callable) -> None:
    """The flexible forms accept M(r) that depends on r; 1e-10 is reached and the answer is the dense one
    (1e-6)."""

    def wobbling(r: Any) -> Any:
        v = ravel_pytree(r)[0]
        return ravel_pytree(TREE)[1](
            v / jnp.diagonal(jnp.asarray(spd(30.0))) * (1 + 0.3 * jnp.sin(jnp.arange(N) + 50 * v[0]))
        )

    result = solve(operator(spd(30.0)), tree(B), preconditioner=wobbling, tolerance=1e-10)
    assert int(result.code) == CONVERGED
    assert np.allclose(flat(result.value), np.linalg.solve(spd(30.0), B), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("solve", [cg, fgmres])
def test_a_zero_right_hand_side_needs_no_step(solve: Callable) -> None:
    """A x = 0 starts at its solution: zero iterations, converged, residual 0 and not NaN."""
    result = solve(operator(spd()), tree(np.zeros(N)))
    assert (int(result.code), int(result.iterations), float(result.residual)) == (CONVERGED, 0, 0.0)
    assert not flat(result.value).any()


def test_cg_reports_that_the_iterations_ran_out() -> None:
    """Three steps on condition 1e3: code, count, and the residual of what it has, which is below that of the
    start."""
    result = cg(operator(spd()), tree(B), tolerance=1e-12, max_iterations=3)
    assert (int(result.code), int(result.iterations)) == (MAX_ITERATIONS, 3)
    true = np.linalg.norm(B - spd() @ flat(result.value)) / np.linalg.norm(B)
    assert float(result.residual) == pytest.approx(true, rel=1e-10)
    assert true > 1e-12


def test_gmres_reports_that_the_iterations_ran_out() -> None:
    """Two cycles of three steps: code, count of 6, and the true residual, which restarted GMRES never lets
    grow."""
    result = fgmres(operator(nonsymmetric()), tree(B), tolerance=1e-12, restart=3, max_restarts=2)
    assert (int(result.code), int(result.iterations)) == (MAX_ITERATIONS, 6)
    true = np.linalg.norm(B - nonsymmetric() @ flat(result.value)) / np.linalg.norm(B)
    assert float(result.residual) == pytest.approx(true, rel=1e-10)
    assert 1e-12 < true < 1


def test_cg_breaks_down_on_an_indefinite_operator() -> None:
    """diag(1, -1, 1, ...) with b = 1: the first direction has p A p = 7 - 6 = 1 > 0, the second a negative
    one."""
    result = cg(operator(np.diag([(-1.0) ** k for k in range(N)]) * 1.0), tree(np.ones(N)))
    assert int(result.code) == BREAKDOWN
    assert np.all(np.isfinite(flat(result.value)))


@pytest.mark.parametrize("solve", [cg, fgmres])
def test_not_a_number_is_a_breakdown(solve: Callable) -> None:
    """An operator that returns NaN ends at once with the code, not with a solution."""

    def broken(v: Any) -> Any:
        return {"field": v["field"] * jnp.nan, "terminal": v["terminal"]}

    result = solve(broken, tree(B))
    assert int(result.code) == BREAKDOWN
    assert int(result.iterations) <= 1


def test_a_singular_but_consistent_system_converges() -> None:
    """The Laplacian of a ring with a right-hand side of zero sum: solvable up to a constant (1e-9)."""
    ring = 2 * np.eye(N) - np.roll(np.eye(N), 1, 0) - np.roll(np.eye(N), -1, 0)
    b = B - B.mean()
    result = cg(operator(ring), tree(b), tolerance=1e-11)
    assert int(result.code) == CONVERGED
    assert np.allclose(ring @ flat(result.value), b, atol=1e-10)


def test_gmres_cannot_solve_what_has_no_solution() -> None:
    """A = 0: no direction lowers the residual; the code says so and nothing is NaN."""
    result = fgmres(operator(np.zeros((N, N))), tree(B))
    assert int(result.code) != CONVERGED
    assert float(result.residual) == 1.0
    assert np.all(np.isfinite(flat(result.value)))


def test_gmres_ends_early_on_an_eigenvector() -> None:
    """b is an eigenvector: the Krylov space has one dimension, one step solves (the zero next column is no
    error)."""
    b: Array = jnp.zeros(N).at[2].set(1.0)
    result = fgmres(operator(np.diag(np.arange(1.0, N + 1))), tree(np.asarray(b)), tolerance=1e-14)
    assert (int(result.code), int(result.iterations)) == (CONVERGED, 1)
    assert flat(result.value)[2] == pytest.approx(1 / 3, rel=1e-14)
