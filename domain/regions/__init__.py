"""Administrative divisions (行政区划) and the villages that stand on the lowest of them."""
