"""Visits (入户走访): geotagged calls at a household, their forms, and what phones submitted."""
