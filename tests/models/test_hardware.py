"""What a machine is, asked of folders laid out as Linux lays out /proc and /sys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models import hardware

Lay = Callable[[dict[str, str]], Path]


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Writes files under a root; `{n}` in a name is written for each of the given processors."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def processors(siblings: list[str], khz: list[int] | None = None) -> dict[str, str]:
    base = "sys/devices/system/cpu"
    files = {f"{base}/online": f"0-{len(siblings) - 1}\n"}
    for cpu, text in enumerate(siblings):
        files[f"{base}/cpu{cpu}/topology/thread_siblings_list"] = text + "\n"
        if khz:
            files[f"{base}/cpu{cpu}/cpufreq/cpuinfo_max_freq"] = f"{khz[cpu]}\n"
    return files


LAPTOP = {
    **processors(["0,4", "1,5", "2,6", "3,7"] * 2),
    "proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-7\n",
    "proc/self/cgroup": "0::/user.slice\n",
    "proc/cpuinfo": "processor : 0\nmodel name\t: Intel(R) Core(TM)  i7-8650U CPU\n"
    "flags\t\t: fpu sse4_2 avx avx2 f16c fma\n",
    "proc/meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:    8000000 kB\n",
    "sys/class/power_supply/AC/type": "Mains\n",
    "sys/class/power_supply/AC/online": "0\n",
    "sys/class/power_supply/BAT0/type": "Battery\n",
    "sys/class/power_supply/BAT0/status": "Discharging\n",
    "sys/class/power_supply/BAT0/capacity": "63\n",
    "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n",
    "sys/class/thermal/thermal_zone0/temp": "71500\n",
    "sys/class/hwmon/hwmon3/name": "coretemp\n",
    "sys/class/hwmon/hwmon3/temp1_input": "70000\n",
    "sys/class/hwmon/hwmon3/temp1_label": "Package id 0\n",
    "sys/class/hwmon/hwmon3/temp9_input": "-274000\n",
}


def test_a_laptop_on_its_battery(lay: Lay) -> None:
    found = hardware.machine(lay(LAPTOP))
    assert found.cpu_model == "Intel(R) Core(TM) i7-8650U CPU"
    assert found.features == ("sse4_2", "avx", "avx2", "f16c", "fma")
    assert (found.cores.logical, found.cores.physical) == (8, 4)
    assert found.memory == hardware.Memory(16_000_000 * 1024, 8_000_000 * 1024, None)
    assert found.power == hardware.Power("battery", 63)
    assert found.temperatures_c == {"x86_pkg_temp": 71.5, "coretemp Package id 0": 70.0}
    assert found.jetson is None
    assert found.gpus == ()


def test_threads_are_physical_cores_and_not_hyperthreads(lay: Lay) -> None:
    assert hardware.default_threads(lay(LAPTOP)) == 4


def test_threads_keep_to_the_affinity(lay: Lay) -> None:
    root = lay({**LAPTOP, "proc/self/status": "Cpus_allowed_list:\t0,4-5\n"})
    found = hardware.cores(root)
    assert (found.usable_logical, found.usable_physical) == (3, 2)
    assert hardware.default_threads(root) == 2


def test_threads_keep_to_the_tightest_cgroup_of_version_2(lay: Lay) -> None:
    root = lay(
        {
            **LAPTOP,
            "proc/self/cgroup": "0::/box/inner\n",
            "sys/fs/cgroup/box/cpu.max": "250000 100000\n",
            "sys/fs/cgroup/box/inner/cpu.max": "max 100000\n",
            "sys/fs/cgroup/box/memory.max": str(2**30),
            "sys/fs/cgroup/box/inner/memory.max": "max\n",
        }
    )
    assert hardware.cores(root).quota == 2.5
    assert hardware.default_threads(root) == 2
    assert hardware.memory(root).limit == 2**30


def test_threads_keep_to_a_cgroup_of_version_1(lay: Lay) -> None:
    root = lay(
        {
            **LAPTOP,
            "proc/self/cgroup": "4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n",
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes": "9223372036854771712\n",
        }
    )
    assert hardware.cores(root).quota == 0.5
    assert hardware.default_threads(root) == 1
    assert hardware.memory(root).limit is None


def test_a_hybrid_processor_is_counted_by_its_fast_cores(lay: Lay) -> None:
    kinds = ["0-1", "0-1", "2-3", "2-3", "4", "5", "6", "7"]
    clocks = [4_700_000] * 2 + [4_600_000] * 2 + [3_300_000] * 4
    root = lay({**LAPTOP, **processors(kinds, clocks)})
    found = hardware.cores(root)
    assert (found.physical, found.usable_fast) == (6, 2)
    assert hardware.default_threads(root) == 2


def test_a_big_server_does_not_get_a_thread_a_core(lay: Lay) -> None:
    root = lay(
        {
            **processors([str(cpu) for cpu in range(64)]),
            "proc/self/status": "Cpus_allowed_list:\t0-63\n",
        }
    )
    assert hardware.cores(root).usable_physical == 64
    assert hardware.default_threads(root) == 8


JETSON = {
    **processors([str(cpu) for cpu in range(6)]),
    "proc/self/status": "Cpus_allowed_list:\t0-5\n",
    "proc/cpuinfo": "processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU part\t: 0xd42\n",
    "proc/meminfo": "MemTotal:        7620000 kB\nMemAvailable:    6000000 kB\n",
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
    "proc/device-tree/compatible": "nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/class/thermal/thermal_zone1/type": "gpu-thermal\n",
}


def test_a_jetson_is_known_by_its_device_tree(lay: Lay) -> None:
    found = hardware.machine(lay(JETSON))
    assert found.jetson == "NVIDIA Jetson Orin Nano Developer Kit"
    assert found.cpu_model == "NVIDIA Jetson Orin Nano Developer Kit"
    assert found.features == ("asimd", "asimddp")
    assert found.power == hardware.Power("unknown", None)
    assert found.temperatures_c == {"cpu-thermal": 48.312}
    assert "Jetson Orin Nano" in found.in_words()


def test_another_board_is_no_jetson(lay: Lay) -> None:
    root = lay({"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"})
    assert hardware.jetson(root) is None
    assert hardware.cpu_model(root) == "Raspberry Pi 5 Model B Rev 1.0"


def test_a_workstation_with_a_gpu_on_mains(lay: Lay) -> None:
    root = lay(
        {
            "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA RTX A4000\n"
            "IRQ:   \t\t 90\n",
            "sys/class/power_supply/hidpp_battery_0/type": "Battery\n",
            "sys/class/power_supply/hidpp_battery_0/scope": "Device\n",
            "sys/class/power_supply/hidpp_battery_0/capacity": "20\n",
        }
    )
    assert hardware.nvidia_gpus(root) == ("NVIDIA RTX A4000",)
    assert hardware.power(root) == hardware.Power("unknown", None)  # a mouse's battery is not ours


def test_a_full_battery_with_the_charger_in(lay: Lay) -> None:
    root = lay({**LAPTOP, "sys/class/power_supply/AC/online": "1\n"})
    assert hardware.power(root).source == "ac"


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    found = hardware.machine(tmp_path)
    assert found.cores.usable_physical >= 1
    assert found.memory.total > 0
    assert hardware.default_threads(tmp_path) >= 1


def test_this_machine() -> None:
    found = hardware.machine()
    assert 1 <= hardware.default_threads() <= found.cores.usable_logical <= found.cores.logical
    assert found.memory.available <= found.memory.total
    assert found.in_words()
