"""Builds the C kernels and says where the packages lie; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    # profiles lie beside the code, where people look for them, and are installed inside the package
    packages=[*find_packages(include=["edge_agent", "edge_agent.*"]), "edge_agent.firmware_configs"],
    package_dir={"edge_agent.firmware_configs": "firmware_configs"},
    cffi_modules=["kernels/build.py:ffi_builder"],
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
