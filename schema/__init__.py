"""The public language: one file per noun of the domain, joined in root.py; the read engine that answers it in engine/."""
