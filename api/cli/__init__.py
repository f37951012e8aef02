"""The front door: what `./ruhu` hands over to as `python -m api.cli`. Each command is a file of this package."""


class CommandError(Exception):
    """What stops a command. The text is one line that says what to do; the front door prints it and exits with 1."""
