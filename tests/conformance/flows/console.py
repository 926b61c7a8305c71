"""What is printed comes back line by line, and as a file."""

from pathlib import Path

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    for number in range(50):
        print("line", number)
    print("ünï\tcode")

found = wandb.Api().run(f"{PROJECT}/{run.id}")
lines = [line.content for line in found.console_logs()]
assert lines[:50] == [f"line {number}" for number in range(50)]
assert lines[50] == "ünï\tcode"
last = [line.content for line in found.console_logs(last=3)]
assert last == lines[-3:]
text = Path(found.file("output.log").download(replace=True).name).read_text()
assert "line 49" in text
