"""Campaigns of pairings (牵手行动), such as 阳光“1+1”: targets, what is reached, and what the organisations do."""
