"""What an image file says about itself: reported to the user, never used unasked.

Resolution tags are notoriously wrong (72 dpi, pixels called inches), so they only ever become a suggestion.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
import tifffile

METRES = {
    "m": 1.0,
    "mm": 1e-3,
    "um": 1e-6,
    "µm": 1e-6,
    "μm": 1e-6,
    "micron": 1e-6,
    "microns": 1e-6,
    "\\u00b5m": 1e-6,
    "nm": 1e-9,
    "cm": 1e-2,
    "inch": 0.0254,
}


@dataclass(frozen=True)
class Hints:
    """Metadata found in a file.

    Attributes
    ----------
    voxel_sizes : dict of str to dict of str to float
        By where it was found: edges [m] by axis letter; axes that the file is silent about are left out.
    notes : dict of str to str
        Anything else worth showing, such as axes or phase names.
    """

    voxel_sizes: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def voxel_size(self) -> dict[str, float] | None:
        """Return the edges [m] of Z, Y and X if the file states all three without contradiction."""
        merged: dict[str, float] = {}
        for edges in self.voxel_sizes.values():
            for axis, edge in edges.items():
                if not np.isclose(merged.setdefault(axis, edge), edge, rtol=1e-3):
                    return None
        return merged if set("ZYX") <= set(merged) else None

    def size_sentence(self) -> str:
        """Return what the file says about its voxel size; empty if it says nothing."""
        return "; ".join(
            f"{place}: " + ", ".join(f"{axis} {edge * 1e9:.5g} nm" for axis, edge in edges.items())
            for place, edges in self.voxel_sizes.items()
        )

    def sentence(self) -> str:
        """Return all that the file says, for the echo; empty if it says nothing."""
        parts = [self.size_sentence(), *(f"{name}: {text}" for name, text in self.notes.items())]
        return "; ".join(part for part in parts if part)


def tiff_hints(tiff: tifffile.TiffFile) -> Hints:
    """Collect voxel sizes and notes from the tags, ImageJ, OME and JSON metadata of a TIFF file."""
    sizes = {
        "JSON description": _json_size(tiff),
        "ImageJ metadata": _imagej_size(tiff),
        "OME metadata": _ome_size(tiff),
        "resolution tags": {} if tiff.is_imagej else _tag_size(tiff),
    }
    keys: tuple[str, ...] = ("axes", "phases")
    notes = {name: str(_json(tiff)[name]) for name in keys if name in _json(tiff)}
    return Hints({place: edges for place, edges in sizes.items() if edges}, notes)


def _json(tiff: tifffile.TiffFile) -> dict[str, Any]:
    try:
        content = json.loads(tiff.pages.first.description or "")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _zyx(values: Any, factor: float) -> dict[str, float]:
    """Read one number, or three in the order z, y, x."""
    try:
        edges = np.broadcast_to(np.asarray(values, dtype=float), (3,)) * factor
    except (TypeError, ValueError):
        return {}
    return dict(zip("ZYX", edges.tolist(), strict=True)) if np.all(edges > 0) else {}


def _json_size(tiff: tifffile.TiffFile) -> dict[str, float]:
    content = _json(tiff)
    return _zyx(content["voxel_size_um"], 1e-6) if "voxel_size_um" in content else {}


def _resolution(tiff: tifffile.TiffFile, unit: float) -> dict[str, float]:
    """Turn the tags 'pixels per unit' into the edge of a pixel."""
    edges = {}
    for axis, tag in (("Y", "YResolution"), ("X", "XResolution")):
        if tag in tiff.pages.first.tags:
            count, units = tiff.pages.first.tags[tag].value
            if count > 0 and units > 0:
                edges[axis] = units / count * unit
    return edges


def _tag_size(tiff: tifffile.TiffFile) -> dict[str, float]:
    tags = tiff.pages.first.tags
    unit = int(tags["ResolutionUnit"].value) if "ResolutionUnit" in tags else 1
    return _resolution(tiff, {2: 0.0254, 3: 0.01}[unit]) if unit in (2, 3) else {}


def _imagej_size(tiff: tifffile.TiffFile) -> dict[str, float]:
    metadata = tiff.imagej_metadata or {}
    unit = METRES.get(str(metadata.get("unit", "")))
    if unit is None:
        return {}
    edges = _resolution(tiff, unit)
    spacing = metadata.get("spacing")
    return {"Z": float(spacing) * unit, **edges} if spacing else edges


def _ome_size(tiff: tifffile.TiffFile) -> dict[str, float]:
    if not tiff.ome_metadata:
        return {}
    root = ElementTree.fromstring(tiff.ome_metadata)
    pixels = next((item for item in root.iter() if item.tag.endswith("Pixels")), None)
    if pixels is None:
        return {}
    edges = {}
    for axis in "ZYX":
        size, unit = (
            pixels.get(f"PhysicalSize{axis}"),
            METRES.get(pixels.get(f"PhysicalSize{axis}Unit", "um")),
        )
        if size is not None and unit is not None:
            edges[axis] = float(size) * unit
    return edges


def hdf5_hints(dataset: h5py.Dataset) -> Hints:
    """Collect voxel sizes from HDF5 attributes: ``element_size_um``, or ``voxel_size`` with ``unit``."""
    sizes = {}
    attributes = dataset.attrs
    for name in ("element_size_um", "voxel_size_um"):
        if name in attributes:
            sizes[f"attribute {name}"] = _zyx(attributes[name], 1e-6)
    if "voxel_size" in attributes:
        unit = METRES.get(str(attributes.get("voxel_size_unit", attributes.get("unit", ""))))
        sizes["attribute voxel_size"] = _zyx(attributes["voxel_size"], unit) if unit else {}
    return Hints({place: edges for place, edges in sizes.items() if edges})
