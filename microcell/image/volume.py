"""A segmented cathode image with everything that must be known about it: phases, voxel size, orientation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import VolumeError
from .labels import check_phase_map, map_labels
from .lengths import format_length
from .orient import check_crop, check_orientation, check_shape, check_voxel_size
from .phases import Phase
from .readers import Source, open_source


@dataclass(frozen=True)
class Volume:
    """Phase codes on a voxel grid, axis 0 through the electrode with the separator side at index 0.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        Phase codes (`Phase`): PORE, ACTIVE, CBD. Read-only.
    voxel_size : tuple of float
        Edges (dz, dy, dx) [m] along the axes of `labels`.
    source : str
        Where it came from.
    info : dict
        What was asked for and what the file says, ready for JSON.
    """

    labels: np.ndarray = field(repr=False)
    voxel_size: tuple[float, float, float]
    source: str = "array"
    info: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Hold the invariants: three axes, known codes, positive edges, nobody writes."""
        check_shape(self.labels.shape, self.source)
        if self.labels.dtype != np.uint8 or self.labels.max() > Phase.INERT:
            raise VolumeError(
                "labels must be uint8 phase codes", file=self.source, fix="use Volume.from_array"
            )
        if len(self.voxel_size) != 3 or min(self.voxel_size) <= 0:
            raise VolumeError("voxel_size needs three positive edges [m]", value=self.voxel_size)
        self.labels.setflags(write=False)

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        voxel_size: Any = None,
        axes: str | None = None,
        through_axis: str | None = None,
        separator_side: str | None = None,
        phases: Any = None,
        crop: Any = None,
        flip: Any = None,
        dataset: str | None = None,
        shape: Any = None,
        dtype: Any = None,
        order: str = "C",
    ) -> Volume:
        """Read a segmented image.

        Parameters
        ----------
        path : str or Path
            TIFF stack, folder of TIFF slices, HDF5, NumPy or raw file (see `readers.open_source`).
        voxel_size : str, float or three of them
            Voxel edge, as "398 nm" or a number in metres; three of them follow the order of ``axes``. "file"
            accepts what the file states, if it states all three axes without contradiction.
        axes : str
            Letters of the array axes in the order of the file, for example "ZYX".
        through_axis : str
            The letter that runs from separator to collector.
        separator_side : {"low", "high"}
            The end of the through axis at which the separator lies.
        phases : mapping of str to int or list of int
            Label numbers of "pore", "active" and "cbd"; every label of the image must be named.
        crop : sequence of three [start, stop] or None, optional
            Part to use, in voxels of the file, in the order of ``axes``.
        flip : str, optional
            Letters of in-plane axes to mirror.
        dataset, shape, dtype, order : optional
            What HDF5 (``dataset``) and raw files (the others) need.

        Returns
        -------
        Volume
            The image, turned so that axis 0 is the through axis with the separator at index 0.

        Raises
        ------
        VolumeError
            If the file cannot be read, a keyword is missing or wrong, or labels and phase map disagree.
            Nothing is guessed: what the file says about itself is only quoted in the message.
        """
        source = open_source(path, dataset=dataset, shape=shape, dtype=dtype, order=order)
        return cls._build(source, voxel_size, axes, through_axis, separator_side, phases, crop, flip)

    @classmethod
    def from_array(
        cls,
        array: Any,
        *,
        voxel_size: Any = None,
        axes: str | None = None,
        through_axis: str | None = None,
        separator_side: str | None = None,
        phases: Any = None,
        crop: Any = None,
        flip: Any = None,
        source: str = "array",
    ) -> Volume:
        """Make a volume of an array with labels; the keywords are those of `read`."""
        array = np.asarray(array)
        opened = Source(source, array.shape, array.dtype, lambda part: array[part])
        return cls._build(opened, voxel_size, axes, through_axis, separator_side, phases, crop, flip)

    @classmethod
    def _build(
        cls,
        source: Source,
        voxel_size: Any,
        axes: Any,
        through_axis: Any,
        separator_side: Any,
        phases: Any,
        crop: Any,
        flip: Any,
    ) -> Volume:
        check_shape(source.shape, source.name)
        try:
            orientation = check_orientation(axes, through_axis, separator_side, flip)
            edges = check_voxel_size(
                voxel_size, orientation.axes, source.hints.size_sentence(), source.hints.voxel_size()
            )
            mapping = check_phase_map(phases)
            part = check_crop(crop, source.shape, orientation.axes)
        except VolumeError as error:
            raise _with_context(error, source) from None
        codes = orientation.turn(map_labels(source.load(part), mapping, source.name))
        info = {
            "source": source.name,
            "file_shape": list(source.shape),
            "axes": orientation.axes,
            "through_axis": orientation.through_axis,
            "separator_side": orientation.separator_side,
            "flip": orientation.flip,
            "crop": [[piece.start, piece.stop] for piece in part],
            "phases": mapping,
            "voxel_size_in_file_order_m": edges,
            "file_says": source.hints.sentence(),
        }
        return cls(np.ascontiguousarray(codes), orientation.turn_tuple(edges), source.name, info)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y and x."""
        nz, ny, nx = self.labels.shape
        return nz, ny, nx

    @property
    def size(self) -> tuple[float, float, float]:
        """Physical extent along z, y and x [m]."""
        lz, ly, lx = (n * edge for n, edge in zip(self.shape, self.voxel_size, strict=True))
        return lz, ly, lx

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel [m3]."""
        return float(np.prod(self.voxel_size))

    @property
    def cross_section(self) -> float:
        """Area of the electrode plane [m2]."""
        return self.size[1] * self.size[2]

    def mask(self, *phases: Phase) -> np.ndarray:
        """Return a bool array (z, y, x), true where a voxel has one of the phases."""
        chosen = np.zeros(256, dtype=bool)
        chosen[list(phases)] = True
        return chosen[self.labels]

    def fractions(self) -> dict[str, float]:
        """Return the volume fraction of every phase by lower-case name, including absent image phases."""
        counts = np.bincount(self.labels.ravel(), minlength=len(Phase))
        shown = [phase for phase in Phase if phase <= Phase.CBD or counts[phase]]
        return {phase.name.lower(): float(counts[phase] / self.labels.size) for phase in shown}

    def describe(self) -> str:
        """Return the echo of what was understood: shape, voxel size, extent, orientation, phases."""
        sizes = " x ".join(format_length(edge) for edge in self.voxel_size)
        extent = " x ".join(format_length(length) for length in self.size)
        shares = ", ".join(f"{name} {share:.4f}" for name, share in self.fractions().items())
        lines = [
            f"Volume      {self.source}",
            f"Voxels      {' x '.join(map(str, self.shape))} (z, y, x)",
            f"Voxel size  {sizes} (z, y, x)",
            f"Extent      {extent} (z through the electrode, separator at z = 0)",
            f"Phases      {shares}",
        ]
        return "\n".join(lines + self._describe_reading())

    def _describe_reading(self) -> list[str]:
        if "axes" not in self.info:
            return []
        info = self.info
        crop = " x ".join(f"{start}:{stop}" for start, stop in info["crop"])
        lines = [
            f"Read as     axes {info['axes']}, through axis {info['through_axis']}, separator side "
            f"{info['separator_side']}, crop {crop} of {info['file_shape']}"
            + (f", flipped {info['flip']}" if info["flip"] else "")
        ]
        return [*lines, f"File says   {info['file_says']}"] if info["file_says"] else lines


def _with_context(error: VolumeError, source: Source) -> VolumeError:
    """Add the file, and what it says about itself, to an error in the keywords."""
    note = source.hints.notes.get(error.key or "")
    fix = f"{error.fix or ''} (the file says {note})".strip() if note else error.fix
    return VolumeError(
        error.problem, file=source.name, key=error.key, value=error.value, allowed=error.allowed, fix=fix
    )
