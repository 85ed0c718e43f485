"""`bench score`: what counts as text, a planted worse model, like with like only."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.commands import bench
from benchmark.errors import BadBenchmarkInput
from benchmark.generate_record import Generation, Manifest, ReplyRecord, append, begin, writing
from benchmark.generate_workload import Dialogues, dialogues
from benchmark.runfile import Model, RunFile, read_run
from benchmark.score import Options, score
from benchmark.score_paired import paired, refuse_unlike

pytest.importorskip("rouge_score", reason="needs the bench extra: pip install -e '.[bench]'")
pytest.importorskip("sacrebleu", reason="needs the bench extra: pip install -e '.[bench]'")
pytest.importorskip("nltk", reason="needs the bench extra: pip install -e '.[bench]'")
pytest.importorskip("sklearn", reason="needs the bench extra: pip install -e '.[bench]'")

QUICK = Options(bertscore="none")


@pytest.fixture(scope="module")
def asked() -> Dialogues:
    return dialogues("library", 120)


def generation(
    folder: Path, asked: Dialogues, replies: list[ReplyRecord], model: str = "m", **changes: object
) -> Generation:
    """A folder with these replies, as `generate` writes one."""
    manifest = Manifest(
        id="0" * 32,
        began_at="2026-01-01T00:00:00+00:00",
        mode="teacher-forced",
        setting="fixed",
        repeated=False,
        decoding={"temperature": 0.6},
        seed=0,
        workload=asked.identity,
        asked=len(asked.asked),
        model=Model(id=model, file=f"{model}.gguf", sha256=model.ljust(64, "0"), bytes=1),
        speaker={"speaker": "gguf"},
        device={"in_words": "a machine"},
        runtime={"packages": {}},
    ).model_copy(update=changes)
    with writing(folder):
        made = begin(folder, manifest, asked)
        with (folder / "replies.jsonl").open("a", encoding="utf-8") as stream:
            for reply in replies:
                append(stream, reply)
                made.replies[reply.number] = reply
    return made


def real(asked: Dialogues) -> list[str]:
    return [asked.conversations[a.conversation].turns[a.turn].civilian for a in asked.asked]


def said(texts: list[str], loss: float = 2.0) -> list[ReplyRecord]:
    return [
        ReplyRecord(n, text=text, raw=text, real_log_probability=-loss * 10, real_tokens=10)
        for n, text in enumerate(texts)
    ]


def worn(texts: list[str], share: float) -> list[str]:
    """Each text with a share of its words taken from another."""
    draw = random.Random(4)
    others = texts[1:] + texts[:1]
    return [
        " ".join(
            draw.choice(other.split()) if draw.random() < share else word for word in text.split()
        )
        for text, other in zip(texts, others, strict=True)
    ]


@pytest.fixture(scope="module")
def perfect(asked: Dialogues, tmp_path_factory: pytest.TempPathFactory) -> RunFile:
    folder = tmp_path_factory.mktemp("perfect") / "g"
    return score(generation(folder, asked, said(real(asked)), "perfect"), QUICK)


@pytest.fixture(scope="module")
def good(asked: Dialogues, tmp_path_factory: pytest.TempPathFactory) -> RunFile:
    folder = tmp_path_factory.mktemp("good") / "g"
    return score(generation(folder, asked, said(worn(real(asked), 0.3)), "good"), QUICK)


def test_the_real_replies_themselves_are_the_best_there_is(perfect: RunFile) -> None:
    value = {figure.name: figure.value for figure in perfect.figures}
    assert value["rouge_l"] == 100
    assert value["bleu4_script"] == pytest.approx(100)
    assert value["bleu4_corpus"] == pytest.approx(100)
    assert value["meteor"] is not None
    assert 85 < value["meteor"] < 100  # one word that is the same scores 50
    assert value["perplexity"] == pytest.approx(7.389056, rel=1e-5)
    assert value["reply_words_ratio"] == 1
    assert value["word_distance"] == pytest.approx(0, abs=1e-9)
    assert value["distinct_2"] == value["real_distinct_2"]
    assert value["fact_used_rate"] == value["real_fact_used_rate"]
    assert value["contradiction_rate"] == 0
    assert value["auc_real"] == pytest.approx(0.5, abs=1e-6)
    assert value["failed"] == 0


def test_every_figure_has_its_interval_and_each_turn_its_sample(good: RunFile) -> None:
    n = len(good.samples["turn"])
    assert n == 120 == len(good.clusters)
    for figure in good.figures:
        if figure.value is not None and figure.name not in ("failed", "answered"):
            assert figure.low is not None, figure.name
            assert figure.low <= figure.value <= figure.high, figure.name
    assert all(len(column) == n for column in good.samples.values())
    assert "rough" in " ".join(good.notes)  # four scenarios are few


def test_failures_are_counted_and_never_scored_as_text(asked: Dialogues, tmp_path: Path) -> None:
    replies = said(real(asked))
    for at in (3, 50):
        replies[at] = ReplyRecord(at, error="no answer within 120 s")
    found = score(generation(tmp_path / "g", asked, replies), QUICK)
    assert found.figure("failed").value == 2
    assert found.figure("rouge_l").n == 118
    assert found.figure("rouge_l").value == 100
    assert 3.0 not in found.samples["turn"]


def test_an_empty_reply_is_an_answer_and_a_bad_one(asked: Dialogues, tmp_path: Path) -> None:
    texts = real(asked)
    texts[:30] = [""] * 30
    found = score(generation(tmp_path / "g", asked, said(texts)), QUICK)
    assert found.figure("empty_rate").value == 25
    assert found.figure("rouge_l").value == pytest.approx(75)


def test_a_planted_worse_model_is_caught_and_the_same_model_is_not(
    asked: Dialogues, good: RunFile, tmp_path: Path
) -> None:
    worse = score(generation(tmp_path / "w", asked, said(worn(real(asked), 0.6), 2.5), "w"), QUICK)
    found = {row.name: row for row in paired(good, worse)}
    for name in ("rouge_l", "bleu4_script", "bleu4_corpus", "meteor", "perplexity"):
        assert found[name].verdict == "worse", found[name]
    assert found["perplexity"].difference == pytest.approx(2.718281828**0.5, rel=1e-4)
    assert found["rouge_l"].sources == 4
    assert found["rouge_l"].p == pytest.approx(2 / 2**4)  # four scenarios: no smaller p there is
    assert {row.verdict for row in paired(good, good)} == {"no difference shown"}


def test_an_assistant_and_a_parrot_are_seen(asked: Dialogues, tmp_path: Path) -> None:
    assistant = said(["I'm here to help. How can I assist you today?"] * 120)
    found = score(generation(tmp_path / "a", asked, assistant), QUICK)
    assert found.figure("assistant_voice_rate").value == 100
    assert found.figure("auc_real").value > 0.95
    parrot = score(generation(tmp_path / "p", asked, said(["No, sir."] * 120)), QUICK)
    assert parrot.figure("top10_share").value == 100
    assert parrot.figure("short_share").value == 100
    assert parrot.figure("distinct_2").value < 0.05


def test_unlike_is_not_compared_and_the_reason_is_said(
    asked: Dialogues, good: RunFile, tmp_path: Path
) -> None:
    replies = said(real(asked))
    other = generation(tmp_path / "o", asked, replies, decoding={"temperature": 0.9})
    with pytest.raises(BadBenchmarkInput, match="not alike in decoding"):
        paired(good, score(other, QUICK))
    fewer = dialogues("library", 60)
    short = generation(tmp_path / "s", fewer, replies[:60])
    with pytest.raises(BadBenchmarkInput, match="not asked the same: workload"):
        paired(good, score(short, QUICK))
    # and `bench score` says so before it scores anything
    with pytest.raises(BadBenchmarkInput, match="not asked the same: workload"):
        refuse_unlike(other.manifest, short.manifest)
    with pytest.raises(BadBenchmarkInput, match="not alike in decoding"):
        refuse_unlike(generation(tmp_path / "n", asked, replies).manifest, other.manifest)


def test_a_quantisations_own_figures_come_from_export_verify(
    asked: Dialogues, tmp_path: Path
) -> None:
    rows = [{"file": "m.gguf", "mean_kl": 0.012, "same_top": 0.93}]
    (tmp_path / "verify.json").write_text(json.dumps({"quantisations": rows}))
    made = generation(tmp_path / "g", asked, said(real(asked)))
    found = score(made, replace(QUICK, verify=tmp_path / "verify.json"))
    assert found.figure("mean_kl").value == 0.012
    assert found.figure("same_top").value == 93
    (tmp_path / "verify.json").write_text(json.dumps({"quantisations": [{"file": "x.gguf"}]}))
    with pytest.raises(BadBenchmarkInput, match=r"says nothing of m\.gguf; it has x\.gguf"):
        score(made, replace(QUICK, verify=tmp_path / "verify.json"))


def test_what_cannot_be_computed_here_is_said(asked: Dialogues, tmp_path: Path) -> None:
    made = generation(tmp_path / "g", asked, said(real(asked)))
    found = score(made, Options(bertscore=str(tmp_path / "no-weights")))
    figure = found.figure("bertscore_f1")
    assert figure.value is None
    assert figure.source == "none"
    assert "no such folder" in figure.note


def test_the_command_writes_run_files_and_compares(asked: Dialogues, tmp_path: Path) -> None:
    generation(tmp_path / "a", asked, said(worn(real(asked), 0.3)), "a")
    generation(tmp_path / "b", asked, said(worn(real(asked), 0.6)), "b")
    words = ["score", str(tmp_path / "a"), str(tmp_path / "b"), "--bertscore", "none"]
    done = CliRunner().invoke(bench, [*words, "--out", str(tmp_path / "runs"), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    runs = [read_run(Path(one["run_file"])) for one in told["scores"]]
    assert [run.models[0].id for run in runs] == ["a", "b"]
    assert all(run.kind == "score" for run in runs)
    rows = {row["name"]: row["verdict"] for row in told["paired_with_first"][0]}
    assert rows["rouge_l"] == "worse"
    # Run files stand in the place of folders, and nothing is scored again.
    paths = [one["run_file"] for one in told["scores"]]
    again = CliRunner().invoke(bench, ["score", *paths])
    assert again.exit_code == 0, again.output
    assert "b against a, the same turns" in again.stdout
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_what_is_no_generation_is_one_line_and_exit_2(asked: Dialogues, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    generation(tmp_path / "failed", asked, [ReplyRecord(0, error="down")])
    for place, why in (
        (tmp_path / "empty", "holds no generation"),
        (tmp_path / "nowhere", "cannot be read"),
        (tmp_path / "failed", "no turn was answered"),
    ):
        done = CliRunner().invoke(bench, ["score", str(place), "--out", str(tmp_path / "runs")])
        assert getattr(done.exception, "exit_code", done.exit_code) == 2
        assert why in str(done.exception)
    assert not (tmp_path / "runs").exists()
