from __future__ import annotations
from dataclasses import dataclass, field
from datetime import date

@dataclass
class Author:
    name: str
    books: list[Book] = field(default_factory=list, repr=False)

@dataclass
class Book:
    title: str
    author: Author
    published: date
    copies: int = 1

    def __post_init__(self) -> None:
        self.author.books.append(self)

@dataclass
class Library:
    books: dict[str, Book] = field(default_factory=dict)
    loans: dict[str, set[str]] = field(default_factory=dict)

    def add(self, *books: Book) -> Library:
        for b in books:
            self.books[b.title] = b
        return self

    def lend(self, title: str, reader: str) -> bool:
        book = self.books[title]
        taken = self.loans.setdefault(title, set())
        if len(taken) >= book.copies or reader in taken:
            return False
        taken.add(reader)
        return True

orwell = Author("Orwell")
lib = Library().add(Book("1984", orwell, date(1949, 6, 8)), Book("Animal Farm", orwell, date(1945, 8, 17), copies=2))
print(lib.lend("1984", "ann"), lib.lend("1984", "bob"), lib.lend("Animal Farm", "bob"))
print(lib.loans)
print(sorted(orwell.books, key=lambda b: b.published)[0])
