# %%
secret, tries, shown = "sandbox", [], ["_"] * 7
def guess(letter):
    tries.append(letter)
    for i, ch in enumerate(secret):
        if ch == letter:
            shown[i] = ch
    return "".join(shown)
guess("a")
# %%
[guess(x) for x in "snx"][-1]
# %%
missing = sorted(set(secret) - set(tries))
missing, len(tries)
# %%
for letter in missing:
    state = guess(letter)
print(state, "_" not in state)
state == secret
