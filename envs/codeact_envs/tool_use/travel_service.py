"""What a traveller can look up: flights that may be sold out, fares in many currencies, and hotels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codeact.tools import Toolbox, tool
from codeact_envs.tool_use.generator import ReadingService


class UnknownCity(LookupError):
    """No city of this name is served."""


class UnknownHotel(LookupError):
    """There is no hotel of this name."""


class UnknownFlight(LookupError):
    """There is no flight with this number."""


class SoldOut(Exception):
    """The flight has no seat left, and so no fare."""


class UnknownCurrency(LookupError):
    """No rate of this currency is known."""


@dataclass(frozen=True)
class Flight:
    """A flight on one day; times are `HH:MM`, of 24 hours, both of the same day."""

    number: str
    departs: str
    arrives: str


@dataclass(frozen=True)
class Leg:
    """A flight that goes every day."""

    number: str
    destination: str


@dataclass(frozen=True)
class Money:
    """An amount in a currency of three letters."""

    amount: float
    currency: str


@dataclass(frozen=True)
class Hotel:
    """A hotel; `nightly` is the price of one night."""

    name: str
    city: str
    stars: int
    nightly: Money


@dataclass(frozen=True)
class Timetable:
    """The data of an episode. Keys of flights are `origin destination day`, of legs the origin; a fare that is None is
    that of a flight without seats."""

    flights: Mapping[str, tuple[Flight, ...]]
    legs: Mapping[str, tuple[Leg, ...]]
    fares: Mapping[str, Money | None]
    hotels: Mapping[str, Hotel]
    euros: Mapping[str, float]


class TravelService(ReadingService):
    """Timetables, fares and hotels."""

    def __init__(self) -> None:
        names = ["flights", "daily_legs", "fare", "hotels", "hotel", "to_euros"]
        errors = [UnknownCity, UnknownHotel, UnknownFlight, SoldOut, UnknownCurrency]
        self.toolbox = Toolbox.of(self, allow=names, errors=errors)
        self.load(Timetable({}, {}, {}, {}, {}))

    def load(self, data: Timetable) -> None:
        self._table = data
        self._cities = sorted(
            {word for key in data.flights for word in key.split()[:2]}
            | set(data.legs)
            | {hotel.city for hotel in data.hotels.values()}
        )

    def shown(self) -> str:
        return f"A timetable of {len(self._table.fares)} flights, and {len(self._table.hotels)} hotels."

    @tool(effect="read")
    def flights(self, origin: str, destination: str, day: int) -> list[Flight]:
        """List the direct flights from one city to another on a day of this month, by departure.

        Raises UnknownCity.
        """
        self._require(origin)
        self._require(destination)
        return list(self._table.flights.get(f"{origin} {destination} {day}", ()))

    @tool(effect="read")
    def daily_legs(self, origin: str) -> list[Leg]:
        """List the flights that leave a city every day, at all hours, each with its destination.

        Raises UnknownCity.
        """
        self._require(origin)
        return list(self._table.legs.get(origin, ()))

    @tool(effect="read")
    def fare(self, number: str) -> Money:
        """What a seat on a flight costs.

        Raises UnknownFlight; SoldOut when there is no seat left.
        """
        if number not in self._table.fares:
            raise UnknownFlight(f"there is no flight {number!r}")
        found = self._table.fares[number]
        if found is None:
            raise SoldOut(f"flight {number} has no seat left")
        return found

    @tool(effect="read")
    def hotels(self, city: str) -> list[str]:
        """List the names of the hotels in a city.

        Raises UnknownCity.
        """
        self._require(city)
        return [hotel.name for hotel in self._table.hotels.values() if hotel.city == city]

    @tool(effect="read")
    def hotel(self, name: str) -> Hotel:
        """Look up a hotel's stars and its price.

        Raises UnknownHotel.
        """
        if name not in self._table.hotels:
            raise UnknownHotel(f"there is no hotel {name!r}; hotels(city) lists them")
        return self._table.hotels[name]

    @tool(effect="read")
    def to_euros(self, amount: float, currency: str) -> float:
        """How many euros an amount in another currency is.

        Raises UnknownCurrency.
        """
        if currency not in self._table.euros:
            raise UnknownCurrency(f"no rate of {currency!r}; there are {', '.join(self._table.euros)}")
        return amount * self._table.euros[currency]

    def _require(self, city: str) -> None:
        if city not in self._cities:
            raise UnknownCity(f"no city {city!r}; there are {', '.join(self._cities)}")
