"""Settings of the server: checked, kept between starts, mended when damaged."""

from pathlib import Path

import pytest
from wandb_server.errors import DataDirUnusable, SettingsError
from wandb_server.settings import KeptSettings, ServerSettings, load_kept, save_kept

SECRET = bytes(32)


def test_the_first_start_makes_a_private_file_with_a_secret(tmp_path: Path) -> None:
    loaded = load_kept(tmp_path)

    assert loaded.remark is None
    assert loaded.kept.port == 8080
    assert len(loaded.kept.secret) == 32
    assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o600
    assert load_kept(tmp_path).kept == loaded.kept


def test_a_chosen_port_is_remembered(tmp_path: Path) -> None:
    save_kept(tmp_path, KeptSettings(9999, SECRET))

    assert load_kept(tmp_path).kept == KeptSettings(9999, SECRET)


DAMAGED = (
    *("", "{", "[]", '{"port": 1}', '{"port": "x", "secret": "00"}', "\0\0\0"),
    *('{"port": 8080, "secret": "zz"}', '{"port": 8080, "secret": "00"}'),
)


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_kept_aside_and_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.json").write_text(text)

    loaded = load_kept(tmp_path)

    assert loaded.kept.port == 8080
    assert loaded.remark is not None
    assert "was damaged" in loaded.remark
    assert (tmp_path / "settings.json.damaged-1").read_text() == text
    assert load_kept(tmp_path).remark is None


def test_damage_twice_keeps_both(tmp_path: Path) -> None:
    for text in ("one", "two"):
        (tmp_path / "settings.json").write_text(text)
        load_kept(tmp_path)

    assert (tmp_path / "settings.json.damaged-1").read_text() == "one"
    assert (tmp_path / "settings.json.damaged-2").read_text() == "two"


def test_an_unwritable_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataDirUnusable, match="Cannot write"):
        save_kept(tmp_path / "missing", KeptSettings(1, SECRET))


@pytest.mark.parametrize(
    ("field", "value"),
    [("port", 70000), ("port", -1), ("secret", b"x"), ("public_url", "localhost:80")],
)
def test_values_out_of_range_are_refused(field: str, value: object) -> None:
    fields: dict[str, object] = {"data_dir": Path("/x"), "secret": SECRET, field: value}

    with pytest.raises(SettingsError, match=field):
        ServerSettings(**fields)  # type: ignore[arg-type]
