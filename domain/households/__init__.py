"""Families: households, their members as dated spells, and the events that change them."""
