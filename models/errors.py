"""What every error of ours is: one line for the person in front, and an exit code."""


class DeescalError(Exception):
    """A failure told in one line: what, where, what to do. The command line exits with
    `exit_code`.
    """

    exit_code = 1


class BadInput(DeescalError):
    """What the person gave cannot be used (a file, an option, an id); nothing was written."""

    exit_code = 2


class ModelError(DeescalError):
    """A model could not be fetched, loaded or run."""


class BadModel(ModelError, BadInput):
    """A model file or id that cannot be used."""
