"""Worker processes: the same numbers, errors that come through, and an end whatever happens."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from microcell.errors import ParameterError, SolverError
from microcell.p2d import SPM, Mesh, workers
from microcell.p2d.batch import close_workers, solve_batch
from microcell.p2d.worker import answer
from microcell.protocol import Experiment

from .cases import nmc

PROTOCOL = Experiment(["Charge at 1C for 60 s"], initial="x = 0.6")
DIFFUSIVITY = "Active diffusivity [m2.s-1]"
BASE = nmc(Mesh(2, 2, 4), SPM, rows=40)
MODELS = [replace(BASE, parameters=BASE.parameters.set(DIFFUSIVITY, d)) for d in (2e-15, 3e-15, 5e-15)]


@pytest.fixture(scope="module", autouse=True)
def _ended():
    yield
    close_workers()


def solve(models=MODELS, count=2):
    return solve_batch(models, PROTOCOL, workers=count, chunk=1)


def pids() -> set[int]:
    return {worker._process.pid for worker in workers._idle}


def test_the_numbers_are_those_of_one_process():
    for one, other in zip(solve(count=1), solve(), strict=True):
        assert one.reasons == other.reasons
        assert len(one["Time [s]"]) > 5
        for name, values in one.values.items():
            np.testing.assert_array_equal(other[name], values)


def ended(kept: set[int]) -> bool:
    """Whether none of the processes is there any more."""
    for pid in kept:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    return len(kept) > 0


def test_processes_are_kept():
    solve()
    kept = pids()
    assert len(kept) == 2
    solve()
    assert pids() == kept


def test_an_interruption_ends_them(monkeypatch):
    solve()
    kept = pids()

    def interrupted(packed):
        raise KeyboardInterrupt

    monkeypatch.setattr(workers._idle[0], "solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        solve()
    assert ended(kept)
    assert not pids()


def test_an_error_in_a_process_comes_through():
    other = replace(MODELS[0], mesh=Mesh(2, 3, 4))
    with pytest.raises(ParameterError, match="cell 1") as caught:
        solve_batch([MODELS[0], other], PROTOCOL, workers=2, chunk=2)
    assert "solve_chunk" in caught.value.__notes__[0]
    assert not pids()


def test_a_process_that_dies_is_an_error_and_the_next_batch_goes_on():
    solve(MODELS[:1])
    workers._idle[0]._process.kill()
    with pytest.raises(SolverError, match="exit code -9"):
        solve(MODELS[:1])
    assert not solve(MODELS[:1])[0].failed
    kept = pids()
    close_workers()
    assert ended(kept)


def test_what_another_process_cannot_have_is_named():
    laws = BASE.parameters.set(DIFFUSIVITY, lambda x, T: 3e-15 + 0.0 * x)
    with pytest.raises(ParameterError, match="lambda"):
        solve([replace(BASE, parameters=laws)] * 2)
    unknown = answer(b"cno_such_module\nThing\n.")
    assert isinstance(unknown, ParameterError)
    assert "no_such_module" in str(unknown)
    assert "workers=1" in str(pickle.loads(pickle.dumps(unknown)))


@pytest.mark.parametrize("key", ["workers", "chunk"])
def test_counts_are_positive(key):
    with pytest.raises(ParameterError, match=key):
        solve_batch(MODELS, PROTOCOL, **{key: 0})


SCRIPT = """
from tests.p2d.test_workers import MODELS, solve
print("the script runs")
print(len(solve(MODELS[:1])), "cell")
"""


@pytest.mark.slow
def test_a_script_needs_no_guard(tmp_path):
    """The processes do not run the script again; they end with it."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    root = Path(__file__).parents[2]
    cache = {"JAX_COMPILATION_CACHE_DIR": jax.config.jax_compilation_cache_dir or ""}
    done = subprocess.run(
        [sys.executable, path],
        env={**os.environ, **cache, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert done.stdout.splitlines() == ["the script runs", "1 cell"]
