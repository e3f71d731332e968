"""What the image doctor found: a text table, a dictionary for JSON, and an exit code."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from .lengths import format_length

HEALTHY, WARNINGS, UNUSABLE = 0, 1, 2

BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Inspection:
    """The result of `inspect`.

    Attributes
    ----------
    facts : dict
        Measured values in SI units, nested by topic, ready for JSON.
    warnings : list of str
        What limits how far results can be trusted, each with what to do.
    errors : list of str
        What makes a simulation impossible.
    """

    facts: dict[str, Any] = field(repr=False)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 warnings, 2 unusable."""
        return UNUSABLE if self.errors else WARNINGS if self.warnings else HEALTHY

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for ``json.dumps``."""
        return {
            "facts": self.facts,
            "warnings": list(self.warnings),
            "errors": list(self.errors),
            "exit_code": self.exit_code,
        }

    def __str__(self) -> str:
        """Render the text table."""
        table = Table(title="Image doctor", title_justify="left", show_header=False, min_width=60)
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for topic in (_volume_rows, _phase_rows, _network_rows, _particle_rows, _cost_rows):
            for name, text in topic(self.facts):
                table.add_row(name, text)
            table.add_section()
        stream = io.StringIO()
        console = Console(
            file=stream, width=110, highlight=False, markup=False, force_terminal=False, color_system=None
        )
        console.print(table)
        for label, messages in (("ERROR", self.errors), ("WARNING", self.warnings)):
            for message in messages:
                console.print(f"{label}: {message}")
        verdict = {HEALTHY: "healthy", WARNINGS: "usable, with warnings", UNUSABLE: "unusable"}[
            self.exit_code
        ]
        console.print(f"Verdict: {verdict}")
        return stream.getvalue()


Rows = list[tuple[str, str]]


def _volume_rows(facts: dict[str, Any]) -> Rows:
    volume = facts["volume"]
    return [
        ("Source", volume["source"]),
        ("Voxels (z, y, x)", " x ".join(map(str, volume["shape"])) + f" = {volume['voxels']:,}"),
        ("Voxel size", " x ".join(format_length(edge) for edge in volume["voxel_size_m"])),
        ("Extent", " x ".join(format_length(edge) for edge in volume["extent_m"])),
    ]


def _phase_rows(facts: dict[str, Any]) -> Rows:
    rows = []
    for name, share in facts["fractions"].items():
        profile = facts["profile"][name]
        rows.append(
            (
                f"Fraction of {name}",
                f"{share:.4f}, slices {min(profile):.3f} to {max(profile):.3f}, from the separator "
                f"|{sparkline(profile)}|",
            )
        )
    return rows


def sparkline(values: Sequence[float], width: int = 32) -> str:
    """Draw values between 0 and 1 as a line of block characters, averaged to at most ``width``."""
    count = min(width, len(values))
    edges = [round(index * len(values) / count) for index in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in itertools.pairwise(edges)]
    return "".join(BLOCKS[round(max(0.0, min(1.0, mean)) * (len(BLOCKS) - 1))] for mean in means)


def _network_rows(facts: dict[str, Any]) -> Rows:
    networks = facts["networks"]
    rows = [
        ("Ionic network", "pore + cbd, " + _network(networks["ionic"], "separator")),
        ("Electronic network", "active + cbd, " + _network(networks["electronic"], "collector")),
        ("Usable active", f"{facts['usable_active_share']:.4f} of the active material (wired and wetted)"),
    ]
    for name, network in facts["phases"].items():
        text = (
            f"{network['clusters']} clusters, {network['spanning']:.4f} in through-going ones; "
            f"{network['islands']} islands with {network['island_voxels']} voxels; "
            f"{network['bridges']} one-voxel bridges; {network['thin']:.4f} one voxel thick"
        )
        rows.append((f"Clusters of {name}", text))
    return rows


def _network(network: dict[str, Any], feed: str) -> str:
    return (
        f"{network['connected']:.4f} connected to the {feed}, {network['spanning']:.4f} through-going; "
        f"{network['islands']} islands, {network['bridges']} one-voxel bridges"
    )


def _particle_rows(facts: dict[str, Any]) -> Rows:
    rows: Rows = []
    if facts["particles"]:
        particles = facts["particles"]
        diameter = format_length(particles["median_diameter_m"])
        rows.append(
            (
                "Particles",
                f"{particles['count']} ({particles['cut_by_edge']} cut by the edge), median diameter "
                f"{diameter} = {particles['voxels_per_diameter']:.1f} voxels",
            )
        )
    surface, capacity = facts["specific_surface_per_m"], facts["capacity"]
    rows += [
        (
            "Specific surface",
            f"{surface['faces'] * 1e-6:.4f} 1/um counted, {surface['normals'] * 1e-6:.4f} 1/um corrected",
        ),
        ("Capacity", f"{capacity['Ah_per_m2'] * 0.1:.3f} mAh/cm2"),
        ("1C current", f"{capacity['one_C_A_per_m2']:.2f} A/m2 = {capacity['one_C_A']:.3e} A"),
    ]
    return rows


def _cost_rows(facts: dict[str, Any]) -> Rows:
    cost = facts["cost"]
    return [
        ("Predicted memory", f"{cost['memory_bytes'] / 2**30:.2f} GiB"),
        ("Predicted time", f"{cost['seconds_per_cycle'] / 60:.1f} min per charge and discharge at 1C"),
    ]
