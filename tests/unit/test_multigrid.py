"""The multigrid hierarchy: its operator as a matrix, and the cycle as a preconditioner."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from graph_media import dense, flat, random_operator, stack, two_phases
from microcell_kernels.grid_operator import GridOperator, Stacked
from microcell_kernels.krylov import CONVERGED, KrylovResult, cg
from microcell_kernels.multigrid import Hierarchy, Values

SHAPE = (2, 3, 2, 4)


@pytest.mark.parametrize("free", [0.0, 1.0])
def test_apply_is_the_assembled_matrix(free: float) -> None:
    """48 cells of two fields + terminal, links, grounds: all 49 columns against the matrix assembled by hand
    (1e-14)."""
    operator = random_operator(SHAPE, free=free)
    columns = jax.vmap(lambda e: jnp.append(*_pair(operator.apply(Stacked(e[:-1].reshape(SHAPE), e[-1])))))(
        jnp.eye(49)
    )
    assert np.allclose(np.asarray(columns).T, dense(operator), rtol=0, atol=1e-14)
    assert np.allclose(flat(operator.diagonal()), np.diag(dense(operator)), rtol=1e-14)


def _pair(x: Stacked) -> tuple[jax.Array, jax.Array]:
    return x.fields.ravel(), x.terminal


@pytest.mark.parametrize("free", [0.0, 1.0])
def test_the_operator_is_symmetric(free: float) -> None:
    """x A y = y A x for random vectors (1e-13); a held terminal is out of both."""
    operator, rng = random_operator(SHAPE, free=free), np.random.default_rng(5)
    x, y = rng.standard_normal((2, 49))
    if free == 0:
        x[-1] = y[-1] = 0.0
    one, other = y @ flat(operator.apply(stack(x, operator))), x @ flat(operator.apply(stack(y, operator)))
    assert one == pytest.approx(other, rel=1e-13)


def test_without_grounds_a_constant_passes_no_current() -> None:
    """Potentials all equal, terminal included: rows are zero but for the grounds, which are taken out here
    (1e-15)."""
    operator = random_operator(SHAPE, free=1.0)
    bare = GridOperator(**(vars(operator) | {"ground": jnp.zeros(SHAPE), "terminal_ground": jnp.zeros(())}))
    assert np.all(flat(bare.apply(stack(np.ones(49), bare))) == 0.0)


def test_cells_that_take_no_part_have_a_diagonal_of_one() -> None:
    """No conductance, no ground: the diagonal says 1, so that smoothers never divide by zero."""
    operator = random_operator(SHAPE, free=0.0)
    dead = jax.tree.map(jnp.zeros_like, operator)
    assert np.all(flat(dead.diagonal()) == 1.0)


@partial(jax.jit, static_argnames="single")
def precondition(
    hierarchy: Hierarchy, operator: GridOperator, b: jax.Array, *, single: bool = False
) -> KrylovResult:
    """CG to 1e-8 with one cycle as preconditioner, in float32 where asked."""
    cast = jnp.float32 if single else jnp.float64
    values: Values = hierarchy.refresh(
        jax.tree.map(lambda a: a.astype(cast) if a.dtype == jnp.float64 else a, operator)
    )

    def cycle(r: Stacked) -> Stacked:
        scale = jnp.max(jnp.abs(r.fields))
        z = hierarchy.cycle(values, Stacked((r.fields / scale).astype(cast), r.terminal.astype(cast)))
        return Stacked(z.fields.astype(jnp.float64) * scale, z.terminal.astype(jnp.float64))

    return cg(
        operator.apply, Stacked(b, jnp.zeros(())), preconditioner=cycle, tolerance=1e-8, max_iterations=100
    )


@pytest.mark.parametrize(
    ("contrast", "blur", "single"),
    [(1.0, 0.0, False), (1e3, 0.0, True), (1e3, 1.5, False), (1e5, 1.5, False), (1e5, 1.5, True)],
)
def test_the_cycle_preconditions_two_phase_media(contrast: float, blur: float, single: bool) -> None:
    """16^3 cells, half of them 1, 1e3 or 1e5 times as conductive, held at one side, random right-hand side.

    Phases are single cells (blur 0) or grains of a few cells. CG must reach 1e-8 within 30 iterations, which
    a cycle does that contracts by 0.5 (2^-27 = 1e-8); the diagonal alone needs hundreds. The true residual is
    checked.
    """
    operator = two_phases(16, contrast, blur)
    hierarchy = Hierarchy.build(operator, np.ones(operator.ground.shape, bool), coarsest=40)
    b = jnp.asarray(np.random.default_rng(7).standard_normal(operator.ground.shape))
    result = precondition(hierarchy, operator, b, single=single)
    assert int(result.code) == CONVERGED
    assert int(result.iterations) <= 30
    residual = b - operator.apply(result.value).fields
    assert float(jnp.linalg.norm(residual.ravel())) <= 1.1e-8 * float(jnp.linalg.norm(b.ravel()))


def test_without_the_cycle_it_would_take_many_more() -> None:
    """The same medium, contrast 1e3, with the diagonal alone: not within 100 iterations, so the test above
    means something."""
    operator = two_phases(16, 1e3, 1.5)
    b = Stacked(jnp.asarray(np.random.default_rng(7).standard_normal(operator.ground.shape)), jnp.zeros(()))
    d = operator.diagonal()
    result = cg(
        operator.apply,
        b,
        preconditioner=lambda r: Stacked(r.fields / d.fields, r.terminal),
        max_iterations=100,
    )
    assert int(result.code) != CONVERGED


@pytest.mark.parametrize("free", [0.0, 1.0])
def test_two_fields_links_and_terminal_are_solved(free: float) -> None:
    """An 8x8x8 stack of two fields, 60 links, terminal free or held: CG with the cycle gives the dense
    solution (1e-6)."""
    shape = (2, 8, 8, 8)
    operator = random_operator(shape, free=free, links=60, seed=2)
    hierarchy = Hierarchy.build(operator, np.ones(shape, bool), coarsest=30)
    values = hierarchy.refresh(operator)
    b = np.random.default_rng(8).standard_normal(1025)
    b[-1] *= free
    result = jax.jit(lambda b: cg(operator.apply, b, preconditioner=lambda r: hierarchy.cycle(values, r)))(
        stack(b, operator)
    )
    assert int(result.code) == CONVERGED
    assert int(result.iterations) <= 20
    assert np.allclose(flat(result.value), np.linalg.solve(dense(operator), b), rtol=1e-6, atol=1e-7)


def test_sizes_are_those_of_the_levels() -> None:
    """8^3 uniform cells: 64 and 8 coarse nodes down to at most 40."""
    operator = two_phases(8, 1.0, 0.0)
    assert Hierarchy.build(operator, np.ones((1, 8, 8, 8), bool), coarsest=40).sizes() == [64, 8]
