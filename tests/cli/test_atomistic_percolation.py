"""``microcell atomistic percolation``, ``channels`` and ``blocking``: files, numbers, refused options."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from cli_inputs import Outcome

from microcell.atomistic.channels import sites_of_length, unblocked_fraction
from microcell.parameters import PropertyCard

Call = Callable[..., Outcome]


def test_percolation_of_rocksalt(call: Call, tmp_path: Path) -> None:
    options = ["--sizes", "4,6,8", "--samples", "10", "--slab", "8", "--slabs", "3", "-x", "1.2", "-x", "1.5"]
    shown = call("atomistic", "percolation", *options, "--out", str(tmp_path))
    assert shown.code == 0, shown.err
    accessible = PropertyCard.read(tmp_path / "accessible.json")
    assert accessible.points == (1.2, 1.5)
    assert PropertyCard.read(tmp_path / "threshold.json").uncertainty[0] > 0
    assert len(pd.read_csv(tmp_path / "accessible.csv")) == 2
    assert {"accessible.png", "threshold.png"} <= {path.name for path in tmp_path.iterdir()}


def test_percolation_of_a_lattice(call: Call, tmp_path: Path) -> None:
    options = ["--lattice", "square", "--kind", "bond", "--sizes", "8,12,16", "--samples", "20"]
    shown = call("atomistic", "percolation", *options, "--out", str(tmp_path))
    assert shown.code == 0, shown.err
    assert PropertyCard.read(tmp_path / "threshold.json").value == pytest.approx(0.5, abs=0.1)
    assert not (tmp_path / "accessible.json").exists()


def test_channels(call: Call, tmp_path: Path) -> None:
    options = ["--length", "50 nm", "--defects", "0.02", "--samples", "2000"]
    shown = call("atomistic", "channels", *options, "--out", str(tmp_path))
    assert shown.code == 0, shown.err
    n = sites_of_length(50e-9)
    row = pd.read_csv(tmp_path / "channels.csv").iloc[0]
    assert row["Unblocked capacity fraction"] == pytest.approx(unblocked_fraction(n, 0.02))
    card = PropertyCard.read(tmp_path / f"channels-{n}-0.02.json")
    assert abs(card.value - unblocked_fraction(n, 0.02)) < 4 * card.uncertainty[0]


def test_blocking(call: Call, tmp_path: Path) -> None:
    options = ["--layers", "3", "--width", "4", "--samples", "2", "-f", "0.85", "--barrier", "0.16 eV"]
    shown = call("atomistic", "blocking", *options, "--out", str(tmp_path))
    assert shown.code == 0, shown.err
    card = PropertyCard.read(tmp_path / "rocksalt-0.85.json")
    assert card.origin.inputs["barrier difference [eV]"] == 0.16
    table = pd.read_csv(tmp_path / "blocking.csv")
    assert table["Lithium diffusivity [m2.s-1]"].iloc[0] == pytest.approx(3.2e-15)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["percolation", "-x", "0.5", "--slabs", "2", "--slab", "12"], "does not percolate"),
        (["percolation", "--sizes", "8,many"], "--sizes"),
        (["percolation", "--lattice", "fc", "--samples", "10"], "lattice"),
        (["percolation", "--lattice", "fcc", "--kind", "face"], "--kind"),
        (["percolation", "--mixing", "2"], "mixing"),
        (["percolation", "-x", "2.5"], "lithium content"),
        (["channels", "--defects", "1.5"], "defect fraction"),
        (["channels", "--sites", "0"], "from 1 on"),
        (["channels", "--sites", "5", "--length", "10 nm"], "contradict"),
        (["channels", "--length", "5 V"], "--length"),
        (["channels", "--material", "NMC"], "material"),
        (["blocking", "-f", "1.5"], "transformed fraction"),
        (["blocking", "--disorder", "stripes"], "disorder"),
        (["blocking", "--temperature", "-3"], "temperature"),
    ],
)
def test_refused(call: Call, tmp_path: Path, options: list[str], words: str) -> None:
    shown = call("atomistic", *options, "--out", str(tmp_path / "out"))
    assert shown.code == 2
    assert words in shown.err
