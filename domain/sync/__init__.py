"""Phones and the server come to the same truth: what changed since a cursor, and what was typed offline."""
