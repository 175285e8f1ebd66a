def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)

years = [1900, 1996, 2000, 2023, 2024, 2100]
print({y: is_leap(y) for y in years})
days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

def day_of_year(y, m, d):
    if not 1 <= m <= 12:
        raise ValueError(f"month {m}")
    return sum(days[:m - 1]) + d + (m > 2 and is_leap(y))

print(day_of_year(2024, 3, 1), day_of_year(2023, 12, 31))
def weekday(y, m, d):
    t = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
    y -= m < 3
    return "Sun Mon Tue Wed Thu Fri Sat".split()[(y + y // 4 - y // 100 + y // 400 + t[m - 1] + d) % 7]
weekday(2024, 2, 29), weekday(1969, 7, 20)
