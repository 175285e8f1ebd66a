from string import Template

letter = Template("Dear $name,\nYour balance is $$${amount}. Order ${id}x.")
print(letter.substitute(name="Ann", amount="12.50", id=7))
print(letter.safe_substitute(name="Bob"))
try:
    letter.substitute({"name": "C"})
except KeyError as e:
    print("missing", e)

people = [dict(name="A", amount=1, id=1), dict(name="B", amount=2, id=2)]
for i, person in enumerate(people, 1):
    print(i, Template("$name:$amount").substitute(person))
page = "<html>{{ title }}</html>".replace("{{ title }}", "Home")
page
