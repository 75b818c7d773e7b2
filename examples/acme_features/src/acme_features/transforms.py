"""Contrast, pooling and profiles of stacks of grey images."""

import numpy as np
import numpy.typing as npt

__all__ = ["pool", "profiles", "stretch_contrast"]

Images = npt.NDArray[np.float64]


def stretch_contrast(images: npt.ArrayLike) -> Images:
    """Each image stretched to the range 0 to 1, so that a faint pen and a heavy one look alike.

    Args:
        images: grey values. Shape: (n, height, width). An image of one value becomes 0.
    """
    grey = np.asarray(images, dtype=np.float64)
    low = grey.min(axis=(1, 2), keepdims=True)
    span = grey.max(axis=(1, 2), keepdims=True) - low
    stretched: Images = (grey - low) / np.where(span > 0, span, 1.0)
    return stretched


def pool(images: npt.ArrayLike, size: int) -> Images:
    """Each image with its blocks of `size` times `size` pixels replaced by their mean.

    Args:
        images: grey values. Shape: (n, height, width), both divisible by `size`.
        size: pixels along a block's edge, 1 or more.

    Raises:
        ValueError: the blocks do not fill the image.
    """
    grey = np.asarray(images, dtype=np.float64)
    count, height, width = grey.shape
    if size < 1 or height % size or width % size:
        raise ValueError(f"blocks of {size} do not fill images of {height} x {width}")
    pooled: Images = grey.reshape(count, height // size, size, width // size, size).mean(axis=(2, 4))
    return pooled


def profiles(images: npt.ArrayLike) -> Images:
    """The mean of every row, then of every column, of each image.

    Args:
        images: grey values. Shape: (n, height, width); the answer's is (n, height + width).
    """
    grey = np.asarray(images, dtype=np.float64)
    return np.concatenate([grey.mean(axis=2), grey.mean(axis=1)], axis=1)
