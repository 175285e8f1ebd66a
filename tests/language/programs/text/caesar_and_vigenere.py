import string

def caesar(text, shift):
    result = []
    for ch in text:
        if ch.isupper():
            result.append(chr((ord(ch) - ord("A") + shift) % 26 + ord("A")))
        elif ch.islower():
            result.append(chr((ord(ch) - ord("a") + shift) % 26 + ord("a")))
        else:
            result.append(ch)
    return "".join(result)

def vigenere(text, key, decrypt=False):
    alphabet = string.ascii_uppercase
    out, i = "", 0
    for ch in text.upper():
        if ch in alphabet:
            k = alphabet.index(key[i % len(key)].upper())
            out += alphabet[(alphabet.index(ch) + (-k if decrypt else k)) % 26]
            i += 1
        else:
            out += ch
    return out

secret = caesar("Hello, World!", 3)
print(secret, caesar(secret, -3))
code = vigenere("attack at dawn", "lemon")
print(code, vigenere(code, "lemon", decrypt=True))
rot13 = str.maketrans(string.ascii_lowercase, string.ascii_lowercase[13:] + string.ascii_lowercase[:13])
"why did it".translate(rot13)
