import pytest

from crawler.guard import hosts_named, refusal


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.org/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://[3fff::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://localhost/",
        "http://printer.local/",
        "http://metadata.google.internal/",
        "http://example.org:22/",
        "http://example.org:99999/",
        "http:///nothing",
        "http://example.org/" + "x" * 3000,
    ],
)
def test_dangerous_address_is_refused(url: str) -> None:
    assert refusal(url, ())


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a",
        "http://93.184.215.14/",
        "http://[2606:2800:21f::1]/",
        "http://example.org:8080/",
        "http://4chan.org/",
    ],
)
def test_public_address_is_let_through(url: str) -> None:
    assert refusal(url, ()) is None


def test_named_host_may_be_private_on_its_port_alone() -> None:
    assert refusal("http://127.0.0.1:8000/", ("127.0.0.1:8000",)) is None
    assert refusal("http://127.0.0.1:8001/", ("127.0.0.1:8000",))


def test_host_named_without_port_stands_for_all() -> None:
    assert refusal("http://127.0.0.1:8001/", ("127.0.0.1",)) is None


def test_default_port_need_not_be_written() -> None:
    assert hosts_named(["http://intranet/a"]) == ["intranet:80", "intranet:443"]
    assert refusal("https://localhost/", hosts_named(["http://localhost/feed"])) is None


def test_proxy_leaves_names_to_the_proxy_but_no_literal_addresses() -> None:
    assert refusal("http://localhost/", (), proxied=True) is None
    assert refusal("http://10.0.0.1/", (), proxied=True)
