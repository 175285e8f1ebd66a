"""An arm behind rosbridge: the protocol's client against a server, and a server that dies."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.bullet.tools.low_tier import ArmApi
from codeact_envs.drivers import ConnectionLost, RealArm, RosArm, RosNames, check_driver

pytestmark = pytest.mark.real_time  # rows come at the rate of a bus, and who comes late is stopped

pytest.importorskip("roslibpy")

SERVER = Path(__file__).with_name("ros_robot.py")


class Server:
    """The other side, in a process of its own."""

    def __init__(self, port: int = 0) -> None:
        command = [sys.executable, str(SERVER), "panda", str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.address = f"127.0.0.1:{self.port}"

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def wait(self) -> None:
        self._process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.kill()


def test_the_driver_passes_the_check(server: Server) -> None:
    driver = RosArm(load_arm("panda"), server.address, timeout=2.0)
    # A check of times, on a machine that has much else to do: once in three it has to pass.
    assert any(check_driver(driver) == [] for _ in range(3))
    driver.close()


def test_tools_move_it_and_a_dead_server_ends_the_motion(server: Server) -> None:
    driver = RosArm(load_arm("panda"), server.address, timeout=2.0)
    with RealArm(driver, "panda", patience=5.0) as robot:
        arm = ArmApi(robot.world)
        assert arm.move_linear((0.5, 0.1, 0.3))
        assert arm.tool_pose().position == pytest.approx((0.5, 0.1, 0.3), abs=3e-3)
        arm.open_gripper(0.06)
        assert arm.gripper_width() == pytest.approx(0.06, abs=2e-3)
        aside = robot.arm.home.copy()
        aside[0] = -0.7
        threading.Timer(0.6, server.kill).start()
        with pytest.raises(ConnectionLost, match=r"is gone|no joint states"):
            arm.move_joints(aside.tolist())
        server.wait()
        again = Server(server.port)
        try:
            robot.reconnect()
            assert robot.arm.commanded == pytest.approx(np.array(load_arm("panda").joints.home))
            assert arm.move_joints(robot.arm.home.tolist())
        finally:
            again.kill()


def test_what_is_missing_is_named(server: Server) -> None:
    with pytest.raises(ConnectionLost, match=r"no state of elbow came on /joint_states"):
        RosArm(load_arm("panda"), server.address, RosNames(joints={"panda_joint4": "elbow"}))
    with pytest.raises(ConnectionLost, match="is no address of a rosbridge server"):
        RosArm(load_arm("panda"), "localhost")
    server.kill()
    with pytest.raises(ConnectionLost, match="no rosbridge server answers at 127"):
        RosArm(load_arm("panda"), server.address)
