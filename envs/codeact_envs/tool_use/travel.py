"""Travel: questions about flights and their fares, hotels, and ways with several changes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from codeact_envs.tool_use.answers import Tolerance
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.generator import Case, Generator, Question, Said
from codeact_envs.tool_use.travel_service import Flight, Hotel, Leg, Money, Timetable, TravelService

CITIES = Vocabulary(
    seen=("Antwerp", "Bergen", "Cadiz", "Delft", "Essen", "Faro", "Graz", "Haifa", "Izmir", "Kiel"),
    unseen=("Lucca", "Malmo", "Nantes", "Ostrava", "Porto", "Riga", "Turku"),
)
HOTELS = Vocabulary(
    seen=("Albatross", "Belvedere", "Corona", "Dolphin", "Excelsior", "Fontana", "Golden Lion", "Harbour View"),
    unseen=("Imperial Garden", "Juniper", "Kingfisher", "Lighthouse", "Maple Court"),
)
CURRENCIES = {"CHF": 1.060, "DKK": 0.134, "GBP": 1.170, "HUF": 0.0026, "ISK": 0.0068, "RON": 0.201, "USD": 0.920}
"""Roughly what one is worth in euros, so that amounts look natural; each episode draws its own rates."""


# Data and solvers


def _rates(draw: Draw) -> dict[str, float]:
    """Every currency's worth in euros; all are further from 1 than any tolerance."""
    return {currency: round(value * draw.between(985, 1015) / 1000, 6) for currency, value in CURRENCIES.items()} | {
        "EUR": 1.0
    }


def _foreign(draw: Draw, rates: Mapping[str, float], euros: int) -> Money:
    currency = draw.choice(list(CURRENCIES))
    return Money(round(euros / rates[currency], 2), currency)


def _worth(money: Money, rates: Mapping[str, float]) -> float:
    return money.amount * rates[money.currency]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _numbers(draw: Draw, count: int) -> list[str]:
    first = draw.between(100, 900)
    return [f"{draw.choice('KLMNPQ')}{draw.choice('ABCDEF')}{first + index}" for index in range(count)]


def _nights(draw: Draw) -> Case:
    rates, city = _rates(draw), draw.word(CITIES)
    name, other = draw.sample(draw.words(HOTELS), 2)
    hotels = {
        each: Hotel(each, city, draw.between(2, 5), _foreign(draw, rates, draw.between(40, 300)))
        for each in (name, other)
    }
    nights = draw.between(2, 14)
    right = nights * _worth(hotels[name].nightly, rates)
    return Case(Timetable({}, {}, {}, hotels, rates), {"name": name, "nights": nights}, right)


def _latest_in_time(draw: Draw) -> Case:
    rates = _rates(draw)
    origin, destination = draw.sample(draw.words(CITIES), 2)
    day, count = draw.between(1, 28), draw.between(5, 8)
    currency = draw.choice(list(CURRENCIES))
    amounts = draw.sample(range(60, 400), count)
    departures = [360 + 100 * index + draw.between(0, 60) for index in range(count)]
    flights = tuple(
        Flight(number, _clock(departs), _clock(departs + draw.between(55, 95)))
        for number, departs in zip(_numbers(draw, count), departures, strict=True)
    )
    fitting = draw.between(3, count - 1)  # flights that arrive in time
    latest = departures[fitting - 1] + 95 + draw.between(0, 4)
    fares: dict[str, Money | None] = {
        flight.number: Money(round(euros / rates[currency], 2), currency)
        for flight, euros in zip(flights, amounts, strict=True)
    }
    if draw.chance(50):
        fares[flights[fitting - 1].number] = None
    last, money = max(
        ((flight, money) for flight in flights if flight.arrives <= _clock(latest) and (money := fares[flight.number])),
        key=lambda pair: pair[0].departs,
    )
    right = {"flight": last.number, "euros": _worth(money, rates)}
    said: dict[str, Said] = {"origin": origin, "destination": destination, "day": day, "latest": _clock(latest)}
    table = Timetable({f"{origin} {destination} {day}": flights}, {}, fares, {}, rates)
    return Case(table, said, right)


