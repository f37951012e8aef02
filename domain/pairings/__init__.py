"""Pairings (结对): who helps whom, in what role, from when to when."""
