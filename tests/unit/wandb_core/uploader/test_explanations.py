"""What users are told of uploads that a server refuses."""

from wandb_core.errors import NotAuthorized
from wandb_core.uploader.log_uploader import explain


def test_advice_is_given_once() -> None:
    ours = "POST http://s/graphql: HTTP 401: Not logged in. Run: wandb login --relogin"

    text, kind = explain(NotAuthorized(ours, status=401), "http://s")

    assert text == (
        "http://s does not accept the API key. "
        "Run: wandb login --relogin --host http://s"
    )
    assert kind == "authentication"


def test_another_servers_reason_is_passed_on() -> None:
    text, _ = explain(NotAuthorized("HTTP 401: key expired", status=401), "http://s")

    assert "(HTTP 401: key expired)" in text
