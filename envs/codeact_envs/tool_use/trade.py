"""Trade: customs codes, prices in many units and currencies, duties, and offers of suppliers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codeact.tools import Toolbox, tool
from codeact_envs.tool_use.answers import Tolerance
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.generator import Case, Generator, Question, ReadingService, Said

PAGE = 4  # offers

PRODUCTS = Vocabulary(
    seen=("cocoa beans", "copper wire", "cotton yarn", "green coffee", "olive oil", "pepper", "raw silk", "rubber"),
    unseen=("dried figs", "graphite", "saffron", "vanilla", "wool felt"),
)
COUNTRIES = Vocabulary(
    seen=("Norway", "Japan", "Poland", "India", "Brazil", "Mexico", "Turkey", "Kenya"),
    unseen=("Sweden", "Thailand", "Peru", "Morocco", "Canada"),
)
SUPPLIERS = Vocabulary(
    seen=("Almira", "Borealis", "Cassia", "Delmar", "Estrel", "Fontane", "Garuda", "Halden", "Imara", "Jolanta"),
    unseen=("Kestrel", "Lumen", "Mandala", "Nordal", "Orinoco", "Pampas", "Quillon", "Rialto", "Selene", "Tundra"),
)
CURRENCIES = {
    "Norway": ("NOK", 0.0853),
    "Japan": ("JPY", 0.0061),
    "Poland": ("PLN", 0.2340),
    "India": ("INR", 0.0109),
    "Brazil": ("BRL", 0.1590),
    "Mexico": ("MXN", 0.0471),
    "Turkey": ("TRY", 0.0246),
    "Kenya": ("KES", 0.0071),
    "Sweden": ("SEK", 0.0894),
    "Thailand": ("THB", 0.0263),
    "Peru": ("PEN", 0.2510),
    "Morocco": ("MAD", 0.0932),
    "Canada": ("CAD", 0.6230),
}
"""Currency of a country, and roughly its worth in euros, so that amounts look natural; each episode draws its rates."""
KILOGRAMS = {"kg": 1.0, "lb": 0.45359237, "oz": 0.028349523125, "t": 1000.0}
"""International avoirdupois pound and ounce of 1959."""


class UnknownProduct(LookupError):
    """No product of this name, or nothing with this customs code."""


class NotSoldThere(LookupError):
    """The goods have no price in this country, or there is no such page of offers."""


class UnknownCurrency(LookupError):
    """No rate of this currency is known."""


class UnknownUnit(LookupError):
    """No unit of mass of this name is known."""


class DutyFree(Exception):
    """Between these countries the goods pay no duty, so that there is no rate of it."""


@dataclass(frozen=True)
class Price:
    """What one `unit` of mass costs: `amount` in `currency`."""

    amount: float
    currency: str
    unit: str


@dataclass(frozen=True)
class Offer:
    """A supplier's price, and from how many kilograms on it is given."""

    supplier: str
    country: str
    price: Price
    least_kilograms: float


@dataclass(frozen=True)
class OffersPage:
    """Some of the offers; `pages` is how many pages there are."""

    offers: list[Offer]
    page: int
    pages: int


@dataclass(frozen=True)
class Market:
    """The data of an episode. Keys of prices are `code country`, of duties `code origin destination`."""

    codes: Mapping[str, str]
    prices: Mapping[str, Price]
    euros: Mapping[str, float]
    duties: Mapping[str, float]
    offers: Mapping[str, tuple[Offer, ...]]


