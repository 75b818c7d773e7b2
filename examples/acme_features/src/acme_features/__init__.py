"""Transforms that make images comparable before a model sees them."""

from acme_features.transforms import pool, profiles, stretch_contrast

__all__ = ["pool", "profiles", "stretch_contrast"]
