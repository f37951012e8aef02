"""Who is asking, and what they may see: accounts, grants, and the list of households seen by pairing."""
