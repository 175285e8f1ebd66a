import html
from urllib.parse import quote, unquote, urlencode, urlparse, parse_qs, urljoin, urlsplit

url = "https://user@example.org:8080/a/b.html?x=1&y=two%20words&x=3#top"
parts = urlparse(url)
print(parts.scheme, parts.netloc, parts.hostname, parts.port, parts.path, parts.fragment)
query = parse_qs(parts.query)
print(query, query["x"][1])
print(quote("a b/ü?"), unquote("a%20b%2F"), quote("a/b", safe=""))
print(urlencode({"q": "python code", "page": 2, "tags": ["a", "b"]}, doseq=True))
print(urljoin("https://example.org/dir/page", "../other"), urlsplit("//h/p").netloc)
print(html.escape('<a href="x">T&C</a>'), html.unescape("&lt;&eacute;&#39;&gt;"))
links = [f'<a href="{html.escape(u, quote=True)}">{i}</a>' for i, u in enumerate(["/a?b=1&c=2", "/d"])]
parts._replace(scheme="http", fragment="").geturl()
