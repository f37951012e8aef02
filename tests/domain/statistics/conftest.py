"""The same township as for families."""

from tests.domain.families.conftest import town as town
