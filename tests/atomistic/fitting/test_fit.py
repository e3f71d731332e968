"""Fits that must find what is known: their own potential, the scale of charges, the size of their errors."""

import numpy as np
import pytest

from microcell.atomistic.fitting import (
    Crystal,
    Frame,
    Free,
    FreeParameters,
    figure,
    fit,
    frames_of,
    scan_charge_scale,
)
from microcell.atomistic.structures import rocksalt
from microcell.errors import AtomisticError

from .crystals import PAIR, TRUE, frames, predictions, rigid, shells


@pytest.fixture(scope="module")
def data():
    return predictions(rigid())


@pytest.fixture(scope="module")
def start():
    return FreeParameters(rigid(), PAIR).starting_at({PAIR[0]: 900.0, PAIR[1]: 0.32})


def test_recovers_its_own_potential(data, start, tmp_path):
    """A and rho of NiO to 1e-6 from energies (unknown offset), forces, stresses and the lattice constant."""
    potential = rigid()
    lattice = Crystal(rocksalt("NiO"), potential, {"a": (1.0, 0.01)})
    measured = float(lattice.predict(potential.parameters)[0][0])
    lattice = Crystal(rocksalt("NiO"), potential, {"a": (measured, 0.01)})
    found = fit(start, [*frames(potential, data), lattice])
    assert found.converged
    assert not found.at_bounds
    for name, true in TRUE.items():
        assert found.value(name) == pytest.approx(true, rel=1e-6)
    assert found.table.standard_error.max() < 1e-5
    assert found.reduced_chi2 < 1e-10
    assert found.degrees_of_freedom == 2 * 31 + 1 - 2 - 1
    assert figure(found, tmp_path / "fit.png").stat().st_size > 1000


def test_forces_alone_and_scale(data):
    """The scale of the charges is found with the pair, from forces alone."""
    observations = [Frame(a, rigid(), forces=f) for a, _, f, _ in data]
    free = FreeParameters(rigid(), ["scale", *PAIR]).starting_at({"scale": 0.9, PAIR[0]: 600.0})
    found = fit(free, observations, tolerance=1e-13)
    np.testing.assert_allclose(found.values, [1.0, *TRUE.values()], rtol=1e-5)


def test_standard_errors_are_the_scatter_of_repeats(data, start):
    """40 fits to noisy forces scatter by the standard errors (their spread is known to 11 %), reduced
    chi-squared is one, and errors scaled by it are those of the known noise."""
    rng, sigma = np.random.default_rng(3), 0.02
    values, errors, chi2 = [], [], []
    for _ in range(40):
        noisy = [
            Frame(a, rigid(), forces=f + rng.normal(0, sigma, f.shape), sigma_forces=sigma)
            for a, _, f, _ in data
        ]
        found = fit(start.starting_at(TRUE), noisy, absolute_sigma=True, tolerance=1e-4)
        values.append(found.values)
        errors.append(found.standard_errors)
        chi2.append(found.reduced_chi2)
    scatter, stated = np.std(values, axis=0, ddof=1), np.mean(errors, axis=0)
    np.testing.assert_allclose(scatter, stated, rtol=0.4)
    assert np.all(np.abs(np.mean(values, axis=0) - list(TRUE.values())) < 4 * stated / np.sqrt(40))
    assert np.mean(chi2) == pytest.approx(1.0, abs=4 * np.sqrt(2 / 46 / 40))
    scaled = fit(
        start.starting_at(TRUE),
        [Frame(o.structure.atoms, rigid(), forces=o.measured.reshape(8, 3), sigma_forces=1.0) for o in noisy],
    )
    np.testing.assert_allclose(scaled.standard_errors, errors[-1] * np.sqrt(chi2[-1]), rtol=1e-3)


def test_correlation(data, start):
    """A and rho of one pair compensate each other: strongly anticorrelated."""
    found = fit(start, frames(rigid(), data))
    assert np.diag(found.correlation) == pytest.approx(1.0)
    assert found.correlation[0, 1] < -0.9


