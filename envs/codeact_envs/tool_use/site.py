"""A small site: pages with tables and links, some of them dead, and a browser that is on one page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeact.tools import Toolbox, tool
from codeact_envs.tool_use.answers import Tolerance
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.generator import Case, Generator, Question

HOME = "/"
PAGE = 4  # articles
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DEPARTMENTS = ("Workshop", "Sales", "Restoration", "Rentals")
CATEGORIES = ("Strings", "Woodwind", "Brass", "Percussion")
COLOURS = ("black", "blue", "brown", "cherry", "golden", "green", "grey", "ivory", "red", "silver", "walnut", "white")

PEOPLE = Vocabulary(
    seen=("Amara Okoye", "Bela Kun", "Carmen Rojas", "Dilip Rao", "Esther Blum", "Finn Dahl", "Gita Sen", "Hana Ito"),
    unseen=("Igor Petrov", "Julia Weiss", "Kofi Mensah", "Leila Amiri", "Marek Novak", "Nadia Haddad"),
)
ARTICLES = Vocabulary(
    seen=("banjo", "cello", "dulcimer", "flugelhorn", "glockenspiel", "harp", "lute", "mandolin", "oboe", "piccolo"),
    unseen=("rebec", "shawm", "theorbo", "ukulele", "vihuela", "zither"),
)


class PageNotFound(LookupError):
    """There is no page at this address: the link is dead, or was made up."""


class NoSuchLink(LookupError):
    """This page has no link with this text."""


class NothingBefore(LookupError):
    """There is no page before the first one."""


class NoTable(LookupError):
    """This page has no table."""


@dataclass(frozen=True)
class Page:
    """The page that the browser is on now."""

    title: str
    address: str


@dataclass(frozen=True)
class Content:
    """A page of the site: its lines of text, its links by their text, and the rows of its table."""

    title: str
    lines: tuple[str, ...] = ()
    links: Mapping[str, str] | None = None
    rows: tuple[Mapping[str, str], ...] = ()


Site = Mapping[str, Content]


class SiteService:
    """A browser on a site. It begins on the home page."""

    def __init__(self) -> None:
        reading = dict.fromkeys(("read", "links", "table"), "read")
        moving = dict.fromkeys(("open_page", "click", "back"), "write")
        self.toolbox = Toolbox.of(
            self, allow=[*moving, *reading], errors=[PageNotFound, NoSuchLink, NothingBefore, NoTable]
        )
        self.load({HOME: Content("Home")})

    def load(self, data: Site) -> None:
        self._site = data
        self._history = [HOME]

    def shown(self) -> str:
        address = self._history[-1]
        return f"The browser is on the page {self._site[address].title!r} at {address}"

    def state(self) -> Mapping[str, Any]:
        return {"history": list(self._history)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._history = list(state["history"])

    def close(self) -> None:
        pass

    @tool(effect="write")
    def open_page(self, address: str) -> Page:
        """Go to an address of this site, such as `/`.

        Raises PageNotFound when there is no such page; the browser stays where it is.
        """
        if address not in self._site:
            raise PageNotFound(f"404: there is no page at {address!r}")
        self._history.append(address)
        return self._here()

    @tool(effect="write")
    def click(self, link: str) -> Page:
        """Follow the link with this text, as `links` gives it.

        Raises NoSuchLink when this page has none; PageNotFound when it is dead: the browser stays where it is.
        """
        links = self._content.links or {}
        if link not in links:
            raise NoSuchLink(f"this page has no link {link!r}; it has {', '.join(links) or 'none'}")
        return self.open_page(links[link])

    @tool(effect="write")
    def back(self) -> Page:
        """Go back to the page before.

        Raises NothingBefore on the first one.
        """
        if len(self._history) == 1:
            raise NothingBefore("this is the page on which the browser began")
        self._history.pop()
        return self._here()

    @tool(effect="read")
    def read(self) -> str:
        """Read the text of this page, without its table."""
        return "\n".join((self._content.title, *self._content.lines))

    @tool(effect="read")
    def links(self) -> list[str]:
        """List the texts of this page's links, in their order."""
        return list(self._content.links or {})

    @tool(effect="read")
    def table(self) -> list[dict[str, str]]:
        """Read the table of this page: a dict a row, from the column's heading to the text in the cell.

        Raises NoTable when there is none.
        """
        if not self._content.rows:
            raise NoTable(f"the page {self._content.title!r} has no table; read() gives its text")
        return [dict(row) for row in self._content.rows]

    @property
    def _content(self) -> Content:
        return self._site[self._history[-1]]

    def _here(self) -> Page:
        return Page(self._content.title, self._history[-1])


