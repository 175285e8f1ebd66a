import configparser
import io

text = """
[server]
host = example.org
port = 8080
debug = yes

[paths]
root = /srv
data = %(root)s/data
"""
config = configparser.ConfigParser()
config.read_string(text)
print(config.sections(), config["server"]["host"], config.getint("server", "port"), config.getboolean("server", "debug"))
print(config.get("paths", "data"), config.has_option("server", "nope"), config.get("server", "nope", fallback="-"))
config["extra"] = {"a": "1"}
out = io.StringIO()
config.write(out)
print(out.getvalue().splitlines()[-2])
