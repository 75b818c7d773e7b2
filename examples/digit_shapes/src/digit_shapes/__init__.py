"""Shape features of small grey images, as numbers that a person can name."""

from digit_shapes.features import NAMES, shape_features
from digit_shapes.holes import count_holes

__all__ = ["NAMES", "count_holes", "shape_features"]