# Data and solvers


def _home() -> Content:
    links = {"Catalogue": "/catalogue", "People": "/people", "Opening hours": "/hours", "News": "/news"}
    return Content("The instrument house", ("Welcome.", "We sell, rent and mend instruments."), links)


def _time(draw: Draw, first: int, last: int) -> str:
    return f"{draw.between(first, last):02d}:{5 * draw.between(0, 11):02d}"


def _closing_time(draw: Draw) -> Case:
    day = draw.choice(DAYS)
    rows = tuple({"day": each, "opens": _time(draw, 8, 11), "closes": _time(draw, 15, 20)} for each in DAYS)
    site = {HOME: _home(), "/hours": Content("Opening hours", ("All year.",), {"Home": HOME}, rows)}
    return Case(site, {"day": day}, {row["day"]: row["closes"] for row in rows}[day])


def _extension(draw: Draw) -> Case:
    people = draw.shuffled(draw.words(PEOPLE))
    departments = {person: draw.choice(DEPARTMENTS) for person in people}
    extensions = {person: draw.between(1000, 9999) for person in people}
    links = {name: f"/people/{name.lower()}" for name in DEPARTMENTS}
    register = tuple({"name": person, "department": departments[person]} for person in people)
    site = {HOME: _home(), "/people": Content("People", ("Who works where.",), links | {"Home": HOME}, register)}
    for name, address in links.items():
        rows = tuple(
            {"name": person, "room": str(draw.between(1, 99)), "extension": str(extensions[person])}
            for person in people
            if departments[person] == name
        )
        site[address] = Content(name, ("Call us.",), {"People": "/people"}, rows)
    wanted = draw.choice(people)
    return Case(site, {"person": wanted}, extensions[wanted])


def _catalogue(draw: Draw) -> tuple[Site, str, dict[str, tuple[int, int]]]:
    """A site, a category, and what is in stock of it: weight in grams and price in euros, by name."""
    site = {HOME: _home()}
    links = {name: f"/catalogue/{name.lower()}/1" for name in CATEGORIES}
    site["/catalogue"] = Content("Catalogue", ("Choose a category.",), links | {"Home": HOME})
    wanted = draw.choice(CATEGORIES)
    found: dict[str, tuple[int, int]] = {}
    for category in CATEGORIES:
        count = draw.between(6, 10) if category == wanted else 2
        names = draw.sample([f"{colour} {kind}" for kind in draw.words(ARTICLES) for colour in COLOURS], count)
        for first in range(0, count, PAGE):
            shown, number = names[first : first + PAGE], first // PAGE + 1
            rows, there = [], {}
            for name in shown:
                address = f"/article/{category.lower()}/{name.replace(' ', '-')}"
                sure = name in (names[0], names[-1])  # they count, so that who stops early is wrong
                stock = sure or draw.chance(60)
                rows.append({"article": name, "availability": "in stock" if stock else "on order"})
                there[name] = address
                if sure or draw.chance(80):
                    weight = 50 * draw.between(6, 160)
                    said = f"{weight / 1000:g} kg" if draw.chance(50) else f"{weight} g"
                    price = draw.between(40, 900)
                    lines = (f"Price: {price} EUR", f"Weight: {said}")
                    site[address] = Content(name, lines, {"Catalogue": "/catalogue"})
                    if stock and category == wanted:
                        found[name] = (weight, price)
            if first + PAGE < count:
                there["Next page"] = f"/catalogue/{category.lower()}/{number + 1}"
            site[f"/catalogue/{category.lower()}/{number}"] = Content(
                f"{category}, page {number}", (), there, tuple(rows)
            )
    return site, wanted, found


