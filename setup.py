"""Builds the C kernels; everything else is in pyproject.toml."""

from setuptools import setup

setup(
    cffi_modules=["kernels/build.py:ffi_builder"],
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
