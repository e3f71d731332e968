"""Against PyBaMM's DFN at 160 volumes per layer and particle (reference files), on a mesh of 20 x 20 x 40.

The reference's own statement of its mesh error leaves out the last 1 % (nmc811) or 2 % (xu2019) of the time,
where the surface is nearly full and the voltage falls by tens of millivolts per second; so do we. Voltages
are compared step by step from the start of each, as the reference asks for.
"""

import json

import numpy as np
import pytest

from microcell.p2d import Mesh

from .cases import CASES, read_profiles, read_series, voltage_difference

MESH = Mesh(20, 20, 40, grading=2.0)


@pytest.fixture(scope="module", params=CASES)
def solved(request, shared_dir):
    make, experiment = CASES[request.param]
    return shared_dir, request.param, make(MESH).solve(experiment)


@pytest.mark.slow
@pytest.mark.shared
def test_voltage_is_within_half_a_millivolt(solved):
    shared, case, solution = solved
    meta = json.loads((shared / "reference" / f"pybamm_{case}_meta.json").read_text())
    difference = voltage_difference(solution, read_series(shared, case))
    kept = difference[: int(len(difference) * (1 - meta["dV_excludes_last_fraction_of_time"]))]
    assert np.sqrt(np.mean(kept**2)) < 0.5e-3
    assert np.sqrt(np.mean(difference**2)) < 2e-3  # with the last seconds


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("case", CASES)
def test_end_times_agree_to_a_thousandth(shared_dir, case):
    """The aim stated beside the reference files.

    Time steps are tighter than by default: with the current decaying exponentially, the end of a hold moves
    by seconds where the lithium moves by 1e-5; at the default 1e-4 it is up to 0.16 % late.
    """
    make, experiment = CASES[case]
    solution = make(MESH, tolerance=1e-5).solve(experiment)
    series = read_series(shared_dir, case)[:, 0]
    ends = [*series[:-1][np.diff(series) == 0], series[-1]]
    np.testing.assert_allclose([step.end for step in solution.steps], ends, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("c_e_mol_m3", "Electrolyte concentration [mol.m-3]"),
        ("pos_surf_stoich", "Surface stoichiometry"),
    ],
)
def test_profiles_agree_to_half_a_percent(solved, name, ours):
    shared, case, solution = solved
    for time, profile in read_profiles(shared, case, name).items():
        values = solution.at(ours, np.array([time]))[0].reshape(-1)
        x = solution["x [m]"][-len(values) :]
        inside = (profile[:, 0] > x[0]) & (profile[:, 0] < x[-1])
        seen = np.interp(profile[inside, 0], x, values)
        assert inside.sum() > 20
        np.testing.assert_allclose(seen, profile[inside, 1], rtol=5e-3)