class TradeService(ReadingService):
    """Price lists, rates and customs tables."""

    def __init__(self) -> None:
        names = ["customs_code", "price", "offers", "to_kilograms", "exchange_rate", "duty_percent"]
        errors = [UnknownProduct, NotSoldThere, UnknownCurrency, UnknownUnit, DutyFree]
        self.toolbox = Toolbox.of(self, allow=names, errors=errors)
        self.load(Market({}, {}, {}, {}, {}))

    def load(self, data: Market) -> None:
        self._market = data

    def shown(self) -> str:
        return f"Price lists and customs tables for {', '.join(self._market.codes)}."

    @tool(effect="read")
    def customs_code(self, product: str) -> str:
        """Look up the customs code of a product.

        Raises UnknownProduct.
        """
        if product not in self._market.codes:
            raise UnknownProduct(f"no code of {product!r}; there are {', '.join(self._market.codes)}")
        return self._market.codes[product]

    @tool(effect="read")
    def price(self, code: str, country: str) -> Price:
        """What goods with a customs code cost in a country: in its currency, for one unit of mass that is used there.

        Raises UnknownProduct, or NotSoldThere.
        """
        self._require(code)
        if f"{code} {country}" not in self._market.prices:
            raise NotSoldThere(f"goods with code {code} have no price in {country!r}")
        return self._market.prices[f"{code} {country}"]

    @tool(effect="read")
    def offers(self, code: str, page: int = 1) -> OffersPage:
        """List the offers of suppliers for goods with a customs code, four on a page.

        Raises UnknownProduct, or NotSoldThere when there is no such page.
        """
        self._require(code)
        found = self._market.offers.get(code, ())
        pages = max(1, -(-len(found) // PAGE))
        if not 1 <= page <= pages:
            raise NotSoldThere(f"there is no page {page} of the offers for {code}; pages are 1 to {pages}")
        return OffersPage(list(found[(page - 1) * PAGE : page * PAGE]), page, pages)

    @tool(effect="read")
    def to_kilograms(self, amount: float, unit: str) -> float:
        """How many kilograms an amount in another unit of mass is: kg, lb, oz, or t (metric tonne).

        Raises UnknownUnit.
        """
        if unit not in KILOGRAMS:
            raise UnknownUnit(f"no unit {unit!r}; there are {', '.join(KILOGRAMS)}")
        return amount * KILOGRAMS[unit]

    @tool(effect="read")
    def exchange_rate(self, currency: str, into: str) -> float:
        """How much one of a currency is worth in another. Currencies have three letters, such as EUR.

        Raises UnknownCurrency.
        """
        for each in (currency, into):
            if each not in self._market.euros:
                raise UnknownCurrency(f"no rate of {each!r}; there are {', '.join(self._market.euros)}")
        return self._market.euros[currency] / self._market.euros[into]

    @tool(effect="read")
    def duty_percent(self, code: str, origin: str, destination: str) -> float:
        """The duty on goods with a customs code that come from one country into another, in percent of their price.

        Raises UnknownProduct; DutyFree when an agreement says that none is paid.
        """
        self._require(code)
        if f"{code} {origin} {destination}" not in self._market.duties:
            raise DutyFree(f"goods with code {code} from {origin!r} into {destination!r} pay no duty")
        return self._market.duties[f"{code} {origin} {destination}"]

    def _require(self, code: str) -> None:
        if code not in self._market.codes.values():
            raise UnknownProduct(f"nothing has the customs code {code!r}; customs_code(product) looks it up")


# Data and solvers


def _code(draw: Draw) -> str:
    return f"{draw.between(1000, 9999)}.{draw.between(10, 99)}"


def _rates(draw: Draw) -> dict[str, float]:
    return {"EUR": 1.0} | {
        currency: round(value * draw.between(900, 1100) / 1000, 6) for currency, value in CURRENCIES.values()
    }


def _price(draw: Draw, country: str, rates: Mapping[str, float], units: tuple[str, ...], euros_a_kg: float) -> Price:
    currency, unit = CURRENCIES[country][0], draw.choice(units)
    return Price(round(euros_a_kg * KILOGRAMS[unit] / rates[currency], 2), currency, unit)


def _euros(price: Price, rates: Mapping[str, float], kilograms: float, duty: float) -> float:
    return kilograms * price.amount / KILOGRAMS[price.unit] * rates[price.currency] * (100 + duty) / 100


def _local_price(draw: Draw) -> Case:
    product, country = draw.word(PRODUCTS), draw.word(COUNTRIES)
    code, rates, kilograms = _code(draw), _rates(draw), draw.between(20, 999)
    price = _price(draw, country, rates, ("lb", "oz", "t"), draw.between(300, 3000) / 100)
    market = Market({product: code}, {f"{code} {country}": price}, rates, {}, {})
    right = kilograms / KILOGRAMS[price.unit] * price.amount
    return Case(market, {"kilograms": kilograms, "code": code, "country": country}, right)


def _duty(draw: Draw) -> Case:
    product, other = draw.sample(draw.words(PRODUCTS), 2)
    origin, destination = draw.sample(draw.words(COUNTRIES), 2)
    codes = {product: _code(draw), other: f"9{_code(draw)}"}
    there, back = draw.sample(range(30, 250), 2)
    duties = {f"{codes[product]} {destination} {origin}": back / 10}
    if draw.chance(30):
        there = 0
    else:
        duties[f"{codes[product]} {origin} {destination}"] = there / 10
    said: dict[str, Said] = {"product": product, "origin": origin, "destination": destination}
    return Case(Market(codes, {}, _rates(draw), duties, {}), said, there / 10)


def _landed_cost(draw: Draw) -> Case:
    product, other = draw.sample(draw.words(PRODUCTS), 2)
    origin, destination = draw.sample(draw.words(COUNTRIES), 2)
    code, rates, kilograms = _code(draw), _rates(draw), draw.between(20, 999)
    price = _price(draw, origin, rates, ("lb", "oz", "t"), draw.between(300, 3000) / 100)
    duty = 0.0 if draw.chance(30) else draw.between(30, 250) / 10
    duties = {f"{code} {destination} {origin}": draw.between(30, 250) / 10}
    if duty:
        duties[f"{code} {origin} {destination}"] = duty
    codes = {product: code, other: f"9{_code(draw)}"}
    market = Market(codes, {f"{code} {origin}": price}, rates, duties, {})
    said: dict[str, Said] = {"kilograms": kilograms, "product": product, "origin": origin, "destination": destination}
    return Case(market, said, _euros(price, rates, kilograms, duty))


def _cheapest_offer(draw: Draw) -> Case:
    product, other = draw.sample(draw.words(PRODUCTS), 2)
    destination, *origins = draw.shuffled(draw.words(COUNTRIES))
    names = draw.sample(draw.words(SUPPLIERS), draw.between(7, 10))
    trap = draw.choice(names)
    code, rates, kilograms = _code(draw), _rates(draw), draw.between(100, 999)
    while True:
        duties = {f"{code} {origin} {destination}": draw.between(30, 250) / 10 for origin in origins if draw.chance(70)}
        offers, costs = [], {}
        for name in names:
            origin = draw.choice(origins)
            # The cheapest one by far sells from a larger quantity on than what is needed.
            a_kilogram = draw.between(300, 500) / 100 if name == trap else draw.between(800, 2000) / 100
            least = kilograms + draw.between(1, 500) if name == trap else draw.between(1, kilograms)
            price = _price(draw, origin, rates, tuple(KILOGRAMS), a_kilogram)
            offers.append(Offer(name, origin, price, least))
            if name != trap:
                costs[name] = _euros(price, rates, kilograms, duties.get(f"{code} {origin} {destination}", 0.0))
        first, second = sorted(costs.values())[:2]
        if second > 1.01 * first:
            break
    codes = {product: code, other: f"9{_code(draw)}"}
    right = {"supplier": min(costs, key=lambda name: costs[name]), "euros": first}
    said: dict[str, Said] = {"kilograms": kilograms, "product": product, "destination": destination}
    return Case(Market(codes, {}, rates, duties, {code: tuple(offers)}), said, right)


_LAND = """
def land(goods, origin, price, destination):
    euros = kilograms / to_kilograms(1, price.unit) * price.amount * exchange_rate(price.currency, "EUR")
    try:
        return euros * (1 + duty_percent(goods, origin, destination) / 100)
    except DutyFree:
        return euros
"""
_ALL_OFFERS = (
    _LAND
    + """
goods = customs_code(product)
page = offers(goods)
found = list(page.offers)
while page.page < page.pages:
    page = offers(goods, page.page + 1)
    found += page.offers
"""
)
_BEST = """
costs = {offer.supplier: land(goods, offer.country, offer.price, destination) for offer in found}
best = min(costs, key=costs.get)
finish({"supplier": best, "euros": costs[best]})
"""

GENERATOR = Generator(
    name="trade",
    title="Trade and tariffs",
    open=TradeService,
    vocabularies={"products": PRODUCTS, "countries": COUNTRIES, "suppliers": SUPPLIERS},
    grades={
        1: (
            Question(
                name="local_price",
                pose=_local_price,
                templates=(
                    "What do {kilograms} kg of goods with the customs code {code} cost in {country}, in its currency?",
                    "In the money of {country}: what is the price there of {kilograms} kg of customs code {code}?",
                    "A buyer in {country} wants {kilograms} kg of code {code}. What is to be paid, in local currency?",
                    "Find the price of {kilograms} kg of code {code} in {country}. Keep to the currency used there.",
                    "How much money of {country} buys {kilograms} kg of the goods with customs code {code} there?",
                ),
                form="Call finish() with a number.",
                oracle="it = price(code, country)\nfinish(kilograms / to_kilograms(1, it.unit) * it.amount)",
                opposite="finish(kilograms * price(code, country).amount)",
                tolerance=Tolerance(relative=0.001),
            ),
            Question(
                name="duty",
                pose=_duty,
                templates=(
                    "How many percent of duty does {destination} take on {product} from {origin}?",
                    "What is the duty, in percent, on {product} that comes from {origin} into {destination}?",
                    "{product} from {origin} arrives in {destination}. At which percentage is it taxed there?",
                    "Look up the percentage of duty for {product}, out of {origin} and into {destination}.",
                    "If {origin} sells {product} to {destination}, what percentage of the price is the duty?",
                ),
                form="It is 0 where none is paid. Call finish() with a number.",
                oracle="""
try:
    percent = duty_percent(customs_code(product), origin, destination)
except DutyFree:
    percent = 0
finish(percent)
""",
                opposite="finish(duty_percent(customs_code(product), destination, origin))",
                tolerance=Tolerance(absolute=0.01),
            ),
        ),
        2: (
            Question(
                name="landed_cost",
                pose=_landed_cost,
                templates=(
                    "What do {kilograms} kg of {product}, bought in {origin}, cost in euros once in {destination}?",
                    "Import {kilograms} kg of {product} from {origin} into {destination}: how many euros in all?",
                    "{kilograms} kg of {product} go from {origin} to {destination}. What is that in euros, with duty?",
                    "Work out what bringing {kilograms} kg of {product} from {origin} to {destination} costs in euros.",
                    "A firm in {destination} orders {kilograms} kg of {product} from {origin}. Give the cost in euros.",
                ),
                form="The cost is the price at the origin and the duty on it. Call finish() with a number.",
                oracle=_LAND
                + "goods = customs_code(product)\nfinish(land(goods, origin, price(goods, origin), destination))",
                opposite=_LAND.replace(" * exchange_rate", " / exchange_rate")
                + "goods = customs_code(product)\nfinish(land(goods, origin, price(goods, origin), destination))",
                tolerance=Tolerance(relative=0.001),
            ),
        ),
        3: (
            Question(
                name="cheapest_offer",
                pose=_cheapest_offer,
                templates=(
                    "You need {kilograms} kg of {product} in {destination}. Which supplier's offer is the cheapest?",
                    "Who sells {kilograms} kg of {product} to {destination} for the least money, and for how much?",
                    "Compare all offers for {product}: {kilograms} kg are wanted in {destination}. Find the best.",
                    "From whom should {destination} buy {kilograms} kg of {product} to pay as little as possible?",
                    "Find the least expensive way to get {kilograms} kg of {product} delivered to {destination}.",
                ),
                form=(
                    "Count the price and the duty, in euros, and leave out suppliers that do not sell so little. "
                    'Call finish() with a dict: "supplier", and "euros", what it costs in all.'
                ),
                oracle=_ALL_OFFERS + "found = [offer for offer in found if offer.least_kilograms <= kilograms]" + _BEST,
                opposite=_ALL_OFFERS + _BEST,
                tolerance=Tolerance(relative=0.001),
            ),
        ),
    },
)