def _best_hotel(draw: Draw) -> Case:
    rates = _rates(draw)
    city, other = draw.sample(draw.words(CITIES), 2)
    names = draw.sample(draw.words(HOTELS), 4)
    stars, nights, currency = draw.between(3, 5), draw.between(2, 14), draw.choice(list(CURRENCIES))
    trap, *good = draw.shuffled(names[:3])
    euros = dict(zip(good, draw.sample(range(80, 300, 3), 2), strict=True)) | {trap: draw.between(30, 70)}
    hotels = {
        name: Hotel(
            name,
            city,
            draw.between(1, stars - 1) if name == trap else draw.between(stars, 5),
            Money(round(euros[name] / rates[currency], 2), currency),
        )
        for name in names[:3]
    }
    hotels[names[3]] = Hotel(names[3], other, 5, _foreign(draw, rates, draw.between(20, 70)))
    fit = [hotel for hotel in hotels.values() if hotel.city == city and hotel.stars >= stars]
    best = min(fit, key=lambda hotel: hotel.nightly.amount)
    right = {"hotel": best.name, "euros": nights * _worth(best.nightly, rates)}
    return Case(Timetable({}, {}, {}, hotels, rates), {"city": city, "stars": stars, "nights": nights}, right)


def _cheapest_way(draw: Draw) -> Case:
    cities = draw.sample(draw.words(CITIES), draw.between(6, 7))
    origin, destination, *between = cities
    while True:
        rates = _rates(draw)
        pairs = {(origin, destination): draw.between(700, 999)}  # directly, for much money
        way = [origin, *draw.sample(between, 3), destination]
        for one, other in itertools.pairwise(way):
            pairs[one, other] = draw.between(30, 110)
        for city in cities:
            for other in draw.sample([each for each in cities if each != city], 2):
                pairs.setdefault((city, other), draw.between(60, 260))
        numbers = _numbers(draw, len(pairs))
        fares = {number: _foreign(draw, rates, euros) for number, euros in zip(numbers, pairs.values(), strict=True)}
        costs = {pair: _worth(fares[number], rates) for pair, number in zip(pairs, numbers, strict=True)}
        ways = sorted(_ways(costs, origin, destination))
        if len(ways[0][1]) >= 4 and ways[1][0] > 1.01 * ways[0][0]:
            break
    legs = {
        city: tuple(Leg(number, other) for (one, other), number in zip(pairs, numbers, strict=True) if one == city)
        for city in cities
    }
    right = {"cities": list(ways[0][1]), "euros": ways[0][0]}
    return Case(Timetable({}, legs, fares, {}, rates), {"origin": origin, "destination": destination}, right)


def _ways(costs: Mapping[tuple[str, str], float], origin: str, destination: str) -> list[tuple[float, tuple[str, ...]]]:
    """Every way without a city twice, with what it costs: all of them, so that no search has to be right."""
    found: list[tuple[float, tuple[str, ...]]] = []
    begun: list[tuple[float, tuple[str, ...]]] = [(0.0, (origin,))]
    while begun:
        cost, way = begun.pop()
        for (one, other), fare in costs.items():
            if one == way[-1] and other not in way:
                longer = (cost + fare, (*way, other))
                (found if other == destination else begun).append(longer)
    return found


_IN_TIME = """
fitting = [flight for flight in flights(origin, destination, day) if flight.arrives <= latest]
"""

