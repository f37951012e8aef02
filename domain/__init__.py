"""The business: one package per capability, at most four files each, named by the kind of thinking.

models.py (tables), rules.py (pure decisions), queries.py (reads that are not plain selections), actions.py (writes).
"""
