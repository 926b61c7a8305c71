"""The settings table of the README, made from the fields themselves.

`python -m wandb.sdk.settings_table README.md` writes it between the two marks.
"""

import sys
from pathlib import Path

from wandb.sdk.wandb_settings import SettingRow, Settings

START, END = "<!-- settings -->\n", "<!-- /settings -->\n"
_INERT = "No effect"


def settings_table() -> str:
    """Markdown: one row per setting that does something, the others by name."""
    rows = Settings.table()
    live = [row for row in rows if not row.doc.startswith(_INERT)]
    inert = [f"`{row.name}`" for row in rows if row.doc.startswith(_INERT)]
    lines = [
        "## Settings",
        "",
        "An argument beats a variable, a variable the settings file of the directory "
        "(`wandb/settings`), that one the user's (`~/.config/wandb/settings`).",
        "",
        "| setting | variable | default | meaning |",
        "|---|---|---|---|",
        *(_line(row) for row in live),
        "",
        "Accepted so that scripts run, without effect yet: " + ", ".join(inert) + ".",
        "",
    ]
    return "\n".join(lines)


def with_table(readme: str) -> str:
    """The README with the table as it should be.

    Raises:
        ValueError: the start mark is missing.
    """
    before, mark, rest = readme.partition(START)
    if not mark:
        raise ValueError(f"the mark {START.strip()} is missing")
    after = rest.partition(END)[2] if END in rest else rest
    return f"{before}{START}{settings_table()}{END}{after}"


def _line(row: SettingRow) -> str:
    default = "" if row.default is None else f"`{row.default}`"
    doc = row.doc.replace("|", "\\|")
    return f"| `{row.name}` | `{row.variable}` | {default} | {doc} |"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
