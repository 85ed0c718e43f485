"""Review without a screen: the trail, what raters decide together, and how far they agree."""

import json
import multiprocessing
from pathlib import Path

import pytest

from scenarios.corpus.review.agreement import (
    against_filter,
    agreements,
    cohen_kappa,
    krippendorff_alpha,
)
from scenarios.corpus.review.desk import Desk
from scenarios.corpus.review.opinions import joint, opinions_of
from scenarios.corpus.review.trail import Trail
from scenarios.corpus.review.waiting import flips_needed, waiting
from scenarios.corpus.run import Run, write_json
from scenarios.errors import BadScenario
from tests.corpus.review_run import made_run, say_otherwise


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_run(tmp_path)


def desk(run: Run, rater: str, settling: bool = False) -> Desk:
    return Desk(run, waiting(run), rater, settling)


def test_kappa_of_the_textbook_table() -> None:
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)


def test_alpha_of_krippendorffs_own_example_with_missing_values() -> None:
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", part C: nominal, 0.743."""
    data = {
        "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    }
    units = [
        {who: values[i] for who, values in data.items() if values[i] is not None} for i in range(12)
    ]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_agreement_is_undefined_where_only_one_value_was_used() -> None:
    assert cohen_kappa([("a", "a")] * 5) is None
    assert krippendorff_alpha([{"x": "a", "y": "a"}] * 5) is None


def test_fewest_flips() -> None:
    rule = "police >= 2 and (up >= 3 or down >= 3)"
    sizes = {"police": 6, "up": 6, "down": 6}
    assert flips_needed(rule, {"police": 2, "up": 3, "down": 0}, sizes) == 1
    assert flips_needed(rule, {"police": 4, "up": 5, "down": 4}, sizes) == 3
    assert flips_needed(rule, {"police": 6, "up": 6, "down": 6}, sizes) is None


def test_the_most_uncertain_comes_first_and_a_judge_that_differs_makes_it_so(run: Run) -> None:
    before = waiting(run)
    assert [item.uncertainty for item in before] == sorted(
        (item.uncertainty for item in before), reverse=True
    )
    last = before[-1]
    answer = {"judge": "some model", "accepted": not last.accepted}
    write_json(run.folder / "annotations" / "some-model" / f"{last.source}.json", answer)
    first = waiting(run)[0]
    assert (first.source, first.judges) == (last.source, {"some model": not last.accepted})


def test_review_goes_on_where_it_stopped(run: Run) -> None:
    one = desk(run, "anna")
    source = one.item.source
    one.decide("accept")
    again = desk(run, "Anna ")
    assert (again.rater, again.done) == ("anna", 1)
    assert again.item.source != source


def test_undo_takes_back_the_last_act_also_in_a_later_sitting(run: Run) -> None:
    one = desk(run, "anna")
    source, label = one.item.source, one.speakers()[0].label
    one.fix(label, "narrator")
    one.decide("reject")
    again = desk(run, "anna")
    assert again.undo() is not None
    assert again.item.source == source
    assert again.done == 0
    assert again.role_of(label) == "narrator"
    assert again.undo() is not None
    assert again.role_of(label) != "narrator"
    assert again.undo() is None
    assert json.loads((run.folder / "review" / "decisions.json").read_text()) == {}
    assert [act.action for act in Trail(run.folder).acts()] == [
        "role", "reject", "undo", "undo",
    ]  # fmt: skip


def test_publish_reads_what_raters_decided(run: Run) -> None:
    one = desk(run, "anna")
    source, label = one.item.source, one.speakers()[0].label
    one.fix(label, "dispatcher")
    one.decide("reject")
    decision = run.decisions()[source]
    assert (decision.verdict, decision.roles[label]) == ("reject", "dispatcher")


def test_even_raters_leave_it_to_the_filter_until_somebody_settles(run: Run) -> None:
    first, second = desk(run, "anna"), desk(run, "ben")
    source = first.item.source
    first.decide("accept")
    second.decide("reject")
    assert run.decisions()[source].verdict is None
    third = desk(run, "carla", settling=True)
    assert [item.source for item in third.items] == [source]
    assert {rater: o.verdict for rater, o in third.others().items()} == {
        "anna": "accept",
        "ben": "reject",
    }
    third.decide("reject")
    assert run.decisions()[source].verdict == "reject"
    with pytest.raises(BadScenario, match="nothing to settle"):
        desk(run, "dora", settling=True)
    raters = {
        rater for one in agreements(opinions_of(Trail(run.folder).acts())) for rater in one.raters
    }
    assert raters == {"anna", "ben"}  # a final word, said with theirs in view, is no rating


def test_agreement_of_two_raters_and_with_the_filter(run: Run) -> None:
    for rater, verdicts in {"anna": "aar", "ben": "aaa"}.items():
        one = desk(run, rater)
        for word in verdicts:
            one.decide("accept" if word == "a" else "reject")
    opinions = opinions_of(Trail(run.folder).acts())
    found = {(a.what, a.measure): a for a in agreements(opinions)}
    assert found["verdict", "Cohen's kappa"].value == 0.0
    assert found["verdict", "Cohen's kappa"].same == pytest.approx(2 / 3)
    assert found["role", "Cohen's kappa"].value == 1.0
    proposed = {item.source: item.accepted for item in waiting(run)}
    assert {a.raters for a in against_filter(opinions, proposed)} == {
        ("anna", "the filter"),
        ("ben", "the filter"),
    }


def test_a_text_that_changed_is_looked_at_again(run: Run) -> None:
    one = desk(run, "anna")
    source = one.item.source
    one.decide("accept")
    say_otherwise(run, source, "?", "?!")
    again = desk(run, "anna")
    assert again.done == 0
    again.go([item.source for item in again.items].index(source))
    assert again.changed_since
    assert run.decisions()[source].verdict == "accept"  # it stands until it is judged again


def test_half_a_line_of_a_killed_process_is_no_harm(run: Run) -> None:
    trail = Trail(run.folder)
    trail.append("anna", "note", "stop", note="first")
    with trail.path.open("ab") as stream:
        stream.write(b'{"number": 2, "at": "2026')
    assert [act.note for act in trail.acts()] == ["first"]
    trail.append("anna", "note", "stop", note="second")
    assert [(act.number, act.note) for act in trail.acts()] == [(1, "first"), (2, "second")]


@pytest.mark.parametrize("tamper", ["edit", "cut", "rubbish"])
def test_an_edited_trail_is_refused(run: Run, tamper: str) -> None:
    trail = Trail(run.folder)
    for number in range(3):
        trail.append("anna", "note", "stop", note=f"note {number}")
    lines = trail.path.read_bytes().splitlines(keepends=True)
    if tamper == "edit":
        lines[0] = lines[0].replace(b"note 0", b"NOTE 0")
    elif tamper == "cut":
        del lines[1]
    else:
        lines[1] = b"rubbish\n"
    trail.path.write_bytes(b"".join(lines))
    with pytest.raises(BadScenario, match=r"trail.jsonl:\d"):
        trail.acts()


def _write_many(folder: Path, rater: str) -> None:
    for number in range(15):
        Trail(folder).append(rater, "note", "stop", note=str(number))


def test_two_raters_at_once_lose_nothing(run: Run) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(_write_many, [(run.folder, "anna"), (run.folder, "ben")])
    acts = Trail(run.folder).acts()
    assert [act.number for act in acts] == list(range(1, 31))
    for rater in ("anna", "ben"):
        assert [a.note for a in acts if a.rater == rater] == [str(n) for n in range(15)]


def test_majority_decides_roles_speaker_by_speaker(run: Run) -> None:
    for rater, role in {"anna": "narrator", "ben": "narrator", "carla": "unknown"}.items():
        one = desk(run, rater)
        label = one.speakers()[0].label
        source = one.item.source
        one.fix(label, role)  # type: ignore[arg-type]
        one.decide("accept")
    together = joint(opinions_of(Trail(run.folder).acts())[source])
    assert together is not None
    assert (together.roles[label], together.disputed) == ("narrator", [label])
