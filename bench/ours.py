"""Ours, for uvicorn's --factory."""

from __future__ import annotations

from starlette.applications import Starlette

from api.app import create_app as app_of
from api.settings import load_settings


def create_app() -> Starlette:
    """The application over the database of the environment's settings, with a budget that no bench can spend."""
    return app_of(load_settings().model_copy(update={"cost_per_minute": 10**12}))
