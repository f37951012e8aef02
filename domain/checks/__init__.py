"""Checks of a family before it goes into the national system (上报前核查): what on record cannot be so together."""