GENERATOR = Generator(
    name="travel",
    title="Plan travel",
    open=TravelService,
    vocabularies={"cities": CITIES, "hotels": HOTELS},
    grades={
        1: (
            Question(
                name="nights",
                pose=_nights,
                templates=(
                    "What do {nights} nights in the hotel {name} cost in euros?",
                    "How many euros are {nights} nights at the {name}?",
                    "I stay in the hotel {name} for {nights} nights. What do I pay, in euros?",
                    "Give the price in euros of {nights} nights in the {name}.",
                    "The hotel is the {name}, the stay is {nights} nights: how much is that in euros?",
                ),
                form="Call finish() with a number.",
                oracle="money = hotel(name).nightly\nfinish(nights * to_euros(money.amount, money.currency))",
                opposite="finish(nights * hotel(name).nightly.amount)",
                tolerance=Tolerance(relative=0.001),
            ),
        ),
        2: (
            Question(
                name="latest_in_time",
                pose=_latest_in_time,
                templates=(
                    "Find the last flight on day {day} from {origin} to {destination} that lands by {latest}.",
                    "On day {day} I must be in {destination} at {latest}. Which flight from {origin} leaves last?",
                    "Which is the latest flight from {origin} on day {day} that reaches {destination} by {latest}?",
                    "Leave {origin} as late as possible on day {day}, but land in {destination} by {latest}.",
                    "Book the last flight that brings a guest from {origin} to {destination} by {latest} on day {day}.",
                ),
                form=(
                    "It must have a seat left. "
                    'Call finish() with a dict: "flight", its number, and "euros", what a seat costs.'
                ),
                oracle=_IN_TIME
                + """
while True:
    chosen = fitting.pop()
    try:
        money = fare(chosen.number)
        break
    except SoldOut:
        continue
finish({"flight": chosen.number, "euros": to_euros(money.amount, money.currency)})
""",
                opposite=_IN_TIME
                + """
money = fare(fitting[0].number)
finish({"flight": fitting[0].number, "euros": to_euros(money.amount, money.currency)})
""",
                tolerance=Tolerance(relative=0.001),
            ),
            Question(
                name="best_hotel",
                pose=_best_hotel,
                templates=(
                    "Which is the cheapest hotel in {city} with {stars} stars or more, for {nights} nights?",
                    "For me {nights} nights in {city}, in a hotel of {stars} stars at least, as cheap as possible.",
                    "Find a hotel in {city} with {stars} or more stars where {nights} nights cost the least.",
                    "In {city}, where are {nights} nights the cheapest, if the hotel must have {stars} stars at least?",
                    "For {nights} nights in {city}: choose the least expensive hotel of {stars} stars and more.",
                ),
                form='Call finish() with a dict: "hotel", and "euros", the price of all nights.',
                oracle="""
found = [hotel(name) for name in hotels(city)]
best = min((each for each in found if each.stars >= stars), key=lambda each: each.nightly.amount)
finish({"hotel": best.name, "euros": nights * to_euros(best.nightly.amount, best.nightly.currency)})
""",
                opposite="""
best = min((hotel(name) for name in hotels(city)), key=lambda each: each.nightly.amount)
finish({"hotel": best.name, "euros": nights * to_euros(best.nightly.amount, best.nightly.currency)})
""",
                tolerance=Tolerance(relative=0.001),
            ),
        ),
        3: (
            Question(
                name="cheapest_way",
                pose=_cheapest_way,
                templates=(
                    "What is the cheapest way to fly from {origin} to {destination}, with any number of changes?",
                    "Change planes as often as you like: get from {origin} to {destination} for the least money.",
                    "Find the flights that take a traveller from {origin} to {destination} for the lowest total fare.",
                    "From {origin} to {destination}, time does not matter, money does. Which cities do I fly through?",
                    "Add up the fares of all connections and find the least expensive from {origin} to {destination}.",
                ),
                form=(
                    'Use the daily legs. Call finish() with a dict: "cities", the list of cities from the first to '
                    'the last, and "euros", the total fare.'
                ),
                oracle="""
import heapq

waiting, done = [(0.0, [origin])], set()
while True:
    cost, way = heapq.heappop(waiting)
    if way[-1] == destination:
        break
    if way[-1] in done:
        continue
    done.add(way[-1])
    for leg in daily_legs(way[-1]):
        if leg.destination not in done:
            money = fare(leg.number)
            heapq.heappush(waiting, (cost + to_euros(money.amount, money.currency), [*way, leg.destination]))
finish({"cities": way, "euros": cost})
""",
                opposite="""
direct = next(leg for leg in daily_legs(origin) if leg.destination == destination)
money = fare(direct.number)
finish({"cities": [origin, destination], "euros": to_euros(money.amount, money.currency)})
""",
                tolerance=Tolerance(relative=0.001),
            ),
        ),
    },
)
