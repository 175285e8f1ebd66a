a = [1, 2]
b = a
c = list(a)
print(id(a) == id(b), id(a) == id(c), a is b, a == c)
x = "const"
y = "const"
print(x is y or x == y, a is not None)
def modify(lst):
    before = id(lst)
    lst += [3]
    same = before == id(lst)
    lst = lst + [4]
    return same, before == id(lst)
print(modify(a), a)
