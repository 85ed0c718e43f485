"""Where things live on this device. `DEESCAL_HOME` moves everything under one folder."""

import os
from pathlib import Path

import platformdirs

_APP = "deescal"


def _place(kind: str, default: str) -> Path:
    home = os.environ.get("DEESCAL_HOME")
    return Path(home).expanduser() / kind if home else Path(default)


def cache_dir() -> Path:
    """What can be made again: pulled weights, built models, prefix states."""
    return _place("cache", platformdirs.user_cache_dir(_APP))


def data_dir() -> Path:
    """What cannot be made again: the record of sessions, drafts, written scenarios."""
    return _place("data", platformdirs.user_data_dir(_APP))


def config_dir() -> Path:
    """Choices of the person and what was tuned for this device."""
    return _place("config", platformdirs.user_config_dir(_APP))
