"""The compiled kernels (`kernels/include/*.h`), as cffi gives them."""

from typing import Any

ffi: Any
lib: Any
