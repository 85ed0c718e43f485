"""Files of a Jetson Orin NX as JetPack 6 lays them out, for code that must work there and is tested here.

The layout is that of NVIDIA's L4T documentation (power monitors under hwmon, nvpmodel, NvMapMemUsed in meminfo,
thermal zones, over-current events); the numbers are those of a board at rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def put(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def jetson_orin(root: Path, input_rail: bool = True) -> None:
    rails = [("VDD_CPU_GPU_CV", 5072, 288), ("VDD_SOC", 5064, 352)]
    if input_rail:
        rails.insert(0, ("VDD_IN", 5080, 984))
    monitor = "sys/class/hwmon/hwmon1"
    files = {f"{monitor}/name": "ina3221\n"}
    for number, (label, millivolts, milliamperes) in enumerate(rails, 1):
        files[f"{monitor}/in{number}_label"] = f"{label}\n"
        files[f"{monitor}/in{number}_input"] = f"{millivolts}\n"
        files[f"{monitor}/curr{number}_input"] = f"{milliamperes}\n"
    # the sum of shunt voltages: a channel without a current of its own
    files[f"{monitor}/in7_label"] = "sum of shunt voltages\n"
    files[f"{monitor}/in7_input"] = "12\n"
    for core in range(8):
        base = f"sys/devices/system/cpu/cpu{core}"
        files[f"{base}/cpufreq/scaling_cur_freq"] = "729600\n"
        files[f"{base}/cpufreq/scaling_governor"] = "schedutil\n"
        files[f"{base}/cpufreq/cpuinfo_max_freq"] = "1984000\n"
        files[f"{base}/topology/core_cpus_list"] = f"{core}\n"
    files |= {
        "sys/devices/system/cpu/online": "0-7\n",
        "sys/class/hwmon/hwmon2/name": "soctherm_oc\n",
        "sys/class/hwmon/hwmon2/oc1_event_cnt": "0\n",
        "sys/class/hwmon/hwmon2/oc3_event_cnt": "4\n",
        "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "sys/class/thermal/thermal_zone0/temp": "48312\n",
        "sys/class/thermal/thermal_zone1/type": "gpu-thermal\n",
        "sys/class/thermal/thermal_zone1/temp": "-256000\n",  # its rail is off
        "sys/class/devfreq/17000000.gpu/cur_freq": "306000000\n",
        "proc/device-tree/model": "NVIDIA Jetson Orin NX Engineering Reference Developer Kit\0",
        "proc/device-tree/compatible": "nvidia,p3768-0000+p3767-0000\0nvidia,p3767-0000\0nvidia,tegra234\0",
        "proc/meminfo": (
            "MemTotal:       15965120 kB\nMemFree:         9876544 kB\nMemAvailable:   12345678 kB\n"
            "NvMapMemFree:          0 kB\nNvMapMemUsed:     524288 kB\n"
        ),
        "proc/loadavg": "0.42 0.35 0.30 1/412 2201\n",
        "proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 62.50\nFeatures\t: fp asimd asimddp\n\n",
        "var/lib/nvpmodel/status": "pmode:0002",
        "etc/nvpmodel.conf": (
            "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=1 NAME=10W >\n"
            "< POWER_MODEL ID=2 NAME=15W >\n"
        ),
        "etc/nv_tegra_release": "# R36 (release), REVISION: 3.0, GCID: 36191598, BOARD: generic\n",
    }
    put(root, files)
