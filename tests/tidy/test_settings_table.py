"""The README's settings table says what the settings are."""

from pathlib import Path

from wandb.sdk.settings_table import with_table

README = Path(__file__).parents[2] / "README.md"


def test_readme_has_every_setting_as_it_is() -> None:
    """Repair: python -m wandb.sdk.settings_table README.md"""
    text = README.read_text(encoding="utf-8")

    assert with_table(text) == text
