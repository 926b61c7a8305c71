"""References into a bucket, to a web server and to a folder: logged, fetched, found
out when what they name has changed. FLOW_S3 is the address of an emulator."""

import functools
import http.server
import os
import threading
from pathlib import Path

import boto3
import wandb
from flow import PROJECT, script

os.environ.update(
    AWS_ENDPOINT_URL=os.environ["FLOW_S3"],
    AWS_S3_ENDPOINT_URL=os.environ["FLOW_S3"],
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
)
bucket = f"far-{os.getpid()}"
store = boto3.client("s3")
store.create_bucket(Bucket=bucket)
for name in ("one", "two", "deep/three"):
    store.put_object(Bucket=bucket, Key=f"data/{name}", Body=name.encode())


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


Path("web").mkdir()
Path("web/far.csv").write_text("a,b\n")
Path("folder/deep").mkdir(parents=True)
Path("folder/deep/b.txt").write_text("B")
handler = functools.partial(Quiet, directory="web")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()

with wandb.init(project=PROJECT) as run:
    artifact = wandb.Artifact("refs", "dataset")
    artifact.add_reference(f"http://127.0.0.1:{server.server_port}/far.csv")
    artifact.add_reference(f"s3://{bucket}/data", name="s3")
    artifact.add_reference(f"s3://{bucket}/data/one", name="single")
    artifact.add_reference(Path("folder").absolute().as_uri(), name="f")
    run.log_artifact(artifact).wait()

found = wandb.Api().artifact(f"{PROJECT}/refs:v0")
names = {"far.csv", "s3/one", "s3/two", "s3/deep/three", "single", "f/deep/b.txt"}
assert set(found.manifest.entries) == names
assert {file.name for file in found.files()} == names
assert found.manifest.entries["single"].ref == f"s3://{bucket}/data/one"
assert found.manifest.entries["single"].extra["etag"]
folder = Path(found.download(root="down"))
contents = {name: (folder / name).read_text() for name in names}
assert contents == {
    "far.csv": "a,b\n",
    "s3/one": "one",
    "s3/two": "two",
    "s3/deep/three": "deep/three",
    "single": "one",
    "f/deep/b.txt": "B",
}
found.verify(root=str(folder))
store.put_object(Bucket=bucket, Key="data/one", Body=b"changed")
again = f"""
import wandb
wandb.Api().artifact({PROJECT + "/refs:v0"!r}).get_entry("single").download(root="x")
"""
assert script(again).returncode == 0, "it is in the cache"
done = script(again, WANDB_CACHE_DIR=os.path.abspath("fresh"))
assert "data/one" in done.stderr, done.stderr
assert done.returncode != 0
server.shutdown()
