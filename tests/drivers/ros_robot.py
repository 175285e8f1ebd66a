"""A rosbridge server with one robot behind it, in one process: what of the protocol a driver uses, and a trajectory
controller. Arguments: the robot. Prints the port; ends with its parent.

Messages that rosbridge would not take for their type are answered as it does, with a status of level error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor, task

from codeact_envs.bullet.robots.description import load_arm

TYPES = {
    "/joint_states": "sensor_msgs/JointState",
    "/arm_controller/command": "trajectory_msgs/JointTrajectory",
    "/gripper_controller/command": "trajectory_msgs/JointTrajectory",
}
PARENT = os.getppid()
FIELDS = {"header", "joint_names", "points"}
POINT_FIELDS = {"positions", "velocities", "accelerations", "effort", "time_from_start"}


class Robot:
    """Goes to the last point of the last trajectory, in its time, and stays there."""

    def __init__(self, name: str) -> None:
        robot = load_arm(name)
        names = [*robot.joints.names, *robot.gripper.fingers]
        self.positions = dict(zip(names, [*robot.joints.home, 0.02, 0.02], strict=True))
        self.velocities = dict.fromkeys(names, 0.0)
        self.plans: dict[str, tuple[float, float, float, float]] = {}
        self.then = time.monotonic()

    def obey(self, message: dict[str, Any]) -> None:
        point, now = message["points"][-1], time.monotonic()
        ahead = point["time_from_start"]["secs"] + point["time_from_start"]["nsecs"] * 1e-9
        for name, goal in zip(message["joint_names"], point["positions"], strict=True):
            self.plans[name] = (now, self.positions[name], goal, ahead)

    def state(self) -> dict[str, Any]:
        now = time.monotonic()
        for name, (began, start, goal, ahead) in self.plans.items():
            at = start + (goal - start) * min(1.0, (now - began) / ahead)
            self.velocities[name] = (at - self.positions[name]) / (now - self.then)
            self.positions[name] = at
        self.then = now
        return {
            "header": {"seq": 0, "stamp": {"secs": 0, "nsecs": 0}, "frame_id": ""},
            "name": list(self.positions),
            "position": list(self.positions.values()),
            "velocity": list(self.velocities.values()),
            "effort": [],
        }


class Bridge(WebSocketServerProtocol):  # type: ignore[misc]
    robot: Robot
    heard: set[Bridge] = set()  # noqa: RUF012

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        message = json.loads(payload)
        topic, kind = message.get("topic"), message["op"]
        if kind in ("advertise", "subscribe") and message["type"] != TYPES.get(topic):
            self.complain(f"{topic} is no topic of type {message['type']}")
        elif kind == "subscribe":
            self.heard.add(self)
        elif kind == "unsubscribe":
            self.heard.discard(self)
        elif kind == "publish":
            trajectory = message["msg"]
            if set(trajectory) - FIELDS or any(set(point) - POINT_FIELDS for point in trajectory["points"]):
                self.complain(f"{topic}: a field that JointTrajectory does not have")
            else:
                self.robot.obey(trajectory)

    def complain(self, text: str) -> None:
        self.sendMessage(json.dumps({"op": "status", "level": "error", "msg": text}).encode())

    def onClose(self, clean: bool, code: int, reason: str) -> None:
        self.heard.discard(self)

    @classmethod
    def tell(cls) -> None:
        if os.getppid() != PARENT:
            reactor.stop()
        state = {"op": "publish", "topic": "/joint_states", "msg": cls.robot.state()}
        for client in cls.heard:
            client.sendMessage(json.dumps(state).encode())


def main() -> None:
    Bridge.robot = Robot(sys.argv[1])
    factory = WebSocketServerFactory()
    factory.protocol = Bridge
    port = reactor.listenTCP(int(sys.argv[2]) if len(sys.argv) > 2 else 0, factory, interface="127.0.0.1")
    task.LoopingCall(Bridge.tell).start(0.008)
    print(port.getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
