"""Runs through ASE: Einstein's relation, restarts, breakdowns, and reading back."""

import ase.io
import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk, make_supercell
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from microcell.atomistic.dynamics import RunSettings, read_track, run, self_diffusivity
from microcell.atomistic.dynamics.watch import closest_distance
from microcell.errors import AtomisticError


class Free(Calculator):
    """No forces at all."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": 0.0, "forces": np.zeros((len(self.atoms), 3))}


def grid(element="Li", n=3, spacing=60.0):
    """So far apart that they never meet."""
    places = spacing * np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return Atoms(f"{element}{n**3}", places, cell=[n * spacing] * 3, pbc=True)


def test_einstein_relation(tmp_path):
    """Free particles under friction g: D = k T/(m g), through run, reading and fitting."""
    settings = RunSettings(600.0, 3000, timestep=4.0, ensemble="nvt-langevin", relaxation=50.0, interval=12)
    track = read_track(run(grid(), Free(), settings, tmp_path / "free.traj"))
    found = self_diffusivity(track)
    mass = 6.94 * units._amu
    exact = units._k * 600.0 / mass * 50e-15 * (1 - 1 / 27)  # the drift of all is taken out
    assert abs(found.value - exact) < 4.0 * found.standard_error
    assert found.standard_error < 0.25 * exact
    assert track.temperature == pytest.approx(600.0, rel=0.06)
    assert track.frame_time == pytest.approx(0.048)


def test_solid_does_not_diffuse(tmp_path):
    """Copper at 300 K vibrates; the thermostat holds its temperature; there is no diffusivity."""
    settings = RunSettings(300.0, 300, timestep=5.0, relaxation=50.0, interval=3, equilibration=60, seed=1)
    track = read_track(run(bulk("Cu", cubic=True) * (2, 2, 2), EMT(), settings, tmp_path / "cu.traj"), "Cu")
    assert track.time == pytest.approx(1.2)
    assert track.temperature == pytest.approx(300.0, rel=0.15)
    with pytest.raises(AtomisticError, match="hardly moves"):
        self_diffusivity(track).require()


def test_restart_goes_on_to_the_end(tmp_path):
    """60 steps and 40 more are 11 frames; the second part begins where the first ended."""
    path, atoms = tmp_path / "cu.traj", bulk("Cu", cubic=True)
    run(atoms, EMT(), RunSettings(300.0, 60, interval=10), path)
    before = ase.io.read(path, index=":")
    seen = []
    run(
        atoms,
        EMT(),
        RunSettings(300.0, 100, interval=10),
        path,
        restart=True,
        progress=lambda done, total: seen.append((done, total)),
    )
    after = ase.io.read(path, index=":")
    assert (len(before), len(after)) == (7, 11)
    assert after[6].positions == pytest.approx(before[6].positions)
    assert np.abs(after[7].positions - after[6].positions).max() < 0.5
    assert seen[-1] == (100, 100)
    with pytest.raises(AtomisticError, match="other settings"):
        run(atoms, EMT(), RunSettings(400.0, 100, interval=10), path, restart=True)
    with pytest.raises(AtomisticError, match="other atoms"):
        run(bulk("Au"), EMT(), RunSettings(300.0, 100, interval=10), path, restart=True)


def test_barostat_finds_the_pressure(tmp_path):
    """Strained copper in the barostat relaxes to the volume that EMT wants."""
    atoms = bulk("Cu", cubic=True, a=3.65) * (2, 2, 2)
    settings = RunSettings(
        50.0, 240, timestep=6.0, ensemble="npt", relaxation=100.0, barostat=300.0, interval=5, seed=2
    )
    frames = ase.io.read(run(atoms, EMT(), settings, tmp_path / "npt.traj"), index="24:")
    edge = np.mean([frame.get_volume() for frame in frames]) ** (1 / 3) / 2
    assert edge == pytest.approx(3.60, abs=0.02)


def test_breakdown_is_told(tmp_path):
    """A time step of 60 fs blows copper up; frames until then are kept."""
    path = tmp_path / "bang.traj"
    settings = RunSettings(300.0, 500, timestep=60.0, relaxation=1e6, interval=1)
    with pytest.raises(AtomisticError, match="broke down after"):
        run(bulk("Cu", cubic=True) * (2, 2, 2), EMT(), settings, path)
    assert len(ase.io.read(path, index=":")) >= 1


def test_overlap_is_told(tmp_path):
    """Two atoms that attract each other without repulsion end in an error, not in a diffusivity."""
    atoms = Atoms("Li2", [(0, 0, 0), (1.5, 0, 0)], cell=[9, 9, 9], pbc=True)
    sticky = LennardJones(sigma=0.5, epsilon=30.0, rc=4.0)
    with pytest.raises(AtomisticError, match=r"fallen into each other|too hot"):
        run(atoms, sticky, RunSettings(300.0, 2000, timestep=1.0, interval=1), tmp_path / "stick.traj")


def test_closest_distance_sees_images():
    """In an oblique cell, across its sides: the same as ASE's minimum image; nothing where all are far."""
    atoms = make_supercell(bulk("Mg"), np.diag([2, 2, 2]))
    atoms.rattle(0.02, seed=1)
    place = atoms.positions[0] + 0.3 * np.array([-1.0, -1.0, -0.5]) / 1.5
    atoms.append("Li")
    atoms.positions[-1] = place
    exact = atoms.get_distances(len(atoms) - 1, range(len(atoms) - 1), mic=True).min()
    assert closest_distance(atoms) == pytest.approx(exact)
    assert exact < 0.35
    assert closest_distance(grid()) == np.inf


