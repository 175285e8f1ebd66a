class InsufficientFundsError(Exception):
    def __init__(self, balance, amount):
        super().__init__(f"Cannot withdraw {amount:.2f}: balance is {balance:.2f}")
        self.balance = balance
        self.amount = amount

class BankAccount:
    interest_rate = 0.02
    _accounts = []

    def __init__(self, owner, balance=0.0):
        self.owner = owner
        self.__balance = balance
        self.transactions = []
        BankAccount._accounts.append(self)

    @property
    def balance(self):
        return self.__balance

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("Deposit must be positive")
        self.__balance += amount
        self.transactions.append(("deposit", amount))

    def withdraw(self, amount):
        if amount > self.__balance:
            raise InsufficientFundsError(self.__balance, amount)
        self.__balance -= amount
        self.transactions.append(("withdraw", amount))

    @classmethod
    def total(cls):
        return sum(account.balance for account in cls._accounts)

    def __str__(self):
        return f"{self.owner}'s account: ${self.balance:,.2f}"

class SavingsAccount(BankAccount):
    def add_interest(self):
        self.deposit(self.balance * self.interest_rate)

acc = SavingsAccount("Ann", 1000)
acc.deposit(500)
acc.add_interest()
print(acc)
try:
    acc.withdraw(5000)
except InsufficientFundsError as e:
    print(e, "| short by", round(e.amount - e.balance, 2))
try:
    acc.balance = 10
except AttributeError:
    print("balance is read-only")
print(acc.transactions, BankAccount.total())
