"""Families change: registered, edited, born into, married out of, split, merged, moved. Above pairings, which follow."""
