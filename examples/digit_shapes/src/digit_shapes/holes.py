"""Holes: what tells an 8 from a 0 and a 0 from a 1."""

import numpy as np
import numpy.typing as npt

__all__ = ["count_holes"]

_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def _holes(background: npt.NDArray[np.bool_]) -> int:
    height, width = background.shape
    seen = ~background
    regions = 0
    for row, column in np.argwhere(background):
        if seen[row, column]:
            continue
        regions += 1
        seen[row, column] = True
        waiting = [(int(row), int(column))]
        while waiting:
            here_row, here_column = waiting.pop()
            for step_row, step_column in _NEIGHBOURS:
                near = (here_row + step_row, here_column + step_column)
                if 0 <= near[0] < height and 0 <= near[1] < width and not seen[near]:
                    seen[near] = True
                    waiting.append(near)
    return regions - 1  # the frame around the image is one region that is no hole


def count_holes(images: npt.NDArray[np.float64], *, threshold: float = 0.35) -> npt.NDArray[np.float64]:
    """How many closed regions of background each image has.

    Args:
        images: grey values. Shape: (n, height, width).
        threshold: the part of an image's brightest value from which on a pixel counts as ink; 0 to 1.
    """
    counts = np.zeros(len(images))
    for number, image in enumerate(images):
        brightest = image.max(initial=0.0)
        if brightest > 0:
            counts[number] = _holes(np.pad(image < threshold * brightest, 1, constant_values=True))
    return counts
