"""Series in, forecast out.

This package knows rows of numbers on a regular grid and what may come next. It knows no cluster, no GPU and
no clock: every instant is an argument, in seconds since the epoch, and every random number has a seed.
"""

__version__ = "0.1.0"
