"""From trained weights to a file that plays, on tiny random models through the real llama.cpp."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from export.adapter import Adapter, export_adapter
from export.errors import BadExport
from models import build as building
from models.engine import Engine, EngineSettings, Sampling
from models.errors import BadModel, DeescalError
from models.fetch import model_path
from models.gguf_edit import rewrite_f16, tensors_of
from models.gguf_info import read_gguf
from tests.export.conftest import BASE, shape, write_log

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def merged(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from export.merge import merge
    from export.run import read_run

    return merge([read_run(run)], tmp_path_factory.mktemp("merged") / "model", "float32")


@pytest.fixture(scope="session")
def f16(merged: Path) -> Path:
    from export.convert import convert

    return convert(merged, merged.parent / "tiny-f16.gguf")


@pytest.fixture(scope="session")
def whole(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    """All that training changed (it is of rank 4), in float32."""
    from export.run import read_run

    return export_adapter([read_run(run)], tmp_path_factory.mktemp("whole") / "a.gguf", 32, "f32")


def test_the_gguf_says_where_it_is_from_and_keeps_its_template(f16: Path, tokenizer: Any) -> None:
    info = read_gguf(f16)
    assert info.chat_template == tokenizer.chat_template
    assert info.metadata["deescal.recipe_sha256"] == "r" * 64
    assert info.metadata["deescal.data_sha256"] == "d" * 64
    assert info.metadata["general.license"] == "Apache-2.0"


def test_each_quantisation_loads_and_is_named_by_what_it_is(f16: Path) -> None:
    from export.commands import export

    out = f16.parent / "q"
    said = CliRunner().invoke(
        export,
        ["quantize", str(f16), "--to", "Q8_0", "--to", "Q4_K_M", "--out", str(out)],
        catch_exceptions=False,
    )
    assert said.exit_code == 0
    assert {path.name for path in out.glob("*.gguf")} == {
        "tiny-Q8_0.gguf",
        "tiny-Q4_K_M-mostly-Q5_0.gguf",  # 64 columns: no K-quant
    }
    for path in out.glob("*.gguf"):
        with Engine(path, EngineSettings(n_ctx=128)) as engine:
            drawn = list(engine.generate(Sampling(), 4, engine.tokenize("Hello there")))
        assert len(drawn) <= 4


def test_verify_finds_the_same_model_and_measures_the_rest(
    f16: Path, merged: Path, run: Path
) -> None:
    from export.commands import export
    from models.gguf_quantize import quantize

    small = quantize(f16, f16.parent / "tiny-Q4_0.gguf", "Q4_0")
    told = ["verify", str(f16), "--hf", str(merged), "--run", str(run), "--turns", "2"]
    told += ["--quantised", str(small), "--max-tokens", "256", "--out", str(f16.parent)]
    said = CliRunner().invoke(export, told, catch_exceptions=False)
    assert said.exit_code == 0, said.output
    report = json.loads((f16.parent / "verify.json").read_text())
    assert report["tokens"] == {"strings": 300, "different": []}
    assert report["logits"]["mean_kl"] < 1e-4
    float_row, small_row = report["quantisations"]
    assert float_row["mean_kl"] == pytest.approx(0, abs=1e-6)
    assert small_row["mean_kl"] > float_row["mean_kl"]
    assert small_row["decode_tokens_per_s"] > 0
    assert "| Q4_0 |" in (f16.parent / "verify.md").read_text()


def test_verify_refuses_another_model(f16: Path, run: Path) -> None:
    from export.commands import export

    told = ["verify", str(f16), "--hf", str(run / "base"), "--run", str(run), "--turns", "2"]
    said = CliRunner().invoke(export, [*told, "--max-tokens", "256"])
    assert isinstance(said.exception, DeescalError)
    assert "does not think what the trained model thinks" in str(said.exception)


def test_the_difference_at_full_rank_is_the_trained_model(
    run: Path, f16: Path, whole: Adapter, tmp_path: Path
) -> None:
    """Base GGUF + adapter GGUF, merged without torch, against the weights that were trained."""
    from export.convert import convert

    assert whole.kept > 0.999
    base = convert(run / "base", tmp_path / "base.gguf", "f32")
    building.merge(base, whole.path, tmp_path / "whole.gguf")
    ours, theirs = tensors_of(tmp_path / "whole.gguf"), tensors_of(f16)
    assert ours.keys() == theirs.keys()
    for name, weight in theirs.items():
        np.testing.assert_allclose(ours[name], weight, atol=2e-3, err_msg=name)


def test_several_runs_of_one_base_are_their_mean(run: Path, merged: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from export.merge import load_merged
    from export.run import read_run

    other = tmp_path / "run"
    shutil.copytree(run, other)
    path = other / "model" / "model.safetensors"
    weights = load_file(path)
    name = next(name for name in weights if name.endswith("q_proj.weight"))
    weights[name] = weights[name] + 0.3
    save_file(weights, path, metadata={"format": "pt"})
    once = load_merged([read_run(run)])[0].state_dict()
    mean = load_merged([read_run(each) for each in (run, other, run)])[0].state_dict()
    torch.testing.assert_close(mean[name], once[name] + 0.1, atol=1e-6, rtol=0)
    assert all(torch.equal(mean[each], once[each]) for each in once if each != name)
    from export.commands import export

    weights["model.norm.weight"] = torch.ones(7)
    save_file(weights, path, metadata={"format": "pt"})
    said = CliRunner().invoke(export, ["merge", str(run), str(other), "--out", str(tmp_path / "m")])
    assert isinstance(said.exception, BadExport)
    assert not (tmp_path / "m").exists()


def test_a_low_rank_keeps_less_and_says_so(run: Path, tmp_path: Path) -> None:
    from export.run import read_run

    assert export_adapter([read_run(run)], tmp_path / "a.gguf", 1).kept < 0.9


@pytest.mark.parametrize(("kind", "off"), [("q8_0", 0.02), ("q4_0", 0.2)])
def test_an_adapter_in_fewer_bits_is_the_same_change(
    run: Path, whole: Adapter, tmp_path: Path, kind: str, off: float
) -> None:
    from export.run import read_run

    trained = read_run(run)
    small = export_adapter([trained], tmp_path / "small.gguf", 32, kind)
    assert small.kept == whole.kept
    assert read_gguf(small.path).metadata["adapter.lora.alpha"] == 32
    was, is_now = tensors_of(whole.path), tensors_of(small.path)
    assert was.keys() == is_now.keys()
    for name in was:
        if not name.endswith("lora_a"):
            continue
        to = name.removesuffix("a") + "b"
        change, now = was[to] @ was[name], is_now[to] @ is_now[name]
        assert np.linalg.norm(now - change) < off * np.linalg.norm(change), name
    with pytest.raises(BadExport, match=r"rank 20; .* a multiple of 32"):
        export_adapter([trained], tmp_path / "b.gguf", 20, kind)


def test_what_an_adapter_cannot_carry_is_refused(run: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from export.run import read_run

    other = tmp_path / "run"
    shutil.copytree(run, other)
    path = other / "model" / "model.safetensors"
    weights = load_file(path)
    weights["model.norm.weight"] = weights["model.norm.weight"] + 1
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(BadExport, match=r"model\.norm\.weight was trained too"):
        export_adapter([read_run(other)], tmp_path / "a.gguf", 4)


def test_an_adapter_of_another_base_is_refused(whole: Adapter, tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="adapter of another base"):
        building.merge(model_path(BASE), whole.path, tmp_path / "whole.gguf")
    assert not (tmp_path / "whole.gguf").exists()


# Not Qwen2: transformers gives it its own tokeniser class, and llama.cpp knows only real vocabularies.
@pytest.mark.parametrize("family", ["Granite", "Gemma2"])
def test_other_architectures_go_the_whole_way(family: str, tokenizer: Any, tmp_path: Path) -> None:
    import transformers

    from export.convert import convert
    from models.gguf_quantize import quantize

    changes = {"Gemma2": {"head_dim": 16, "query_pre_attn_scalar": 16}}.get(family, {})
    config = getattr(transformers, f"{family}Config")(**shape(**changes))
    folder = tmp_path / family
    getattr(transformers, f"{family}ForCausalLM")(config).save_pretrained(folder)
    if family == "Gemma2":
        _sentencepiece(folder, config)
    else:
        tokenizer.save_pretrained(folder)
    path = quantize(
        convert(folder, tmp_path / f"{family}-f16.gguf"), tmp_path / f"{family}-Q8_0.gguf", "Q8_0"
    )
    assert read_gguf(path).architecture == family.lower()
    with Engine(path, EngineSettings(n_ctx=128)) as engine:
        assert len(list(engine.generate(Sampling(), 3, engine.tokenize("Hello there")))) <= 3


def _sentencepiece(folder: Path, config: Any) -> None:
    """Gemma's converter reads tokenizer.model: train a small one on the library's own words."""
    sentencepiece = pytest.importorskip("sentencepiece", reason="needs the train extra")
    from scenarios.loader import all_scenarios

    lines = [x.officer for s in all_scenarios() for d in s.dialogues[:1] for x in d.exchanges]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(folder / "tokenizer"), vocab_size=400,
        model_type="bpe", bos_id=2, eos_id=1, pad_id=0, unk_id=3, minloglevel=2,
    )  # fmt: skip
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "GemmaTokenizer", "bos_token": "<s>", "eos_token": "</s>"})
    )


def test_a_build_becomes_the_default_civilian(
    run: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real base, and an adapter that changes nothing much: built, measured, chosen, default."""
    from models import catalog

    base = model_path(BASE)
    info = read_gguf(base)
    digest = building.store.file_sha256(base)
    adapter = tmp_path / "adapter.gguf"
    _small_adapter(adapter, f"{BASE} sha256:{digest}", int(info.metadata["llama.embedding_length"]))
    monkeypatch.setattr(building, "CANDIDATES", ("Q8_0",))
    built = building.build(adapter)
    assert built.new
    assert built.chosen == "Q8_0"
    assert built.candidates[0].sound
    assert catalog.default_for("civilian").id == building.BUILT_ID
    assert model_path("civilian").resolve() == built.path.resolve()
    assert not building.build(adapter).new
    with Engine(model_path("civilian"), EngineSettings(n_ctx=128)) as engine:
        assert engine.metadata("deescal.base")


