"""What a run says of its machine, on this one and on others whose layout is documented (made files, no recordings)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmark.device import clocks_mhz, device, energy, power_mode, runtime, throttled
from tests.benchmark.jetson import jetson_orin


def put(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_this_machine_is_described() -> None:
    found = device()
    assert found["in_words"]
    assert found["memory"]["total"] > 2**28
    assert found["energy"]["source"] in ("none", "rapl-package", "ina3221")
    assert found["energy"].get("covers") or found["energy"]["why_not"]


def test_the_runtime_names_its_builds() -> None:
    found = runtime()
    assert found["packages"]["llama-cpp-python"] == found["llama_cpp"]["bindings"]
    assert found["llama_cpp"]["built_with"]
    assert found["llama_cpp"]["ggml_commit"]


def test_clocks_governor_and_throttling_of_each_core_in_order(tmp_path: Path) -> None:
    for core, (clock, count) in {0: (1510400, 3), 2: (729600, 0), 10: (2201600, 1)}.items():
        base = f"sys/devices/system/cpu/cpu{core}"
        put(
            tmp_path,
            **{
                f"{base}/cpufreq/scaling_cur_freq": f"{clock}\n",
                f"{base}/cpufreq/scaling_governor": "schedutil\n",
                f"{base}/thermal_throttle/core_throttle_count": f"{count}\n",
            },
        )
    assert clocks_mhz(tmp_path) == [1510, 729, 2201]
    assert throttled(tmp_path) == 4
    assert device(tmp_path)["governors"] == ["schedutil"] * 3


def test_what_a_machine_does_not_say_is_not_guessed(tmp_path: Path) -> None:
    assert clocks_mhz(tmp_path) == []
    assert throttled(tmp_path) is None
    assert energy(tmp_path)["source"] == "none"
    assert power_mode(tmp_path) is None
    assert device(tmp_path)["load_average"] is None


def test_a_jetson_orin_is_described_in_full(tmp_path: Path) -> None:
    jetson_orin(tmp_path)
    found = device(tmp_path)
    assert found["jetson"].startswith("NVIDIA Jetson Orin NX")
    assert found["power_mode"] == "nvpmodel 2 (15W)"
    assert found["gpu_clock_mhz"] == 306
    assert found["nvmap_bytes"] == 512 * 2**20
    assert found["clocks_mhz"] == [729] * 8
    assert found["throttled"] == 4  # over-current events
    assert found["temperatures_c"] == {"cpu-thermal": 48.312}
    assert found["energy"] == {"source": "ina3221", "covers": "the whole board (VDD_IN)"}
    assert found["l4t"].startswith("# R36")
    assert found["cores"]["logical"] == 8


def test_the_power_monitor_comes_before_the_processors_counter(tmp_path: Path) -> None:
    put(
        tmp_path,
        **{
            "sys/class/powercap/intel-rapl:0/energy_uj": "123456\n",
            "sys/class/powercap/intel-rapl:0/name": "package-0\n",
        },
    )
    assert energy(tmp_path)["source"] == "rapl-package"
    jetson_orin(tmp_path)
    assert energy(tmp_path)["source"] == "ina3221"


def test_dram_alone_is_no_energy_of_a_package(tmp_path: Path) -> None:
    put(
        tmp_path,
        **{
            "sys/class/powercap/intel-rapl:0:0/energy_uj": "123456\n",
            "sys/class/powercap/intel-rapl:0:0/name": "dram\n",
        },
    )
    assert energy(tmp_path)["source"] == "none"
    assert "RAPL" in energy(tmp_path)["why_not"]


_HOLD = """
import mmap
from benchmark.process_memory import resident
before = resident()
held = mmap.mmap(-1, 64 * 2**20)
for page in range(0, len(held), 4096):
    held[page] = 1
after = resident()
print(after.peak - before.peak, after.now - before.now)
"""


def test_memory_grows_by_what_is_held() -> None:
    # In a process of its own, in pages fresh from the kernel: an allocator serves what a long
    # process asks for from memory that it has kept, and then nothing grows.
    done = subprocess.run([sys.executable, "-c", _HOLD], capture_output=True, text=True, check=True)
    peak, now = map(int, done.stdout.split())
    assert 64 * 2**20 <= now < 72 * 2**20
    assert peak >= 60 * 2**20  # the kernel counts pages in batches
