# %%
list_of_names = ["b", "a"]
sum = 0
for n in (1, 2, 3):
    sum += n
sum
# %%
del sum
sum([1, 2, 3])
# %%
max = lambda *a: "mine"
max(1, 2)
# %%
del max
max(1, 2)
# %%
str = str
input_text = "3 4"
a, b = map(int, input_text.split())
a * b
