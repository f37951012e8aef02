"""The same town as for the changes of families: phones push to it."""

from __future__ import annotations

from tests.domain.families.conftest import town as town
