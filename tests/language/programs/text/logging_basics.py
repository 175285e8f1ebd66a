import logging
import sys

logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s", stream=sys.stdout)
logger = logging.getLogger("shop")
logger.debug("not shown")
logger.info("started with %d items", 3)
logger.warning("low stock: %s", "bolts")
try:
    {}["price"]
except KeyError as e:
    logger.error("missing key %s", e)
logging.info("root says %s", "hi")
logger.setLevel(logging.ERROR)
logger.info("hidden now")
print(logger.name, logging.getLevelName(logging.WARNING), logger.isEnabledFor(logging.INFO))
