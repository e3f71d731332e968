"""Small structures and potentials with which fits are tested; few shapes, so that little is compiled."""

import numpy as np

from microcell.atomistic.fitting import Frame, FreeParameters
from microcell.atomistic.potential import Potential
from microcell.atomistic.structures import rocksalt

PAIR = ["A(Ni2+, O2-)", "rho(Ni2+, O2-)"]
TRUE = {"A(Ni2+, O2-)": 683.5, "rho(Ni2+, O2-)": 0.3332}


def rigid():
    """Lewis & Catlow NiO, with short sums."""
    return Potential.builtin("lewis_catlow_1985").model_copy(update={"cutoff": 5.0})


def shells(scale=1.0):
    """The same with an oxygen shell, all charges times a factor."""
    content = rigid().model_dump()
    content["species"]["O2-"] |= {"shell": -2.86, "spring": 60.0}
    return Potential.checked(content).scaled(scale)


def rattled(seed):
    """Eight atoms of NiO, displaced by about 0.1 A."""
    atoms = rocksalt("NiO")
    atoms.rattle(0.1, seed=seed)
    return atoms


def predictions(potential, seeds=(1, 2), **noise):
    """Frames whose data are the potential's own, as (atoms, energy, forces, stress)."""
    data = []
    for seed in seeds:
        frame = Frame(rattled(seed), potential, energy=0.0, forces=np.zeros((8, 3)), stress=np.zeros(6))
        values = frame.predict(potential.parameters)[0]
        data.append((rattled(seed), values[0], values[1:25].reshape(8, 3), values[25:]))
    return data


def frames(potential, data, **sigmas):
    """Frames for a potential with the data of `predictions`; energies are off by 7 eV."""
    return [
        Frame(atoms, potential, energy=energy + 7.0, forces=forces, stress=stress, **sigmas)
        for atoms, energy, forces, stress in data
    ]


def differences(observation, free, step=1e-4):
    """Derivatives of predictions by central differences, and exactly."""
    theta = free.start
    exact = observation.predict(free.parameters(theta), free.tangents(theta))[1]
    columns = []
    for direction in np.eye(len(free)) * step:
        sides = [observation.predict(free.parameters(theta + s * direction))[0] for s in (1, -1)]
        columns.append((sides[0] - sides[1]) / (2 * step))
    return np.stack(columns, axis=1), exact


def all_of(potential, *names):
    return FreeParameters(potential, list(names))
