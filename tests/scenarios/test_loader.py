"""A scenario that does not hold is refused with file, line, field and what was expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scenarios.errors import BadScenario
from scenarios.loader import LIBRARY, all_scenarios, load, load_dialogue, problems, surprise
from scenarios.schema import BAND_NAMES, Dialogue

ID = "shoplifting-detention"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(LIBRARY / ID, tmp_path / ID)
    return tmp_path / ID / "scenario.yaml"


def edit(path: Path, old: str, new: str) -> int:
    """Replace once; returns the line of the change, from 1."""
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_whole_library_holds_and_every_band_can_be_reached() -> None:
    loaded = list(all_scenarios())
    assert len(loaded) >= 40
    for each in loaded:
        assert len(each.dialogues) >= 6
        bands = {ending.band for ending in each.scenario.endings}
        assert bands >= set(BAND_NAMES) - {"resolution"}
        assert ("resolution" in bands) or not each.scenario.civilian.can_be_talked_down


def test_an_unknown_key_is_named_with_its_line_and_a_guess(copy: Path) -> None:
    line = edit(copy, "\nminutes:", "\nminuts:")
    (first, *_) = problems(copy)
    assert first.startswith(f"{copy}:")
    found = problems(copy)
    assert any(
        f"{copy}:{line + 1}: minuts: no such field here; did you mean minutes" in p for p in found
    )
    assert any("minutes: is missing" in p for p in found)


def test_a_missing_ending_is_named(copy: Path) -> None:
    edit(copy, "band: containment", "band: escalation")
    with pytest.raises(BadScenario, match=r"no ending for Containment"):
        load(copy)


def test_contradictory_thresholds_are_named(copy: Path) -> None:
    line = edit(
        copy,
        "when: {agitation_at_most: 42,",
        "when: {agitation_at_least: 99, agitation_at_most: 42,",
    )
    (found,) = problems(copy)
    assert found.startswith(f"{copy}:{line}: endings.2.when: contradictory thresholds")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("told: [ray]", "told: [rey]", "endings.1.when.told"),
        ("{id: briefs,", "{id: ray,", "civilian.secrets.1.id"),
        ("agitation: -10, trust: 10}", "agitation: 10, trust: 10}", "civilian.calming_signals.0"),
    ],
)
def test_a_fault_between_parts_says_where_it_is(copy: Path, old: str, new: str, field: str) -> None:
    line = edit(copy, old, new)
    (found,) = problems(copy)
    assert found.startswith(f"{copy}:{line}: {field}: ")


def test_a_wrong_type_says_what_was_found(copy: Path) -> None:
    line = edit(copy, "\nminutes:", "\nminutes: soon #")
    assert any(
        p.startswith(f"{copy}:{line + 1}: minutes:") and "'soon'" in p for p in problems(copy)
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "expected a mapping"),
        (b"- a\n- b\n", "expected a mapping"),
        (b"id: [unclosed\n", "not YAML"),
        (b"\xff\xfe\x00\x00", "not"),
        (b"id: a\n\tb: c\n", "not YAML"),
        (b"id: a\nb: c\x07\n", ":2: not YAML: a control character (#07)"),
        (b"id: a\nb: \xe9\n", ":2: not YAML: not text in UTF-8"),
        (b"id: a\nb: c\nid: d\n", ":3: not YAML: the field 'id' is there twice"),
    ],
)
def test_what_is_no_scenario_is_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_bytes(content)
    with pytest.raises(BadScenario) as problem:
        load(path)
    assert str(path) in str(problem.value)
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_dialogue_with_an_unknown_behaviour_is_named(tmp_path: Path) -> None:
    path = tmp_path / "1-trained-upset.yaml"
    source = next((LIBRARY / ID / "dialogues").glob("1-*.yaml"))
    path.write_text(
        source.read_text(encoding="utf-8").replace("courtesy", "curtsy", 1), encoding="utf-8"
    )
    with pytest.raises(BadScenario, match=r"exchanges\.\d+\.does\.\d+"):
        load_dialogue(path)


@pytest.mark.parametrize("unseen", ["\\e[31m", "\\u202e"])
def test_what_would_steer_a_terminal_or_hide_is_refused(copy: Path, unseen: str) -> None:
    dialogue = next(copy.parent.glob("dialogues/1-*.yaml"))
    line = edit(dialogue, '"Somebody ought to be."', f'"Somebody {unseen} ought to be."')
    (found,) = problems(dialogue, Dialogue)
    assert found.startswith(f"{dialogue}:{line}: exchanges.")
    assert "cannot be seen" in found


def test_a_name_that_is_not_there_gets_a_guess() -> None:
    with pytest.raises(BadScenario, match="did you mean shoplifting-detention"):
        load("shoplifting")


def test_surprise_is_the_same_for_the_same_seed() -> None:
    loaded = list(all_scenarios())
    assert surprise(loaded, 5).id == surprise(loaded, 5).id
    assert len({surprise(loaded, seed).id for seed in range(30)}) > 10
    with pytest.raises(BadScenario):
        surprise([], 1)


def test_their_own_library_stands_beside_ours(home: Path) -> None:
    own = home / "data" / "scenarios" / "my-scene"
    shutil.copytree(LIBRARY / ID, own)
    edit(own / "scenario.yaml", f"id: {ID}", "id: my-scene")
    assert load("my-scene").path == own / "scenario.yaml"