def _small_adapter(path: Path, base: str, width: int) -> None:
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 2.0)
    writer.add_name("test adapter")
    writer.add_string("deescal.base", base)
    probe = [{"tokens": list(range(100, 140)), "at": [20, 30, 38], "targets": [121, 131, 139]}]
    writer.add_string("deescal.probe", json.dumps(probe))
    draw = np.random.default_rng(0)
    for end in ("a", "b"):
        size = (2, width) if end == "a" else (width, 2)
        writer.add_tensor(
            f"blk.0.attn_q.weight.lora_{end}", draw.normal(0, 0.01, size).astype(np.float32)
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"hello", "is not a GGUF"), (b"GGUF\x03\x00", "damaged or cut-off")],
)
def test_a_file_that_is_no_gguf_is_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    from models.gguf_quantize import quantize

    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(BadModel, match=says):
        quantize(path, tmp_path / "y.gguf", "Q8_0")
    with pytest.raises(BadModel, match=says):
        rewrite_f16(path, tmp_path / "y.gguf", lambda _, before: before, {})


def test_what_is_quantised_is_not_quantised_again(tmp_path: Path) -> None:
    from models.gguf_quantize import quantize

    with pytest.raises(BadModel, match="is quantised already"):
        quantize(model_path(BASE), tmp_path / "y.gguf", "Q8_0")


def test_a_run_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    from export.run import read_run

    with pytest.raises(BadExport, match=r"has no run\.json"):
        read_run(tmp_path)
    write_log(tmp_path, {"folder": "x", "licence": "none"}, "a base")
    with pytest.raises(BadExport, match="is not finished"):
        read_run(tmp_path)
