"""What goes wrong in a session, in one line for the person in front."""

from models.errors import BadInput, DeescalError


class SimulatorError(DeescalError):
    """Part of a session failed: a device, the recogniser, the voice, the record."""


class BadSimulatorInput(SimulatorError, BadInput):
    """What the person gave a session cannot be used: a recording, a device name, an option."""
