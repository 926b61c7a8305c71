"""Tokens and addresses of a core on another host."""

import pytest
from wandb_proto.remote_token import (
    RemoteToken,
    is_log_name,
    join_address,
    split_address,
)

FINGERPRINT = "0123456789abcdef" * 4
SECRET = "x-_" * 12


def test_token_is_read_as_it_was_written() -> None:
    token = RemoteToken(FINGERPRINT, SECRET)

    assert RemoteToken.parse(f" {token}\n") == token


@pytest.mark.parametrize(
    "text",
    ["", FINGERPRINT, f"{FINGERPRINT}.", f"{FINGERPRINT[:-1]}.{SECRET}", f"{SECRET}.x"],
)
def test_what_is_no_token_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="not a token") as caught:
        RemoteToken.parse(text)

    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("node0:7777", ("node0", 7777)),
        (":0", ("", 0)),
        ("[::1]:80", ("::1", 80)),
        ("10.0.0.1:65535", ("10.0.0.1", 65535)),
    ],
)
def test_addresses_have_a_host_and_a_port(text: str, parts: tuple[str, int]) -> None:
    assert split_address(text) == parts
    assert join_address(*parts) == text


@pytest.mark.parametrize("text", ["", "node0", "node0:", "node0:x", "a:65536", "a:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        split_address(text)


def test_log_names_are_no_paths() -> None:
    assert is_log_name("0" * 32)
    for text in ("", "0" * 31, "../" + "0" * 29, "0" * 32 + "\n", "A" * 32):
        assert not is_log_name(text)
