"""Summarise a list of numbers."""
import sys
from typing import List

VERSION = "1.0"

def parse(args: List[str]) -> List[float]:
    numbers = []
    for a in args:
        try:
            numbers.append(float(a))
        except ValueError:
            print(f"warning: {a!r} is not a number", file=sys.stderr)
    return numbers

def summarize(numbers: List[float]) -> str:
    if not numbers:
        return "no numbers"
    return f"n={len(numbers)} sum={sum(numbers):g} mean={sum(numbers) / len(numbers):.3g}"

def main(args=None) -> int:
    numbers = parse(args or ["1", "2.5", "x", "4e1"])
    print(summarize(numbers))
    print(summarize([]))
    sys.stdout.write(f"v{VERSION}\n")
    return 0

if __name__ == "__main__":
    main()
