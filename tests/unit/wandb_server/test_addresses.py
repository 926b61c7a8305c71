"""Signed addresses hold for one method, one file and a limited time."""

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from wandb_server.addresses import Addresses, FilePlace

PLACE = FilePlace("me", "proj", "run1", "media/images/a b.png")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def addresses(clock: Clock) -> Addresses:
    return Addresses("http://localhost:8080", bytes(32), 3600.0, clock)


def parts(url: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(url).query)
    return query["expires"][0], query["signature"][0]


def test_an_address_begins_with_the_public_url_and_is_encoded() -> None:
    url = addresses(Clock()).upload(PLACE)

    start = "http://localhost:8080/files/me/proj/run1/media/images/a%20b.png?"
    assert url.startswith(start)


def test_an_address_for_reading_does_not_allow_writing() -> None:
    made = addresses(Clock())

    expires, signature = parts(made.download(PLACE))

    assert made.valid("GET", PLACE, expires, signature)
    assert not made.valid("PUT", PLACE, expires, signature)


def test_an_address_ends() -> None:
    clock = Clock()
    made = addresses(clock)
    expires, signature = parts(made.upload(PLACE))

    clock.now += 3600
    assert made.valid("PUT", PLACE, expires, signature)
    clock.now += 3601

    assert not made.valid("PUT", PLACE, expires, signature)


def test_a_later_end_cannot_be_written_in() -> None:
    made = addresses(Clock())
    expires, signature = parts(made.upload(PLACE))

    assert not made.valid("PUT", PLACE, str(int(expires) + 1), signature)
    assert not made.valid("PUT", PLACE, "", "")


def test_another_secret_makes_other_signatures() -> None:
    clock = Clock()
    other = Addresses("http://localhost:8080", b"x" * 32, 3600.0, clock)

    assert not other.valid("PUT", PLACE, *parts(addresses(clock).upload(PLACE)))


@given(st.tuples(st.text(), st.text(), st.text(), st.text()))
def test_no_other_file_shares_a_signature(names: tuple[str, str, str, str]) -> None:
    """Goal: moving a character from one part to the next is noticed."""
    made = addresses(Clock())
    place = FilePlace(*names)
    expires, signature = parts(made.download(PLACE))

    assert made.valid("GET", place, expires, signature) == (place == PLACE)