def test_wrapped_frames_and_drift(tmp_path):
    """Atoms that cross the cell, wrapped into it, in a drifting hexagonal host: the way is continuous."""
    host = make_supercell(bulk("Mg"), np.diag([3, 3, 2]))
    frames, exact = [], []
    for k in range(40):
        atoms = host.copy()
        move = 0.4 * k * atoms.cell[0] / np.linalg.norm(atoms.cell[0])
        atoms.append("Li")
        atoms.positions[-1] = atoms.cell.cartesian_positions([0.5, 0.5, 0.5]) + move
        atoms.translate((0.05 * k, -0.02 * k, 0.3 * k))
        atoms.rotate(30, "x", rotate_cell=True)
        atoms.wrap()
        frames.append(atoms)
        exact.append(0.4 * k)
    path = tmp_path / "drift.extxyz"
    ase.io.write(path, frames)
    track = read_track(path, frame_time=0.1)
    moved = track.places[:, 0] - track.places[0, 0]
    assert moved[:, 0] == pytest.approx(exact, abs=1e-5)
    assert moved[:, 1:] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": -1.0}, "positive"),
        ({"temperature": float("nan")}, "positive"),
        ({"steps": 0}, "positive"),
        ({"ensemble": "nve"}, "not known"),
        ({"equilibration": 100}, "nothing to analyse"),
    ],
)
def test_bad_settings_are_refused(change, words):
    """Before anything runs."""
    with pytest.raises(AtomisticError, match=words):
        RunSettings(**({"temperature": 300.0, "steps": 100} | change))


def test_bad_trajectories_are_refused(tmp_path):
    """Too short, another element, no time, no file, other suffix."""
    path = tmp_path / "short.extxyz"
    ase.io.write(path, [bulk("Cu", cubic=True)] * 5)
    for options, words in (
        ({"frame_time": 0.1, "element": "Cu"}, "too short"),
        ({"frame_time": None, "element": "Cu"}, "time between frames"),
    ):
        with pytest.raises(AtomisticError, match=words):
            read_track(path, **options)
    ase.io.write(path, [bulk("Cu", cubic=True)] * 30)
    with pytest.raises(AtomisticError, match="holds no Li"):
        read_track(path, frame_time=0.1)
    with pytest.raises(AtomisticError, match="cannot be read"):
        read_track(tmp_path / "absent.traj", frame_time=0.1)
    with pytest.raises(AtomisticError, match=r"a file \.traj"):
        run(bulk("Cu"), EMT(), RunSettings(300.0, 10), tmp_path / "run.xyz")
    with pytest.raises(AtomisticError, match="no trajectory to go on"):
        run(bulk("Cu"), EMT(), RunSettings(300.0, 10), tmp_path / "run.traj", restart=True)
