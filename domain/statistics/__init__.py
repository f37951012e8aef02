"""How many households and people stand how, in any region, on any day, and as it was known at any time (统计)."""
