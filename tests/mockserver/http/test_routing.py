"""From path to operation."""

from __future__ import annotations

from collections import Counter

import pytest

from mockserver.http.routing import Router

Found = tuple[str, tuple[str, ...]] | None


def routed(*templates: str, optional_slash: bool = False, exact: frozenset[str] = frozenset()) -> Router[str]:
    """A router whose GET endpoints are the templates themselves."""
    router: Router[str] = Router(optional_slash=optional_slash, exact=exact)
    for template in templates:
        router.add(template, "GET", template)
    return router


def found(router: Router[str], path: str) -> Found:
    """Template and values, None when no operation is there."""
    match = router.find(path)
    if match is None or "GET" not in match[0].endpoints:
        return None
    return match[0].endpoints["GET"], match[1]


SHOP = (
    "/",
    "/things",
    "/things/new",
    "/things/{id}",
    "/things/{id}:start",
    "/things/{id}:stop",
    "/things/{id}/parts/{part}",
    "/files/{name}.{kind}",
    "/ranges/{low}-{high}/sum",
)

CASES: dict[str, tuple[str, Found]] = {
    "root": ("/", ("/", ())),
    "literal": ("/things", ("/things", ())),
    "literal before parameter": ("/things/new", ("/things/new", ())),
    "parameter": ("/things/old", ("/things/{id}", ("old",))),
    "literal is a prefix only": ("/things/newer", ("/things/{id}", ("newer",))),
    "literals care about case": ("/things/NEW", ("/things/{id}", ("NEW",))),
    "verb before parameter": ("/things/7:start", ("/things/{id}:start", ("7",))),
    "other verb": ("/things/7:stop", ("/things/{id}:stop", ("7",))),
    "unknown verb": ("/things/7:pause", ("/things/{id}", ("7:pause",))),
    "verb on its own": ("/things/:start", ("/things/{id}", (":start",))),
    "verb after a colon": ("/things/a:b:start", ("/things/{id}:start", ("a:b",))),
    "verb, encoded": ("/things/7%3Astart", ("/things/{id}:start", ("7",))),
    "two parameters": ("/things/a/parts/b", ("/things/{id}/parts/{part}", ("a", "b"))),
    "two in one segment": ("/files/a.txt", ("/files/{name}.{kind}", ("a", "txt"))),
    "first of two is as short as can be": ("/files/a.tar.gz", ("/files/{name}.{kind}", ("a", "tar.gz"))),
    "pattern in the middle": ("/ranges/1-9/sum", ("/ranges/{low}-{high}/sum", ("1", "9"))),
    "dot in a pattern is a dot": ("/files/axtxt", None),
    "percent-encoding": ("/things/a%20b", ("/things/{id}", ("a b",))),
    "percent-encoding in a literal": ("/%74hings", ("/things", ())),
    "upper and lower hex": ("/things/%c3%A9", ("/things/{id}", ("é",))),
    "plus is a plus": ("/things/a+b", ("/things/{id}", ("a+b",))),
    "slash inside a segment": ("/things/a%2Fb", ("/things/{id}", ("a/b",))),
    "encoded slash makes no segment": ("/things%2Fnew", None),
    "encoded slash before a literal": ("/things/a%2Fparts%2Fb", ("/things/{id}", ("a/parts/b",))),
    "encoded percent sign is decoded once": ("/things/%252F", ("/things/{id}", ("%2F",))),
    "percent sign without hex": ("/things/100%", ("/things/{id}", ("100%",))),
    "percent sign before other letters": ("/things/%zz", ("/things/{id}", ("%zz",))),
    "four-byte character": ("/things/%F0%9F%94%8C", ("/things/{id}", ("🔌",))),
    "NUL": ("/things/%00", ("/things/{id}", ("\0",))),
    "line end": ("/things/%0A", ("/things/{id}", ("\n",))),
    "line end before a verb": ("/things/a%0Ab:start", ("/things/{id}:start", ("a\nb",))),
    "not UTF-8": ("/things/%FF", None),
    "cut UTF-8": ("/things/%C3", None),
    "overlong slash": ("/things/%C0%AF", None),
    "encoded surrogate": ("/things/%ED%A0%80", None),
    "not UTF-8 in a later segment": ("/things/a/parts/%FF", None),
    "dots are text": ("/things/..", ("/things/{id}", ("..",))),
    "unknown": ("/nothing", None),
    "too long": ("/things/a/b", None),
    "too short": ("/things/a/parts", None),
    "double slash at the front": ("//things", None),
    "double slash within": ("/things//parts/b", None),
    "double slash at the end": ("/things//", None),
    "empty last parameter": ("/things/a/parts/", None),
    "slash at the end": ("/things/", None),
    "asterisk": ("*", None),
    "empty": ("", None),
}


