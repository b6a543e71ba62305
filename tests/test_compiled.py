"""Compiled loops where nothing can be kept on the disk."""

import subprocess
import sys
from pathlib import Path


def test_where_nothing_can_be_kept_loops_are_compiled_all_the_same(tmp_path: Path) -> None:
    # As on a shared installation for a user without a home folder: neither the folder of the code
    # nor one of the user can be written, which numba calls "no locator available".
    code = """
import numba.core.caching as caching
for place in caching.CacheImpl._locator_classes: place.from_function = lambda *_: None
import numpy as np
from fusion.resampling.kernels import nearest
out = np.zeros((1, 1, 2), np.float32)
src = np.arange(2, dtype=np.float32).reshape(1, 1, 2)
nearest(src, np.zeros(3), np.eye(3), out)
print(out.ravel().tolist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[0.0, 1.0]\n", 0), done.stderr
