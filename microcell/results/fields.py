"""Voxel fields over time, read from disk when they are asked for."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

import numpy as np

from microcell.results.hdf import open_result


class FieldSeries:
    """An array of shape (n_times, ...) that stays on disk; index it as a NumPy array.

    The first index (an integer or a slice) chooses the snapshots, the others go to the file, so that reading
    one slice
    of a large image reads only that.

    Attributes
    ----------
    name : str
        Name with unit.
    times : ndarray, shape (n_times,)
        Time of each snapshot [s].
    shape : tuple of int
    """

    def __init__(self, name: str, dataset: str, sources: list[tuple[Path, int]], times: np.ndarray) -> None:
        self.name = name
        self.times = times
        self._dataset = dataset
        self._sources = sources
        self.shape = (len(sources), *self._shape_of_one())

    def at(self, time: float | None = None) -> np.ndarray:
        """Return the snapshot nearest to `time` [s], the last one where `time` is None."""
        return self[nearest_index(self.times, time)]

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            return np.asarray(self)[key]
        if isinstance(first, slice):
            chosen = [self._read(source, rest) for source in self._sources[first]]
            return np.stack(chosen) if chosen else np.zeros((0, *self.shape[1:]))
        return self._read(self._sources[operator.index(first)], rest)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read everything into memory."""
        values = self[:]
        return values if dtype is None else values.astype(dtype)

    def __repr__(self) -> str:
        return f"FieldSeries({self.name!r}, shape={self.shape})"

    def _read(self, source: tuple[Path, int], rest: list[Any]) -> np.ndarray:
        path, index = source
        with open_result(path) as file:
            if self._dataset in file:
                return file[self._dataset][(index, *rest)]
        # Written only at some of the times: there is no value at this one.
        return np.full(self.shape[1:], np.nan, dtype=np.float32)[tuple(rest)]

    def _shape_of_one(self) -> tuple[int, ...]:
        for path, _ in self._sources:
            with open_result(path) as file:
                if self._dataset in file:
                    return tuple(file[self._dataset].shape[1:])
        return ()


def nearest_index(times: np.ndarray, time: float | None) -> int:
    """Return the index of the time nearest to `time`, the last one where `time` is None."""
    return len(times) - 1 if time is None else int(np.argmin(np.abs(times - time)))
