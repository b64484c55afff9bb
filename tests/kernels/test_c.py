"""The C tests of the kernels, each under the sanitizers: data races, memory, undefined behaviour."""

import shutil
import subprocess
from pathlib import Path

import pytest

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
SOURCES = {
    "test_spsc_ring": ["spsc_ring.c"],
    "test_duplex": ["spsc_ring.c", "duplex.c"],
    "test_echo_cancel": [
        "real_fft.c",
        "echo_cancel.c",
        "echo_clock.c",
        "echo_delay.c",
        "echo_drift.c",
        "echo_evidence.c",
        "echo_filter.c",
    ],
}
MEMORY, RACES = "address,undefined", "thread"
SANITIZERS = {
    "test_spsc_ring": [MEMORY, RACES],
    "test_duplex": [MEMORY, RACES],
    "test_echo_cancel": [MEMORY],  # of one thread
}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wno-sign-conversion", "-Werror"]


@pytest.mark.parametrize(("name", "sanitizer"), [(name, one) for name in SOURCES for one in SANITIZERS[name]])
def test_c(name: str, sanitizer: str, tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler is not None, "building the package needs a C compiler too"
    program = tmp_path / name
    command = [compiler, "-std=c11", "-Og", "-g1", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", *WARNINGS]
    command += [f"-I{KERNELS / 'include'}", "-o", str(program), str(KERNELS / "tests" / f"{name}.c")]
    command += [str(KERNELS / "src" / source) for source in SOURCES[name]]
    subprocess.run([*command, "-pthread", "-lm"], check=True, timeout=120)
    # ThreadSanitizer cannot work with the address randomisation of some kernels
    fixed = ["setarch", "-R"] if shutil.which("setarch") else []
    result = subprocess.run([*fixed, str(program)], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
