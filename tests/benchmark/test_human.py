"""Rating packs: blind, rated in the terminal and in a file, imported with agreement; what does not fit is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmark.commands import bench
from benchmark.errors import BadBenchmarkInput
from benchmark.human_pack import Key, Pack, make_pack, read_key, read_pack
from benchmark.human_rate import read_ratings
from benchmark.runfile import runs_in
from tests.benchmark.made_runs import a_generation, a_model


def said(conversation: int, turn: int) -> str:
    return f"Generated answer {turn} of {conversation}."


def run_human(*words: object, typed: str = "") -> Result:
    return CliRunner().invoke(bench, ["human", *map(str, words)], input=typed)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A pack of twelve, half real, in `pack`; its key beside it."""
    a_generation(tmp_path / "g", said, mode="teacher-forced")
    words = ("pack", tmp_path / "g", "--items", 12, "--out", tmp_path / "pack")
    done = run_human(*words, "--key", tmp_path / "key.json")
    assert done.exit_code == 0, done.output
    return tmp_path


def parts(packed: Path) -> tuple[Pack, Key]:
    return read_pack(packed / "pack"), read_key(packed / "key.json")


def write_ratings(packed: Path, rater: str, wrong: int = 0) -> Path:
    """A rater who is right about all but `wrong` items."""
    pack, key = parts(packed)
    ratings = []
    for number, item in enumerate(pack.items):
        real = (key.items[item.id].model is None) != (number < wrong)
        ratings.append(
            {"item": item.id, "realism": 80 if real else 30, "real": real, "comment": ""}
        )
    path = packed / f"{rater}.json"
    path.write_text(json.dumps({"pack": pack.id, "rater": rater, "ratings": ratings}))
    return path


def test_a_pack_is_blind_balanced_and_holds_no_turn_twice(packed: Path) -> None:
    pack, key = parts(packed)
    assert sum(item.model is None for item in key.items.values()) == 6
    places = {(line.text for line in item.context[-1:]) for item in pack.items}
    assert len({item.context[-1].text for item in pack.items}) == len(places) == 12
    handed_out = "".join(path.read_text() for path in (packed / "pack").iterdir())
    for secret in ("civilian-Q4_0", "sha of civilian", '"model"', "scenario-0", "talk-"):
        assert secret not in handed_out
    assert (packed / "key.json").stat().st_mode & 0o077 == 0
    for item in pack.items:
        generated = item.reply.startswith("Generated")
        assert generated == (key.items[item.id].model == 0)


