"""What goes wrong in a benchmark, in one line for the person in front."""

from models.errors import BadInput, DeescalError


class BenchmarkError(DeescalError):
    """A measurement could not be made or written."""


class BadBenchmarkInput(BenchmarkError, BadInput):
    """A workload, run file or option that cannot be used."""
