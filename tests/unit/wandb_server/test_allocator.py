"""The allocator is bounded where it is glibc's."""

import platform
import subprocess
import sys

import pytest


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library has no arenas"
)
def test_many_threads_share_two_arenas() -> None:
    """`malloc_info` lists the arenas that were made; 16 threads allocate at once."""
    script = """
import ctypes, re, sys, tempfile, threading
from wandb_server.allocator import bound_heaps
assert bound_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.fopen.restype = ctypes.c_void_p
everybody = threading.Barrier(16)
def allocate():
    everybody.wait()
    for _ in range(100):
        assert libc.malloc(ctypes.c_size_t(1000))
    everybody.wait()
threads = [threading.Thread(target=allocate) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    print(len(re.findall(rb"<heap nr=", file.read())))
"""

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 2
