import hashlib
import hmac
import uuid
import secrets

print(hashlib.sha256(b"hello").hexdigest()[:16], hashlib.md5("text".encode()).hexdigest(), hashlib.sha1().digest_size)
h = hashlib.sha512()
for chunk in (b"a", b"b"):
    h.update(chunk)
print(h.hexdigest()[:12], hashlib.new("sha256", b"x").name, len(hashlib.blake2b(b"k", digest_size=8).digest()))
print(hmac.new(b"key", b"message", hashlib.sha256).hexdigest()[:20], hmac.compare_digest("a", "a"))
print(uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"), len(str(uuid.uuid4())), uuid.UUID("12345678123456781234567812345678").hex, uuid.uuid4().version)
token = secrets.token_hex(8)
print(len(token), len(secrets.token_urlsafe(16)) > 16, secrets.choice([1]) == 1, 0 <= secrets.randbelow(10) < 10)

def merkle(leaves):
    level = [hashlib.sha256(x.encode()).hexdigest() for x in leaves]
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        level = [hashlib.sha256((a + b).encode()).hexdigest() for a, b in zip(level[::2], level[1::2])]
    return level[0]
merkle(["a", "b", "c"])[:10]
