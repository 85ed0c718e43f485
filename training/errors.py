"""Errors of training."""

from models.errors import BadInput, DeescalError


class TrainingError(DeescalError):
    """A run could not be started, continued or finished."""


class BadRecipe(TrainingError, BadInput):
    """A recipe, a base or an option that cannot be used; nothing was written."""


class BadData(TrainingError, BadInput):
    """Training data that cannot be used; nothing was written."""
