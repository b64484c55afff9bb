"""Compiles `kernels/src/*.c` into `edge_agent._kernels` (cffi API mode, stable ABI).

The declarations that Python sees are the headers themselves, less their preprocessor lines: headers in `include/`
therefore hold only plain C declarations (opaque structs, fixed-width integers, no macros in signatures).
"""

from pathlib import Path

from cffi import FFI

FOLDER = Path(__file__).resolve().parent
HEADERS = sorted((FOLDER / "include").glob("*.h"))
SOURCES = sorted((FOLDER / "src").glob("*.c"))
FLAGS = ["-std=c11", "-O3", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wno-sign-conversion"]
# cffi's own generated file is not ours to make warning-free.
GENERATED_CODE_FLAGS = ["-Wno-unused-parameter", "-Wno-pedantic", "-Wno-conversion", "-Wno-shadow"]


def declarations() -> str:
    """All headers without preprocessor lines."""
    lines = (line for header in HEADERS for line in header.read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


ffi_builder = FFI()
ffi_builder.cdef(declarations())
ffi_builder.set_source(
    "edge_agent._kernels",
    "\n".join(f'#include "{header.name}"' for header in HEADERS),
    sources=[str(path.relative_to(FOLDER.parent)) for path in SOURCES],
    include_dirs=[str((FOLDER / "include").relative_to(FOLDER.parent))],
    extra_compile_args=[*FLAGS, *GENERATED_CODE_FLAGS],
    libraries=["m"],
    py_limited_api=True,
)

if __name__ == "__main__":
    ffi_builder.compile(verbose=True)
