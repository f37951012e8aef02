"""`./ruhu token`: to be somebody of the demo, for a moment."""

from api.cli import CommandError
from api.cli.target import settings
from api.tokens import PERSONAS, demo_token


def print_token(persona: str) -> None:
    """Prints a token for one of the demo's personas, and nothing else."""
    try:
        print(demo_token(settings(), persona))
    except PermissionError as error:
        raise CommandError(f"{error}: unset RUHU_ENV or set it to demo") from None
    except KeyError:
        others = ", ".join(name for name in PERSONAS if name != "anonymous")
        raise CommandError(f"there is no token for {persona}: choose one of {others}") from None