def _stock_weight(draw: Draw) -> Case:
    site, wanted, found = _catalogue(draw)
    return Case(site, {"category": wanted}, sum(weight for weight, _ in found.values()) / 1000)


def _stock_prices(draw: Draw) -> Case:
    site, wanted, found = _catalogue(draw)
    return Case(site, {"category": wanted}, {name: price for name, (_, price) in found.items()})


_GO_THROUGH = """
import re

click("Catalogue")
click(category)
weights, prices = {}, {}
while True:
    for row in table():
        article = row["article"]
        if row["availability"] != "in stock":
            continue
        try:
            click(article)
        except PageNotFound:
            continue
        amount, unit = re.search(r"Weight: ([0-9.]+) (k?g)", read()).groups()
        weights[article] = float(amount) * (1 if unit == "kg" else 0.001)
        prices[article] = int(re.search(r"Price: ([0-9]+) EUR", read())[1])
        back()
"""
_TURN = """
    if "Next page" not in links():
        break
    click("Next page")
"""

GENERATOR = Generator(
    name="site",
    title="Browse a small site",
    open=SiteService,
    vocabularies={"people": PEOPLE, "articles": ARTICLES},
    grades={
        1: (
            Question(
                name="closing_time",
                pose=_closing_time,
                templates=(
                    "When does the instrument house close on a {day}?",
                    "It is {day}. Until when is the instrument house open?",
                    "Look up the closing time of the instrument house on {day}s.",
                    "At what time must a visitor leave the instrument house on {day}?",
                    "Until what time can one shop at the instrument house on a {day}?",
                ),
                form='Call finish() with a time such as "09:30".',
                oracle='click("Opening hours")\nfinish({row["day"]: row["closes"] for row in table()}[day])',
                opposite='click("Opening hours")\nfinish({row["day"]: row["opens"] for row in table()}[day])',
            ),
        ),
        2: (
            Question(
                name="extension",
                pose=_extension,
                templates=(
                    "Which telephone extension has {person}?",
                    "I want to call {person}. What extension do I dial?",
                    "Find the extension number of {person} on the site.",
                    "{person} works at the instrument house. Look up the extension.",
                    "Under which extension is {person} to be reached?",
                ),
                form="Call finish() with the exact number.",
                oracle="""
click("People")
click({row["name"]: row["department"] for row in table()}[person])
finish({row["name"]: int(row["extension"]) for row in table()}[person])
""",
                opposite="""
click("People")
click({row["name"]: row["department"] for row in table()}[person])
finish({row["name"]: int(row["room"]) for row in table()}[person])
""",
            ),
        ),
        3: (
            Question(
                name="stock_weight",
                pose=_stock_weight,
                templates=(
                    "What do all articles of the category {category} that are in stock weigh together?",
                    "Add up the weight of everything in stock under {category}.",
                    "The {category} in stock are moved to another shelf. How much weight must it carry?",
                    "Find the total weight of the articles in the category {category} that are in stock.",
                    "How heavy is the whole stock of {category}?",
                ),
                form=(
                    "Count each article once, and leave out those whose own page is gone. "
                    "Call finish() with a number, in kilograms."
                ),
                oracle=_GO_THROUGH + _TURN + "finish(sum(weights.values()))",
                opposite=_GO_THROUGH + "    break\nfinish(sum(weights.values()))",
                tolerance=Tolerance(absolute=0.001),
            ),
            Question(
                name="stock_prices",
                pose=_stock_prices,
                templates=(
                    "Make a price list of all articles of the category {category} that are in stock.",
                    "What does each article cost that is in stock under {category}?",
                    "For every article in stock in the category {category}: what is its price?",
                    "List the prices of the whole stock of {category}, article by article.",
                    "A customer asks for the price of each of the {category} in stock. Look all of them up.",
                ),
                form=(
                    "Leave out those whose own page is gone. "
                    "Call finish() with a dict from the article's name to its exact price in euros."
                ),
                oracle=_GO_THROUGH + _TURN + "finish(prices)",
                opposite=_GO_THROUGH + _TURN + "finish(weights)",
            ),
        ),
    },
)
