"""Restricted cubic splines of three knots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metarepro.pooling.kernel import Array


def restricted_cubic(x: Array, knots: Sequence[float] | Array) -> Array:
    """Columns of a restricted cubic spline: x itself, and one that bends between the knots and is straight outside.

    Parameters
    ----------
    x : ndarray, shape (n,)
    knots : three floats that rise

    Returns
    -------
    ndarray, shape (n, 2)
        The second column is divided by the squared distance of the outer knots.

    References
    ----------
    Harrell 2015, doi:10.1007/978-3-319-19425-7, section 2.4.5.
    """
    a, b, c = knots

    def cube(z: Array) -> Array:
        return np.maximum(z, 0.0) ** 3

    bent = cube(x - a) - cube(x - b) * (c - a) / (c - b) + cube(x - c) * (b - a) / (c - b)
    return np.column_stack([x, bent / (c - a) ** 2])
