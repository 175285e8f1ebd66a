import json
from dataclasses import dataclass, asdict, is_dataclass
from enum import Enum
from uuid import UUID

class Status(Enum):
    ACTIVE = "active"
    CLOSED = "closed"

@dataclass
class Account:
    id: UUID
    owner: str
    status: Status = Status.ACTIVE

def convert(value):
    if is_dataclass(value):
        return asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"cannot convert {type(value).__name__}")

accounts = [
    Account(UUID("12345678-1234-5678-1234-567812345678"), "Ann"),
    Account(UUID(int=7), "Bob", Status.CLOSED),
]
text = json.dumps(accounts, default=convert, indent=4)
print(text)
restored = json.loads(text, object_hook=lambda d: {k.upper(): v for k, v in d.items()})
print(restored[1]["STATUS"], restored[0]["ID"][:8])
pairs = json.loads('{"b": 1, "a": 2}', object_pairs_hook=list)
pairs
