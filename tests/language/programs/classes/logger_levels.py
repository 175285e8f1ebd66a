class Logger:
    LEVELS = {"debug": 10, "info": 20, "error": 40}

    def __init__(self, level="info", sink=None):
        self.threshold = self.LEVELS[level]
        self.sink = sink if sink is not None else []

    def __getattr__(self, name):
        if name not in self.LEVELS:
            raise AttributeError(f"no level {name!r}")
        def log(message, *args):
            if self.LEVELS[name] >= self.threshold:
                self.sink.append(f"{name.upper():>5}: " + (message % args if args else message))
        return log

log = Logger()
log.debug("hidden")
log.info("loaded %d rows", 3)
log.error("failed: %s", "disk")
print("\n".join(log.sink))
try:
    log.fatal("x")
except AttributeError as e:
    print(e)
hasattr(log, "debug"), hasattr(log, "nope")
