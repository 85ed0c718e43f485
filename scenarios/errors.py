"""Errors of scenarios and of the corpus."""

from models.errors import BadInput, DeescalError


class ScenarioError(DeescalError):
    """A scenario or a part of the corpus could not be made, read or written."""


class BadScenario(ScenarioError, BadInput):
    """A scenario, transcript or option that cannot be used."""
