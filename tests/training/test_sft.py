"""Training itself, on a tiny model: the same probabilities as in play, the same curve after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from training.data import prepare
from training.errors import BadRecipe
from training.layout import layouts
from training.recipe import Recipe
from training.rows import Conversation, Turn

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.slow

Make = Callable[..., dict[str, Any]]

TALK = Conversation(
    "t#0",
    "corpus",
    "t",
    "train",
    "You are Dana.",
    (
        Turn("Hi.", "(Calm.)", "Hello."),
        Turn("What happened?", "(Upset. May say: It broke.)", "It broke, okay?"),
        Turn("I see.", "(Calm.)", "Thanks."),
    ),
)


def train(recipe: dict[str, Any], data: Path, out: Path, *options: str) -> dict[str, Any]:
    """`deescal train`, in this process; the run's log."""
    from training.commands import train as train_command

    path = out.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(recipe))
    told = [str(path), "--data", str(data), "--out", str(out), *options]
    train_command.main(told, standalone_mode=False)
    found: dict[str, Any] = json.loads((out / "run.json").read_text())
    return found


def command(recipe: Path, data: Path, out: Path) -> list[str]:
    """The same in a process of its own, which can be killed."""
    code = (
        "from training.commands import train; import sys; "
        "train.main(sys.argv[1:], standalone_mode=False)"
    )
    told = [str(recipe), "--data", str(data), "--out", str(out)]
    return [sys.executable, "-c", code, *told]


