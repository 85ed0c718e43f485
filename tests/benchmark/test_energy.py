"""Energy: each source on recorded files, and the meter against sums done by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.energy import EnergyMeter, Ina3221, NoEnergy, Nvml, RaplPackage, energy_source
from tests.benchmark.jetson import jetson_orin, put


def test_a_jetson_with_an_input_rail_counts_that_rail_only(tmp_path: Path) -> None:
    jetson_orin(tmp_path)
    source = Ina3221(tmp_path)
    assert source.covers == "the whole board (VDD_IN)"
    assert source.watts() == pytest.approx(5.080 * 0.984)
    assert source.joules() is None


def test_a_jetson_without_one_adds_its_rails(tmp_path: Path) -> None:
    jetson_orin(tmp_path, input_rail=False)
    source = Ina3221(tmp_path)
    assert source.watts() == pytest.approx(5.072 * 0.288 + 5.064 * 0.352)
    assert "VDD_CPU_GPU_CV" in source.covers


def rapl(root: Path, count: int, name: str = "package-0", zone: str = "intel-rapl:0") -> None:
    put(
        root,
        {
            f"sys/class/powercap/{zone}/name": f"{name}\n",
            f"sys/class/powercap/{zone}/energy_uj": f"{count}\n",
            f"sys/class/powercap/{zone}/max_energy_range_uj": "1000000\n",
        },
    )


def test_rapl_adds_packages_unwraps_and_leaves_what_lies_inside_them(tmp_path: Path) -> None:
    rapl(tmp_path, 900_000)
    rapl(tmp_path, 5, "core", "intel-rapl:0:0")
    rapl(tmp_path, 5, "psys", "intel-rapl:1")
    rapl(tmp_path, 100_000, "package-1", "intel-rapl:2")
    source = RaplPackage(tmp_path)
    assert source.joules() == 0
    rapl(tmp_path, 950_000)
    rapl(tmp_path, 7_000_000, "core", "intel-rapl:0:0")
    rapl(tmp_path, 300_000, "package-1", "intel-rapl:2")
    assert source.joules() == pytest.approx(0.25)
    rapl(tmp_path, 30_000)  # wrapped: 50,000 up to the top and 30,000 from the bottom
    assert source.joules() == pytest.approx(0.33)


def test_a_counter_that_may_not_be_read_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rapl(tmp_path, 1)
    # root may read everything, so the permission is withdrawn where it is asked for
    monkeypatch.setattr("benchmark.energy.os.access", lambda _path, _mode: False)
    with pytest.raises(NoEnergy, match="only root may read it"):
        RaplPackage(tmp_path)
    source, why = energy_source(tmp_path)
    assert source is None
    assert "chmod a+r" in why


def test_nothing_is_guessed_where_nothing_is_told(tmp_path: Path) -> None:
    source, why = energy_source(tmp_path)
    assert source is None
    assert "INA3221" in why
    assert "RAPL" in why
    with EnergyMeter(source, why) as meter:
        assert meter.joules() is None
    trace = meter.trace()
    assert (trace.source, trace.values, trace.note) == ("none", [], why)


def test_without_a_driver_nvml_says_so() -> None:
    with pytest.raises(NoEnergy, match="no NVIDIA driver"):
        Nvml("libnvidia-ml-that-is-not-there.so.1")


def test_watts_are_integrated_over_our_own_samples(tmp_path: Path) -> None:
    jetson_orin(tmp_path)
    monitor = next((tmp_path / "sys/class/hwmon").glob("*/curr1_input"))
    now = [0.0]
    meter = EnergyMeter(Ina3221(tmp_path), clock=lambda: now[0])
    meter.sample()
    now[0] = 2.0
    assert meter.joules() == pytest.approx(2 * 5.080 * 0.984)  # level
    monitor.write_text("2000\n")
    now[0] = 4.0
    trapezoid = 2 * 5.080 * (0.984 + 2.0) / 2
    assert meter.joules() == pytest.approx(2 * 5.080 * 0.984 + trapezoid)
    trace = meter.trace()
    assert trace.source == "measured"
    assert trace.at_s == [0.0, 2.0, 4.0]
    assert json.loads(trace.model_dump_json())["unit"] == "W"