@pytest.mark.parametrize(("path", "expected"), CASES.values(), ids=CASES)
def test_a_path_finds_its_template_and_its_decoded_values(path: str, expected: Found) -> None:
    assert found(routed(*SHOP), path) == expected


def test_the_order_of_registration_does_not_matter() -> None:
    router, other = routed(*SHOP), routed(*SHOP[::-1])
    for path, _ in CASES.values():
        assert found(router, path) == found(other, path)


def test_a_literal_that_leads_nowhere_gives_way_to_a_parameter() -> None:
    router = routed("/things/new", "/things/{id}/parts", "/{kind}/old")
    assert found(router, "/things/new/parts") == ("/things/{id}/parts", ("new",))
    assert found(router, "/things/old") == ("/{kind}/old", ("things",))


def test_a_pattern_that_leads_nowhere_gives_way_to_a_parameter() -> None:
    router = routed("/things/{id}:start", "/things/{id}/parts")
    assert found(router, "/things/a:start/parts") == ("/things/{id}/parts", ("a:start",))


SLASHES: dict[str, tuple[str, str | None]] = {
    "as written": ("/things", "/things"),
    "with a slash more": ("/things/", "/things"),
    "written with a slash": ("/token/", "/token/"),
    "with a slash less": ("/token", "/token/"),
    "parameter": ("/things/7/", "/things/{id}"),
    "root": ("/", "/"),
    "two slashes more": ("/things//", None),
    "root with a slash more": ("//", None),
    "an empty parameter is still none": ("/things//parts", None),
}


@pytest.mark.parametrize(("path", "template"), SLASHES.values(), ids=SLASHES)
def test_with_optional_slashes_a_path_answers_with_and_without_its_last_one(path: str, template: str | None) -> None:
    router = routed("/", "/things", "/things/{id}", "/things/{id}/parts", "/token/", optional_slash=True)
    match = found(router, path)
    assert (match and match[0]) == template


def test_an_exact_path_exists_without_its_slash_but_takes_no_method() -> None:
    router = routed("/revoke/", "/token/", optional_slash=True, exact=frozenset({"/revoke/"}))
    assert found(router, "/revoke/") == ("/revoke/", ())
    without = router.find("/revoke")
    assert without is not None
    assert without[0].endpoints == {}
    assert found(router, "/token") == ("/token/", ())


def test_methods_of_one_path_share_a_route_on_both_sides_of_the_slash() -> None:
    router: Router[str] = Router(optional_slash=True)
    for method in ("GET", "POST", "DELETE"):
        router.add("/things/{id}", method, method)
    for path in ("/things/7", "/things/7/"):
        match = router.find(path)
        assert match is not None
        assert set(match[0].endpoints) == {"GET", "POST", "DELETE"}


@pytest.mark.parametrize("template", ["/things", "/things/{id}", "/things/{id}:start", "/"])
@pytest.mark.parametrize("optional_slash", [True, False])
def test_a_method_registered_twice_on_a_path_is_refused_by_name(template: str, optional_slash: bool) -> None:
    router = routed(template, optional_slash=optional_slash)
    with pytest.raises(ValueError, match=r"GET .* is defined twice"):
        router.add(template, "GET", "again")
    router.add(template, "POST", "other")


def test_a_path_that_an_optional_slash_has_taken_is_refused() -> None:
    router = routed("/things", optional_slash=True)
    with pytest.raises(ValueError, match="/things/"):
        router.add("/things/", "GET", "again")


def test_routes_names_every_endpoint() -> None:
    listed = Counter(route.template for route in routed(*SHOP).routes())
    assert listed == Counter(SHOP)


def test_a_route_names_its_parameters_in_order() -> None:
    router = routed("/things/{id}/parts/{part}:{verb}")
    match = router.find("/things/a/parts/b:c")
    assert match is not None
    assert match[0].names == ("id", "part", "verb")
    assert match[1] == ("a", "b", "c")
