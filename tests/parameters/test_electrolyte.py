"""Electrolyte laws against numbers of their sources."""

import json

import numpy as np
import pytest

from microcell.parameters import ParameterSet
from microcell.parameters.setting import ELECTROLYTE_PARAMETERS


def properties(electrolyte, c, T=298.15):
    """Return kappa, D, t_plus, thermodynamic factor."""
    params = ParameterSet.builtin().with_electrolyte(electrolyte)
    return [float(params.law(name)(c, T)) for name in ELECTROLYTE_PARAMETERS]


# Landesfeind and Gasteiger 2019 at 298.15 K, from an independent evaluation of the published fits.
@pytest.mark.parametrize(
    ("electrolyte", "c", "expected"),
    [
        ("landesfeind2019_ec_emc", 1000, (0.91302, 2.8922e-10, 0.22091, 2.1818)),
        ("landesfeind2019_ec_emc", 2000, (0.593940, 1.550578e-10, 0.105719, 3.849901)),
        ("landesfeind2019_ec_dmc", 1000, (1.181874, 2.904957e-10, 0.325028, 2.201131)),
        ("landesfeind2019_emc_fec", 2000, (0.574367, 1.649879e-10, -0.006267, 3.211168)),
    ],
)
def test_landesfeind(electrolyte, c, expected):
    assert properties(electrolyte, c) == pytest.approx(expected, rel=1e-4)


def test_nyman_and_valoen_at_one_molar():
    """Sums of the published coefficients by hand: 0.1297 - 2.51 + 3.329; 8.794 - 39.72 + 48.62."""
    assert properties("nyman2008", 1000) == pytest.approx((0.9487, 17.694e-11, 0.2594, 1.0), rel=1e-12)
    conductivity = (
        0.1
        * (
            (-10.5 + 0.0740 * 298.15 - 6.96e-5 * 298.15**2)
            + (0.668 - 0.0178 * 298.15 + 2.80e-5 * 298.15**2)
            + (0.494 - 8.86e-4 * 298.15)
        )
        ** 2
    )
    diffusivity = 1e-4 * 10 ** (-4.43 - 54 / (298.15 - 229 - 5) - 0.22)
    assert properties("valoen2005", 1000) == pytest.approx((conductivity, diffusivity, 0.38, 1.0), rel=1e-12)


@pytest.mark.parametrize("electrolyte", ParameterSet.electrolyte_names())
@pytest.mark.parametrize("T", [263.15, 298.15, 323.15])
def test_transport_stays_positive_wherever_the_solver_may_look(electrolyte, T):
    params = ParameterSet.builtin().with_electrolyte(electrolyte)
    c = np.concatenate([[-1e9, 0.0], np.linspace(1, 4000, 400), [1e9]])
    for name in ELECTROLYTE_PARAMETERS[:2]:
        assert np.all(np.asarray(params.law(name)(c, T)) > 0)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("electrolyte", "label"),
    [
        ("landesfeind2019_ec_emc", "EC:EMC 3:7 w:w LiPF6"),
        ("landesfeind2019_ec_dmc", "EC:DMC 1:1 w:w LiPF6"),
        ("landesfeind2019_emc_fec", "EMC:FEC 19:1 w:w LiPF6"),
    ],
)
def test_landesfeind_check_values(shared_dir, electrolyte, label):
    reference = json.loads((shared_dir / "reference" / "landesfeind2019.json").read_text())
    for molar, values in reference["check_values_298.15K"][label].items():
        assert properties(electrolyte, 1000 * float(molar)) == pytest.approx(tuple(values.values()), rel=1e-7)
