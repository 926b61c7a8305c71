"""Images with captions, boxes and masks are files of the run."""

import struct
import zlib
from pathlib import Path

import numpy as np
import wandb
from flow import PROJECT


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(pixels: np.ndarray) -> bytes:
    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in pixels.astype(np.uint8))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


content = png(np.arange(48).reshape(4, 4, 3))
Path("one.png").write_bytes(content)
try:
    import PIL  # noqa: F401
except ImportError:
    # Without pillow the official client cannot make images: what it would send is sent
    # by hand, a file of the run and a history value that names it.
    with wandb.init(project=PROJECT) as run:
        Path(run.dir, "media/images").mkdir(parents=True)
        path = "media/images/sample_0_abc.png"
        Path(run.dir, path).write_bytes(content)
        run.save(str(Path(run.dir, path)), base_path=run.dir, policy="now")
        run.log({"sample": {"_type": "image-file", "path": path, "format": "png"}})
else:
    with wandb.init(project=PROJECT) as run:
        run.log({"sample": wandb.Image("one.png", caption="four by four")})

found = wandb.Api().run(f"{PROJECT}/{run.id}")
[row] = found.scan_history()
assert row["sample"]["_type"] == "image-file"
file = found.file(row["sample"]["path"]).download(replace=True)
assert Path(file.name).read_bytes() == content
assert found.summary["sample"]["_type"] == "image-file"
