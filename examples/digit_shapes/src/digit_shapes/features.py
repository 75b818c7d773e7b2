"""One number a property: ink, centre, spread, slant, symmetry, holes."""

import numpy as np
import numpy.typing as npt

from digit_shapes.holes import count_holes

__all__ = ["NAMES", "shape_features"]

Images = npt.NDArray[np.float64]
NAMES = (
    "ink",
    "centre_row",
    "centre_column",
    "spread_rows",
    "spread_columns",
    "slant",
    "left_right",
    "top_bottom",
    "turned",
    "holes",
)
"""What the columns of `shape_features` mean, in order."""


def _overlap(images: Images, other: Images, energy: Images) -> Images:
    shared: Images = (images * other).sum(axis=(1, 2)) / energy
    return shared


def shape_features(images: npt.ArrayLike) -> Images:
    """The shape of each image, one row an image, one column a name of `NAMES`.

    Positions and spreads are fractions of the image's size; symmetries are 1 for an image that equals its mirror and
    0 for one that shares no ink with it. An empty image has its centre in the middle and no spread.

    Args:
        images: grey values of 0 or more. Shape: (n, height, width).

    Raises:
        ValueError: the array has another number of dimensions, or a negative value.
    """
    grey = np.asarray(images, dtype=np.float64)
    if grey.ndim != 3:  # noqa: PLR2004 - images, rows, columns
        raise ValueError(f"images have the shape (n, height, width), not {grey.shape}")
    if grey.size and grey.min() < 0:
        raise ValueError("a grey value is 0 or more")
    _, height, width = grey.shape
    ink = grey.sum(axis=(1, 2))
    weight = np.where(ink > 0, ink, 1.0)
    rows = np.linspace(0.0, 1.0, height)
    columns = np.linspace(0.0, 1.0, width)
    by_row, by_column = grey.sum(axis=2), grey.sum(axis=1)
    centre_row = np.where(ink > 0, by_row @ rows / weight, 0.5)
    centre_column = np.where(ink > 0, by_column @ columns / weight, 0.5)
    off_rows = rows[None, :] - centre_row[:, None]
    off_columns = columns[None, :] - centre_column[:, None]
    spread_rows = np.sqrt((by_row * off_rows**2).sum(axis=1) / weight)
    spread_columns = np.sqrt((by_column * off_columns**2).sum(axis=1) / weight)
    slant = np.einsum("nij,ni,nj->n", grey, off_rows, off_columns) / weight
    energy = np.where(ink > 0, (grey**2).sum(axis=(1, 2)), 1.0)
    return np.stack(
        [
            grey.mean(axis=(1, 2)),
            centre_row,
            centre_column,
            spread_rows,
            spread_columns,
            slant,
            _overlap(grey, grey[:, :, ::-1], energy),
            _overlap(grey, grey[:, ::-1, :], energy),
            _overlap(grey, grey[:, ::-1, ::-1], energy),
            count_holes(grey),
        ],
        axis=1,
    )
