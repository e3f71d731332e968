"""``microcell doctor``: what is installed and what a run will use."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

Rows = list[tuple[str, str]]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> int:
    """Show versions, devices, precision, memory, compile cache and optional parts.

    Exit code 0: a run can start. 1: something that a run needs is missing; the last lines say what to do.
    """
    from .environment import describe_machine

    machine = describe_machine()
    troubles = find_troubles(machine)
    if as_json:
        typer.echo(json.dumps({**machine, "troubles": troubles}, indent=1))
    else:
        _print(machine, troubles)
    return 1 if troubles else 0


def find_troubles(machine: dict[str, Any]) -> list[str]:
    """Return what keeps a run from working, each with the fix."""
    missing = [name for name, version in machine["versions"].items() if version is None]
    troubles = [f"{name} is not installed: pip install {name}" for name in missing]
    if machine["dtype"] != "float64":
        troubles.append(f"the device computes in {machine['dtype']}; a run needs float64: use --device cpu")
    return troubles


def _print(machine: dict[str, Any], troubles: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in [*_machine_rows(machine), *_software_rows(machine)]:
        table.add_row(name, Text(text))
    console = Console(highlight=False)
    console.print(table)
    for trouble in troubles:
        console.print(Text(f"Trouble: {trouble}", style="bold red"))
    console.print("" if troubles else "A run can start.", style="green")


def _machine_rows(machine: dict[str, Any]) -> Rows:
    rows = [("System", machine["system"]), ("CPU cores", str(machine["cpu_cores"]))]
    if machine["memory_bytes"]:
        memory = machine["memory_bytes"]
        rows.append(("Memory", f"{_gigabytes(memory['available'])} free of {_gigabytes(memory['total'])}"))
    for device in machine["devices"]:
        own = f", {_gigabytes(device['memory_bytes'])}" if device["memory_bytes"] else ""
        rows.append(("Device", f"{device['name']} ({device['platform']}, {device['kind']}{own})"))
    return [*rows, ("Precision", machine["dtype"])]


def _software_rows(machine: dict[str, Any]) -> Rows:
    from .environment import VARIABLE

    cache = machine["compile_cache"]
    kept = f"{cache['folder']}: {cache['entries']} files, {cache['bytes'] / 1e6:.1f} MB"
    rows = [("Compile cache", f"{kept if cache['folder'] else 'off'} (set by {VARIABLE})")]
    rows += [(f"Extra '{name}'", version or "not installed") for name, version in machine["extras"].items()]
    return rows + [(name, version or "not installed") for name, version in machine["versions"].items()]


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
