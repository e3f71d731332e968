"""Small lattice models without a file."""

from microcell.atomistic.kmc import Model


def entry(value):
    return {"value": value, "standing": "assumed", "source": "a test"}


def toy(lattice="triangular", kind="uniform", barriers=(0.3,), blocked=0.0, **interactions) -> Model:
    """A model with 1 angstrom between sites and 1e13 Hz."""
    energies = {"site_eV": 0.0, **interactions}
    return Model.model_validate(
        {
            "title": "toy",
            "lattice_name": lattice,
            "spacing_m": entry(1e-10),
            "attempt_frequency_Hz": entry(1e13),
            "blocked_fraction": entry(blocked),
            "diffusivity_name": "Active diffusivity [m2.s-1]",
            "potential_name": "Active open-circuit potential [V]",
            "barriers": {"kind": kind, "energies_eV": entry(barriers)},
            "interactions": {key: entry(value) for key, value in energies.items()},
        }
    )
