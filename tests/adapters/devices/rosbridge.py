"""A server that speaks the rosbridge protocol, version 2, with one cart behind it, in one process.

Topics: it publishes `/cart/speed`, and listens to `/cart/set_speed` and `/cmd_vel`. Services: `/add_two_ints`,
`/nothing`, whose answer is empty, and `/never`, which does not answer. What it hears is published on `/heard` as text.
Argument: the port. Prints the port; ends with its parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

from autobahn.exception import Disconnected
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor, task

PARENT = os.getppid()
TYPES = {
    "/cart/speed": "std_msgs/Float64",
    "/cart/set_speed": "std_msgs/Float64",
    "/cmd_vel": "geometry_msgs/Twist",
    "/heard": "std_msgs/String",
    "/broken": "std_msgs/Float64",
}
STATE: dict[str, Any] = {"/cart/speed": {"data": 0.0}, "/heard": {"data": ""}, "/broken": {"dota": 1.0}}


class Bridge(WebSocketServerProtocol):  # type: ignore[misc]
    open: set[Bridge] = set()  # noqa: RUF012

    def onOpen(self) -> None:
        self.topics: set[str] = set()
        self.open.add(self)

    def onClose(self, clean: bool, code: int, reason: str) -> None:
        self.open.discard(self)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        message = json.loads(payload)
        topic, kind = message.get("topic"), message["op"]
        if kind in ("advertise", "subscribe") and message["type"] != TYPES.get(topic):
            self.say({"op": "status", "level": "error", "msg": f"{topic} is no topic of type {message['type']}"})
        elif kind == "subscribe":
            self.topics.add(topic)
        elif kind == "publish":
            STATE["/heard"] = {"data": json.dumps([topic, message["msg"]])}
            if topic == "/cart/set_speed":
                STATE["/cart/speed"] = message["msg"]
            self.tell()
        elif kind == "call_service":
            self.serve(message)

    def serve(self, call: dict[str, Any]) -> None:
        answer: dict[str, Any] = {
            "op": "service_response",
            "id": call["id"],
            "service": call["service"],
            "result": True,
        }
        if call["service"] == "/add_two_ints":
            self.say({**answer, "values": {"sum": call["args"]["a"] + call["args"]["b"]}})
        elif call["service"] == "/nothing":
            self.say({**answer, "values": {}})
        elif call["service"] == "/never":
            STATE["/heard"] = {"data": "/never"}
        else:
            self.say({**answer, "values": f"Service {call['service']} does not exist", "result": False})

    def say(self, message: dict[str, Any]) -> None:
        self.sendMessage(json.dumps(message).encode())

    @classmethod
    def tell(cls) -> None:
        if os.getppid() != PARENT:
            reactor.stop()
        for client in list(cls.open):
            for topic in client.topics:
                with contextlib.suppress(Disconnected):
                    client.say({"op": "publish", "topic": topic, "msg": STATE[topic]})


def main() -> None:
    factory = WebSocketServerFactory()
    factory.protocol = Bridge
    port = reactor.listenTCP(int(sys.argv[1]), factory, interface="127.0.0.1")
    task.LoopingCall(Bridge.tell).start(0.02)
    print(port.getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
