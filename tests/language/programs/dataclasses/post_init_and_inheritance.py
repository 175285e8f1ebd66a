from dataclasses import dataclass, field, InitVar, KW_ONLY

@dataclass
class Person:
    first: str
    last: str
    full: str = field(init=False)
    salt: InitVar[str] = "x"

    def __post_init__(self, salt):
        self.full = f"{self.first} {self.last}"
        self.token = salt * 3

@dataclass
class Employee(Person):
    salary: float = 0.0
    _: KW_ONLY
    manager: bool = False
    reports: list = field(default_factory=list, repr=False)

    def __post_init__(self, salt):
        super().__post_init__(salt)
        if self.salary < 0:
            raise ValueError("salary must not be negative")

e = Employee("Ann", "Lee", "y", 5000, manager=True)
e.reports.append("Bob")
print(e, e.token, e.reports)
try:
    Employee("A", "B", salary=-1)
except ValueError as err:
    print(err)
try:
    Employee("A")
except TypeError as err:
    print(err)
