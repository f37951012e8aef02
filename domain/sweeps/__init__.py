"""Sweeps of the village as campaigns (走访排查), and the checks after a disaster (灾后排查)."""