def test_chi_squared_over_the_scale(tmp_path):
    """Data of a shell model with charges of 60 %: the scan has its minimum there, at zero with shells."""
    true = shells(0.6)
    data = predictions(true)
    formal = shells()
    with_shells = (FreeParameters(formal, [*PAIR, "shell(O2-)", "spring(O2-)"]), _forces(data, formal))
    without = (FreeParameters(formal.rigid(), PAIR), _forces(data, formal.rigid()))
    seen = []
    scan = scan_charge_scale(
        {"core-shell": with_shells, "rigid": without},
        [0.55, 0.6, 0.65],
        tolerance=1e-6,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (12, 12)
    scale, _ = scan.minimum("core-shell")
    assert scale == pytest.approx(0.6, abs=0.01)
    rows = scan.table.set_index(["model", "scale"]).chi2
    assert rows["core-shell", 0.6] < 1e-10
    assert rows["core-shell", 0.55] > 1e-6
    assert rows["rigid"].min() > 10 * rows["core-shell"].min()
    assert scan.figure(tmp_path / "scan.png", {"known": (0.6, 1e-3)}).stat().st_size > 1000


def _forces(data, potential):
    return [Frame(a, potential, forces=f, stress=s) for a, _, f, s in data]


def test_priors_and_ties(data, start):
    """A strong prior holds a number where the data would have it elsewhere; tied numbers stay equal."""
    held = Free(PAIR[1], expected=0.34, spread=1e-6)
    found = fit(FreeParameters(rigid(), [PAIR[0], held]), frames(rigid(), data))
    assert found.value(PAIR[1]) == pytest.approx(0.34, rel=1e-4)
    assert found.reduced_chi2 > 1e-3
    tied = FreeParameters(rigid(), [Free(PAIR[0], same_as=("A(Mg2+, O2-)",))])
    potential = tied.fitted(np.log([700.0]))
    tied_pairs = [p.A for p in potential.pair if set(p.between) & {"Ni2+", "Mg2+"}]
    np.testing.assert_allclose(tied_pairs, [700.0, 700.0])


def test_bound_is_reported(data):
    """A number that would leave its bounds stops there, is named, and has no finite error."""
    free = FreeParameters(rigid(), [Free(PAIR[0], start=750.0, low=720.0), PAIR[1]])
    found = fit(free, frames(rigid(), data))
    assert found.at_bounds == [PAIR[0]]
    assert np.isinf(found.standard_error(PAIR[0]))
    assert np.isfinite(found.standard_error(PAIR[1]))


def test_trajectory(data):
    """Images of a trajectory carry their results; one without is refused."""
    from ase.calculators.singlepoint import SinglePointCalculator

    images = []
    for atoms, energy, forces, stress in data:
        atoms = atoms.copy()
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces, stress=stress)
        images.append(atoms)
    made = frames_of(images, rigid(), label="run")
    assert [f.label for f in made] == ["run 0", "run 1"]
    np.testing.assert_array_equal(made[1].measured[1:25], data[1][2].ravel())
    images[1].calc = None
    with pytest.raises(AtomisticError, match="image 1"):
        frames_of(images, rigid(), label="run")
    with pytest.raises(AtomisticError, match="no images"):
        frames_of([], rigid())


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (["A(Ni2+,O2-)", "rho(Ni3+, O2-)"], "rho(Ni3+, O2-)"),
        ([PAIR[0], "A(O2-, Ni2+)"], "free twice"),
        (["shell(O2-)"], "shell(O2-)"),
        (["q"], "scale"),
        ([Free(PAIR[0], start=1e9)], "between its bounds"),
        ([Free(PAIR[0], expected=700.0)], "positive spread"),
    ],
)
def test_free_numbers_refused(free, words):
    with pytest.raises(AtomisticError) as caught:
        FreeParameters(rigid(), free)
    assert words in str(caught.value)


def test_data_refused(data):
    atoms, energy, forces, _ = data[0]
    with pytest.raises(AtomisticError, match="neither energy nor forces"):
        Frame(atoms, rigid())
    with pytest.raises(AtomisticError, match="wrong shape"):
        Frame(atoms, rigid(), forces=forces[:4])
    with pytest.raises(AtomisticError, match="finite"):
        Frame(atoms, rigid(), energy=np.nan)
    with pytest.raises(AtomisticError, match="not known"):
        Crystal(atoms, rigid(), {"C17": (1.0, 1.0)})
    only_energy = [Frame(atoms, rigid(), energy=energy)]
    with pytest.raises(AtomisticError, match="less data"):
        fit(FreeParameters(rigid(), PAIR), only_energy)


def test_numbers_that_data_do_not_see(data):
    """No magnesium in NiO: its pair cannot be fitted, and the error names it."""
    free = FreeParameters(rigid(), [*PAIR, "A(Mg2+, O2-)"])
    with pytest.raises(AtomisticError, match="Mg2") as caught:
        fit(free, frames(rigid(), data))
    assert "cannot tell" in str(caught.value)


def test_scan_refused(data):
    model = (FreeParameters(rigid(), PAIR), frames(rigid(), data))
    with pytest.raises(AtomisticError, match="increasing"):
        scan_charge_scale({"rigid": model}, [0.5, 0.4, 0.6])
    with pytest.raises(AtomisticError, match="cannot be free"):
        scan_charge_scale({"rigid": (FreeParameters(rigid(), ["scale"]), model[1])}, [0.5, 0.6, 0.7])
