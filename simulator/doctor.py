"""What works on this machine, and what to do about what does not."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from models.errors import DeescalError


@dataclass(frozen=True)
class Finding:
    what: str
    state: Literal["ok", "warning", "problem"]
    found: str
    todo: str = ""


def examine() -> list[Finding]:
    """Every check, in the order in which a person would mend things."""
    findings: list[Finding] = []
    for check in (
        _python,
        _machine,
        _disk,
        _models,
        _engine,
        _scenarios,
        _records,
        _sound,
        _terminal,
    ):
        try:
            findings += check()
        except DeescalError as problem:
            findings.append(Finding(_name(check), "problem", str(problem)))
        except Exception as problem:  # a doctor that dies of what it finds is no doctor
            findings.append(
                Finding(_name(check), "problem", f"{type(problem).__name__}: {problem}")
            )
    return findings


def _name(check: Callable[[], Iterator[Finding]]) -> str:
    return check.__name__.strip("_")


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        ours = importlib.metadata.version("deescalwild-simulator")
    except importlib.metadata.PackageNotFoundError:
        yield Finding(
            "python", "problem", f"{version}, but this program is not installed in it", "make play"
        )
        return
    yield Finding("python", "ok", f"{version}, deescalwild-simulator {ours}")


def _machine() -> Iterator[Finding]:
    from models.hardware import default_threads, machine

    here = machine()
    enough = here.memory.available >= 2 * 2**30
    yield Finding(
        "machine",
        "ok" if enough else "warning",
        f"{here.in_words()}; {default_threads()} threads for the model",
        "" if enough else "a voice session needs about 1.2 GB free: close other programs",
    )


def _disk() -> Iterator[Finding]:
    from models.places import cache_dir, data_dir

    for what, folder in (("models and caches", cache_dir()), ("records", data_dir())):
        folder.mkdir(parents=True, exist_ok=True)
        free_gb = shutil.disk_usage(folder).free / 2**30
        yield Finding(
            f"disk for {what}",
            "ok" if free_gb > 1 else "warning",
            f"{folder}, {free_gb:.1f} GiB free",
            "" if free_gb > 1 else "make room, or set DEESCAL_HOME to another disk",
        )


def _models() -> Iterator[Finding]:
    from models.catalog import Role, default_for
    from models.fetch import is_installed

    roles: tuple[tuple[Role, bool], ...] = (
        ("civilian", True),
        ("embedder", True),
        ("asr", False),
        ("tts", False),
    )
    for role, needed in roles:
        found = default_for(role)
        if is_installed(found.id):
            yield Finding(f"model {role}", "ok", found.id)
        else:
            without = "the session cannot start" if needed else "text works, voice does not"
            yield Finding(
                f"model {role}",
                "problem" if needed else "warning",
                f"{found.id} is not installed: {without}",
                f"deescal models pull {found.id}",
            )


def _engine() -> Iterator[Finding]:
    from models.engine import Engine, Sampling
    from models.fetch import model_path

    with Engine(model_path("civilian")) as engine:
        drawn = list(
            engine.generate(Sampling(temperature=0), 16, engine.tokenize("The officer said"))
        )
        yield Finding(
            "llama.cpp",
            "ok" if drawn else "problem",
            f"loads the civilian and writes {engine.last.decode_tokens_per_s:.0f} tokens/s",
        )


def _scenarios() -> Iterator[Finding]:
    from scenarios.loader import problems, scenario_paths

    paths = scenario_paths()
    bad = {id_: lines for id_, path in paths.items() if (lines := problems(path))}
    for lines in bad.values():
        yield Finding("scenario", "warning", lines[0], "mend the file, or move it away")
    yield Finding(
        "scenarios", "ok" if paths else "problem", f"{len(paths) - len(bad)} can be played"
    )


def _records() -> Iterator[Finding]:
    from simulator.records import Records

    records = Records()
    yield Finding(
        "records",
        "ok",
        f"{len(records.sessions())} sessions in {records.path}, {len(records.unfinished())} not finished",
    )
    records.close()


def _sound() -> Iterator[Finding]:
    from simulator.voice.devices import list_devices

    try:
        devices = list_devices()
    except DeescalError as problem:
        yield Finding("sound", "warning", str(problem), "typing and reading work all the same")
        return
    for what, default, any_of in (
        ("microphone", [d for d in devices if d.default_input], [d for d in devices if d.inputs]),
        (
            "loudspeaker",
            [d for d in devices if d.default_output],
            [d for d in devices if d.outputs],
        ),
    ):
        if any_of:
            todo = (
                "" if what == "loudspeaker" else "to hear whether they work: deescal doctor --sound"
            )
            yield Finding(what, "ok", (default or any_of)[0].name, todo)
        else:
            yield Finding(
                what, "warning", "none found", "plug in a headset; typing and reading work"
            )


def _terminal() -> Iterator[Finding]:
    size = shutil.get_terminal_size((80, 24))
    small = size.columns < 60 or size.lines < 20
    yield Finding(
        "terminal",
        "warning" if small else "ok",
        f"{size.columns} × {size.lines}",
        "make it at least 60 × 20, or use `deescal play --plain`" if small else "",
    )
