import random
from dataclasses import dataclass

@dataclass
class Loan:
    principal: float
    annual_rate: float
    years: int

    def monthly_payment(self):
        r = self.annual_rate / 12
        n = self.years * 12
        return self.principal / n if r == 0 else self.principal * r * (1 + r) ** n / ((1 + r) ** n - 1)

    def schedule(self):
        balance, payment = self.principal, self.monthly_payment()
        for month in range(1, self.years * 12 + 1):
            interest = balance * self.annual_rate / 12
            balance = max(0.0, balance - (payment - interest))
            yield month, interest, balance

loan = Loan(12_000, 0.06, 1)
print(f"payment: {loan.monthly_payment():,.2f}")
for month, interest, balance in loan.schedule():
    if month in (1, 6, 12):
        print(f"{month:>2} interest {interest:6.2f} balance {balance:10,.2f}")
total_interest = sum(i for _, i, _ in loan.schedule())
print(f"{total_interest:.2f}")
future = lambda pv, rate, n: pv * (1 + rate) ** n
[round(future(100, r, 10), 2) for r in (0.01, 0.05, 0.1)]