def test_the_page_holds_the_items_as_data_and_opens_nothing(packed: Path) -> None:
    page = (packed / "pack/form.html").read_text()
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|<link|src=", page)
    data = re.search(r'<script id="pack" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert data
    assert Pack.model_validate(json.loads(data[1])) == parts(packed)[0]


def test_words_that_would_end_the_script_stay_data(tmp_path: Path) -> None:
    evil = "Sure</script><script>alert(1)</script>, officer."
    generation = a_generation(tmp_path / "g", lambda _c, _t: evil, mode="teacher-forced")
    from benchmark.human_form import as_page

    pack, _ = make_pack([generation], 4, 1, "A </title><script>alert(2)</script>")
    page = as_page(pack)
    assert "<script>alert" not in page
    assert page.count("</script>") == 2


def test_rating_in_the_terminal_is_kept_and_gone_on_with(packed: Path) -> None:
    first = run_human(
        *("rate", packed / "pack", "--rater", "kim"),
        typed="101\n70\ny\nplain\n20\nn\n\nq\n",
    )
    assert first.exit_code == 0, first.output
    assert "0 to 100" in first.output  # 101 was asked again
    assert "2 of 12 rated" in first.output
    second = run_human(
        *("rate", packed / "pack", "--rater", "kim"),
        typed="b\n90\ny\nsecond thought\nq\n",
    )
    assert "--- 3 of 12 ---" in second.output
    pack, _ = parts(packed)
    kept = read_ratings(packed / "pack/ratings-kim.json", pack).ratings
    assert [(r.realism, r.real, r.comment) for r in kept] == [
        (70, True, "plain"),
        (90, True, "second thought"),
    ]


def test_ratings_come_in_with_intervals_and_agreement(packed: Path) -> None:
    files = [write_ratings(packed, "kim"), write_ratings(packed, "lee", wrong=3)]
    words = ("import", packed / "pack", *files, "--key", packed / "key.json")
    done = run_human(*words, "--out", packed / "runs", "--json")
    assert done.exit_code == 0, done.output
    ((_, run),) = runs_in(packed / "runs")
    assert run.kind == "human"
    assert run.models[0].file == "civilian-Q4_0.gguf"
    assert len(run.samples["realism"]) == len(run.clusters) == 6
    realism = run.figure("realism")
    assert realism.low is not None
    assert realism.high is not None
    assert realism.low <= (realism.value or 0) <= realism.high
    pack, key = parts(packed)
    wrong_generated = sum(key.items[i.id].model == 0 for i in pack.items[:3])
    assert run.figure("taken_for_real").value == pytest.approx(wrong_generated / 12, abs=1e-3)
    assert run.figure("kappa_real:kim:lee").value == pytest.approx(0.5, abs=0.05)
    assert 0 < (run.figure("alpha_real").value or 0) < 1
    assert run.figure("told_apart").value == pytest.approx(21 / 24, abs=1e-3)


def test_two_models_in_one_pack_make_a_run_each(tmp_path: Path) -> None:
    for name in ("base", "tuned"):
        a_generation(tmp_path / name, said, mode="teacher-forced", model=a_model(name))
    words = ("pack", tmp_path / "base", tmp_path / "tuned", "--items", 12)
    done = run_human(*words, "--out", tmp_path / "pack", "--key", tmp_path / "key.json")
    assert done.exit_code == 0, done.output
    rated = write_ratings(tmp_path, "kim")
    words = ("import", tmp_path / "pack", rated, "--key", tmp_path / "key.json")
    assert run_human(*words, "--out", tmp_path / "runs").exit_code == 0
    assert {run.models[0].id for _, run in runs_in(tmp_path / "runs")} == {"base", "tuned"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pack": "another"}, "another pack"),
        ({"ratings": [{"item": "nowhere", "realism": 1, "real": True}]}, "no item 'nowhere'"),
        ({"ratings": [{"item": "x", "realism": 101, "real": True}]}, "less than or equal to 100"),
        ({"ratings": [{"item": "x", "realism": 5, "real": "yes"}]}, "valid boolean"),
        ({"rater": ""}, "rater"),
    ],
)
def test_ratings_that_do_not_fit_are_refused(
    packed: Path, change: dict[str, object], says: str
) -> None:
    path = write_ratings(packed, "kim")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BadBenchmarkInput, match=says):
        read_ratings(path, parts(packed)[0])


def test_the_key_is_not_handed_out_and_a_pack_is_not_changed(packed: Path) -> None:
    words = ("pack", packed / "g", "--items", 4, "--out", packed / "other")
    inside = run_human(*words, "--key", packed / "other/key.json")
    assert "must not lie in the folder" in str(inside.exception)
    assert not (packed / "other").exists()
    again = run_human(
        *("pack", packed / "g", "--items", 4, "--out", packed / "pack", "--key", packed / "k2.json")
    )
    assert "not changed" in str(again.exception)


def test_free_running_or_too_few_replies_make_no_pack(tmp_path: Path) -> None:
    free = a_generation(tmp_path / "free", said)
    with pytest.raises(BadBenchmarkInput, match="teacher-forced"):
        make_pack([free], 4, 1, "")
    few = a_generation(tmp_path / "few", said, mode="teacher-forced", conversations=1)
    with pytest.raises(BadBenchmarkInput, match="only 4 turns"):
        make_pack([few], 10, 1, "")