def test_branches_give_the_probabilities_of_play(tiny_base: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.base import speech_of
    from training.packs import batch_of
    from training.trainer import _additive

    speech = speech_of(AutoTokenizer.from_pretrained(tiny_base))
    model = AutoModelForCausalLM.from_pretrained(tiny_base).eval()
    (layout,) = layouts(TALK, speech, 512, "newest")
    batch = batch_of([layout, layout])
    with torch.no_grad():
        logits = model(
            input_ids=batch["input_ids"],
            position_ids=batch["position_ids"],
            attention_mask=_additive(batch["attention_mask"], torch.float32),
        ).logits[0]
    wanted = [i for i, target in enumerate(layout.targets) if target >= 0]
    packed = [
        torch.log_softmax(logits[i + offset], -1)[layout.targets[i]].item()
        for offset in (0, len(layout))
        for i in wanted
    ]
    played: list[float] = []
    before = [*speech.head, *speech.said(TALK.system), *speech.to_officer]
    for turn in TALK.turns:
        prompt = [
            *before, *speech.said(turn.officer), *speech.direction(turn), *speech.to_civilian
        ]  # fmt: skip
        reply = [*speech.said(turn.civilian), speech.end_of_turn]
        with torch.no_grad():
            row = model(input_ids=torch.tensor([prompt + reply])).logits[0]
        chances = torch.log_softmax(row, -1)
        played += [chances[len(prompt) - 1 + n, token].item() for n, token in enumerate(reply)]
        before += [*speech.said(turn.officer), *speech.to_civilian]
        before += [*speech.said(turn.civilian), *speech.next_officer]
    assert packed == pytest.approx(played * 2, abs=1e-4)


def test_attention_without_what_nobody_sees_is_the_same_attention(tiny_base: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.attention import SPLIT, sights
    from training.base import speech_of
    from training.packs import batch_of
    from training.trainer import _additive

    speech = speech_of(AutoTokenizer.from_pretrained(tiny_base))
    model = AutoModelForCausalLM.from_pretrained(tiny_base, attn_implementation="sdpa")
    (layout,) = layouts(TALK, speech, 512, "newest")
    (plain,) = layouts(TALK, speech, 512, "none")
    batch = batch_of([layout, plain, layout])

    def losses_and_gradients(**sees: Any) -> Any:
        model.zero_grad()
        out = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], **sees)
        rows = out.logits.log_softmax(-1)[batch["labels"] >= 0]
        rows.sum().backward()
        return rows.detach(), [p.grad.clone() for p in model.parameters() if p.grad is not None]

    mask = _additive(batch["attention_mask"], torch.float32)
    rows, gradients = losses_and_gradients(attention_mask=mask)
    model.set_attn_implementation(SPLIT)
    sight = sights(batch["owners"][0], batch["branches"][0])
    split, split_gradients = losses_and_gradients(
        attention_mask=batch["attention_mask"], sight=sight
    )
    assert torch.allclose(rows, split, atol=1e-4)
    for one, other in zip(gradients, split_gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_it_learns_and_the_log_says_how(
    tiny_recipe: Make, corpus: Callable[..., Path], tmp_path: Path
) -> None:
    log = train(tiny_recipe(), corpus(train=12), tmp_path / "run")
    assert log["dev"][-1]["loss"] < log["dev"][0]["loss"]
    assert log["dev"][0]["step"] == 0
    assert len(log["losses"]) == 6
    assert log["versions"]["torch"]
    assert log["tokens_per_s"] > 0
    assert log["finished"]
    assert (tmp_path / "run" / "loss.svg").read_text().startswith("<svg")
    base = Path(tiny_recipe()["base"]["folder"])
    frozen = _weights(base)["model.embed_tokens.weight"]
    assert torch.equal(_weights(tmp_path / "run" / "model")["model.embed_tokens.weight"], frozen)


def test_a_killed_run_goes_on_with_the_same_loss_curve(
    tiny_recipe: Make, corpus: Callable[..., Path], tmp_path: Path
) -> None:
    data = corpus(train=12)
    whole = train(tiny_recipe(), data, tmp_path / "whole")
    out = tmp_path / "killed"
    path = tmp_path / "killed.yaml"
    path.write_text(yaml.safe_dump(tiny_recipe()))
    process = subprocess.Popen(
        command(path, data, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (out / "checkpoint-4" / "trainer_state.json").is_file() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if (out / "model").is_dir():
        pytest.fail("the run ended before it could be killed")
    (out / "checkpoint-5").mkdir()  # killed while it was written
    (out / "checkpoint-5" / "model.safetensors").write_bytes(b"half")
    resumed = train(tiny_recipe(), data, out, "--resume")
    assert resumed["resumed_at"] in ([2], [4])
    assert [row[0] for row in resumed["losses"]] == [1, 2, 3, 4, 5, 6]
    ours = [row[1] for row in resumed["losses"]]
    assert ours == pytest.approx([row[1] for row in whole["losses"]], abs=1e-5)
    mine, theirs = _weights(out / "model"), _weights(tmp_path / "whole" / "model")
    assert all(torch.allclose(mine[name], theirs[name], atol=1e-6) for name in theirs)


def test_a_run_is_continued_with_what_it_was_begun_with(
    tiny_recipe: Make, corpus: Callable[..., Path], tmp_path: Path
) -> None:
    from training.sft import train as run

    data, out = corpus(), tmp_path / "run"
    first = Recipe.model_validate(tiny_recipe() | {"seed": 1})
    prepared = prepare(first, data)
    run(first, prepared, out, resume=False)
    with pytest.raises(BadRecipe, match="holds a run already; add --resume"):
        run(first, prepared, out, resume=False)
    with pytest.raises(BadRecipe, match="that run is finished"):
        run(first, prepared, out, resume=True)


def test_a_second_course_begins_where_the_first_ended(
    tiny_recipe: Make, corpus: Callable[..., Path], tmp_path: Path
) -> None:
    data = corpus(train=12)
    first = train(tiny_recipe(), data, tmp_path / "first")
    again = tiny_recipe(name="second")
    second = train(again, data, tmp_path / "second", "--from", str(tmp_path / "first"))
    best = min(score["loss"] for score in first["dev"])
    assert second["dev"][0]["loss"] == pytest.approx(best, abs=1e-3)
    assert f"then tiny (recipe {first['recipe_sha256'][:12]}" in second["base"]


def test_a_lora_leaves_the_base_as_it_is(
    tiny_recipe: Make, corpus: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = tiny_recipe(method={"kind": "lora", "lora": {"rank": 4, "alpha": 8}})
    log = train(recipe, corpus(train=12), tmp_path / "run")
    assert log["dev"][-1]["loss"] < log["dev"][0]["loss"]
    names = {name.split(".")[-3] for name in _weights(tmp_path / "run" / "model")}
    assert names == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_two_processes_train_one_model(
    tiny_recipe: Make, corpus: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe()))
    script = tmp_path / "go.py"
    script.write_text("from training.commands import train\ntrain()\n")
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"]
    launch += [
        "--num_processes",
        "2",
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
    ]
    out = tmp_path / "run"
    told = [str(script), str(recipe), "--data", str(corpus(train=16)), "--out", str(out)]
    said = subprocess.run(
        [*launch, *told],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {
            "ACCELERATE_USE_CPU": "true",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
    )
    assert said.returncode == 0, said.stderr[-2000:]
    log = json.loads((out / "run.json").read_text())
    assert log["processes"] == 2
    assert log["dev"][-1]["loss"] < log["dev"][0]["loss"]
    assert said.stdout.count("recipe   tiny") == 1  # only the first process talks


def test_own_words_are_drawn_kept_and_lowered(
    tiny_recipe: Make, tiny_base: Path, corpus: Callable[..., Path], tmp_path: Path
) -> None:
    """From the mean of two runs. What is in own.jsonl is not drawn again, and becomes less likely."""
    from transformers import AutoTokenizer

    from training.base import speech_of

    data = corpus(train=12)
    steps = {"learning_rate": 0.02, "epochs": 40, "max_steps": 40, "tokens_per_batch": 512}
    learn = {"method": {"kind": "full"}, "optimisation": steps}
    for seed in range(2):
        train(tiny_recipe(seed=seed, **learn), data, tmp_path / f"course{seed}")
    starts = [f"--from={tmp_path / name}" for name in ("course0", "course1")]
    asked = {"replies": 12, "max_new_tokens": 40}

    first = tiny_recipe(own_words=asked | {"weight": 1e-6}, **learn)
    log = train(first, data, tmp_path / "drawn", *starts)
    assert log["base"].count(", then tiny") == 2
    head, *rows = map(json.loads, (tmp_path / "drawn" / "own.jsonl").read_text().splitlines())
    assert sum(len(row["said"]) for row in rows) >= 12

    speech = speech_of(AutoTokenizer.from_pretrained(tiny_base))
    dull = [*speech.said("No, sir."), speech.end_of_turn]
    planted = [head, *({"id": row["id"], "said": [[0, dull]]} for row in rows)]
    (tmp_path / "lowered").mkdir()
    second = tiny_recipe(own_words=asked | {"replies": len(rows), "weight": 20.0}, **learn)
    head["asked"]["replies"] = len(rows)
    (tmp_path / "lowered" / "own.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in planted)
    )
    with (tmp_path / "lowered" / "own.jsonl").open("a") as stream:
        stream.write('{"id": "x#0", "sa')  # a run was killed here
    train(second, data, tmp_path / "lowered", *starts)
    assert len((tmp_path / "lowered" / "own.jsonl").read_text().splitlines()) == 1 + len(rows)
    talk = prepare(Recipe.model_validate(second), data).train[0]
    before, after = (_log_p(tmp_path / name, talk, dull) for name in ("drawn", "lowered"))
    assert after < before - 1.0


def _log_p(out: Path, talk: Conversation, reply: list[int]) -> float:
    """Mean ln p of a reply's tokens at the first turn."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.base import speech_of

    model = AutoModelForCausalLM.from_pretrained(out / "model", dtype=torch.float32)
    speech = speech_of(AutoTokenizer.from_pretrained(out / "model"))
    ids = [*speech.head, *speech.said(talk.system), *speech.to_officer]
    ids += [*speech.said(talk.turns[0].officer), *speech.direction(talk.turns[0])]
    ids += speech.to_civilian
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids + reply])).logits[0, len(ids) - 1 : -1]
    return float(torch.log_softmax(logits, -1)[range(len(reply)), reply].mean())


def test_the_preference_stage_prefers_the_real_reply(
    tiny_recipe: Make, corpus: Callable[..., Path], tmp_path: Path
) -> None:
    data = corpus(train=12)
    train(tiny_recipe(), data, tmp_path / "sft")
    recipe = tiny_recipe(
        stage="dpo",
        method={"kind": "lora", "lora": {"rank": 4, "alpha": 8, "dropout": 0.0}},
        preference={"beta": 0.5, "pairs": 6, "max_new_tokens": 8},
    )
    log = train(recipe, data, tmp_path / "dpo", "--from", str(tmp_path / "sft"))
    assert log["dev"][0]["loss"] == pytest.approx(0.6931, abs=1e-3)
    assert log["dev"][-1]["loss"] < log["dev"][0]["loss"]
    assert "lora" not in "".join(_weights(tmp_path / "dpo" / "model"))


def _weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for path in folder.glob("*.safetensors"):
        found |= load_file(path)
    return found
