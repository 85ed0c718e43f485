"""What keeps a metric from being computed, in one line."""

from benchmark.errors import BenchmarkError


class MetricMissing(BenchmarkError):
    """A metric needs a package or weights that are not here. The score says so and goes on without it."""
