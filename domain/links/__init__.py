"""Benefit links (利益联结): what an enterprise promised a household, and what it delivered."""
