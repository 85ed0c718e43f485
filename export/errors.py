"""Errors of export."""

from models.errors import BadInput, DeescalError


class ExportError(DeescalError):
    """A model could not be merged, converted, quantised or verified."""


class BadExport(ExportError, BadInput):
    """A run, model or option that cannot be used; nothing was written."""
