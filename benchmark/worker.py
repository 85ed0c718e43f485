"""A measurement in a process of its own, which says in lines of JSON on stdout how far it is and what it found.

Of its own, because the most memory a process ever held cannot be taken back, and a model that kills it kills only it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmark.errors import BadBenchmarkInput, BenchmarkError
from models.errors import DeescalError

#: (what is done now, share of the whole that is done)
Progress = Callable[[str, float], None]


def measured_apart(module: str, arguments: Sequence[str], progress: Progress) -> dict[str, Any]:
    """Run `python -m MODULE ARGUMENTS…`, whose `main` calls `measure_here`; what it found.

    Raises BenchmarkError (BadBenchmarkInput for a model that does not load) with its last line.
    """
    worker = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stderr is not None
    found: dict[str, Any] | None = None
    try:
        for line in worker.stdout:
            said = json.loads(line)
            if "found" in said:
                found = said["found"]
            else:
                progress(said["what"], said["share"])
        errors = worker.stderr.read()
    finally:
        if worker.poll() is None:
            worker.kill()  # we were interrupted: nothing is left running
        code = worker.wait()
    if code != 0 or found is None:
        last = (errors.strip().splitlines() or [f"it ended with code {code} and said nothing"])[-1]
        kind = BadBenchmarkInput if code == 2 else BenchmarkError
        raise kind(last.removeprefix("deescal: "))
    return found


def measure_here(measure: Callable[[Progress], dict[str, Any]]) -> None:
    """The worker's side: measure, print what was found, and exit as `deescal` does where it cannot."""
    try:
        found = measure(
            lambda what, share: print(json.dumps({"what": what, "share": share}), flush=True)
        )
    except DeescalError as problem:
        print(f"deescal: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
    print(json.dumps({"found": found}), flush=True)
