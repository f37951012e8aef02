"""The ground that every package stands on: the mapped base, errors, terms, coordinates, identity numbers."""
