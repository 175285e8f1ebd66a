"""Cameras that FFmpeg reads: those on USB behind Video4Linux, those on a network, and films in their place."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.drivers.cameras.calibration import CameraCalibration, Rectifier
from codeact_envs.drivers.errors import ConnectionLost, DriverError
from codeact_envs.drivers.protocols import CameraFrame

_WAY = "camera"
_TEST_SOURCE = "lavfi:"
_FRESH = 2  # frames: the first that comes after a question may hold light from before it


class VideoCamera:
    """A camera whose frames a thread takes in as they come, so that none is old when it is asked for.

    Args:
        source: "/dev/video0" and its kin; a URL such as "rtsp://..."; a film, which plays at its own pace and ends; or
            "lavfi:" and a source of FFmpeg's, such as "lavfi:testsrc2=size=640x480:rate=30,realtime".
        calibration: of this very camera.
        timeout: seconds in which a frame has to come.

    Raises:
        ConnectionLost: it cannot be opened, or gives no frame.
        DriverError: its pictures are of another size than those that it was calibrated with.
    """

    measures_depth = False

    def __init__(self, source: str, calibration: CameraCalibration, timeout: float = 3.0) -> None:
        self._source, self._calibration, self._timeout = source, calibration, timeout
        self._rectify = Rectifier(calibration)
        self._stream: _Stream | None = None
        self.reconnect()

    @property
    def fixed_to(self) -> Literal["base", "tool"]:
        """See `Camera`."""
        return self._calibration.fixed_to

    def take(self) -> CameraFrame:
        """See `Camera.take`. It waits for one or two frames."""
        stream = self._stream
        if stream is None:
            raise ConnectionLost(f"{self._source} is closed; reconnect() opens it again")
        rgb, time_s = stream.next(_FRESH, self._timeout)
        calibration = self._calibration
        if rgb.shape[:2] != (calibration.height, calibration.width):
            raise DriverError(
                f"{self._source} gives pictures of {rgb.shape[1]} x {rgb.shape[0]} pixels, and was calibrated with "
                f"{calibration.width} x {calibration.height}: calibrate it anew, or set it to that size"
            )
        return CameraFrame(self._rectify(rgb), None, calibration.intrinsics, calibration.pose, time_s)

    def reconnect(self) -> None:
        """See `Camera.reconnect`."""
        self.close()
        self._stream = _Stream(self._source, (self._calibration.width, self._calibration.height), self._timeout)
        try:
            self.take()
        except DriverError:
            self.close()
            raise

    def close(self) -> None:
        """See `Camera.close`."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class _Stream:
    """An open source, and the thread that reads it."""

    def __init__(self, source: str, size: tuple[int, int], timeout: float) -> None:
        import av

        self._source = source
        options, form, place = {}, None, source
        if source.startswith("/dev/"):
            form, options = "v4l2", {"video_size": f"{size[0]}x{size[1]}"}
        elif source.startswith(_TEST_SOURCE):
            form, place = "lavfi", source.removeprefix(_TEST_SOURCE)
        try:
            self._container: Any = av.open(place, format=form, options=options, timeout=timeout)
            self._video = self._container.streams.video[0]
        except (OSError, ValueError, IndexError) as error:
            raise ConnectionLost(_why(source, error)) from error
        self._paced = form is None and Path(source).is_file()
        self._news = threading.Condition()
        self._frame: Any = None
        self._count, self._time_s = 0, 0.0
        self._ended: str | None = None
        self._thread = threading.Thread(target=self._read, name=f"camera {source}", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        began, why = time.monotonic(), "it has ended"
        try:
            for frame in self._container.decode(self._video):
                if self._paced and frame.time is not None:
                    time.sleep(max(0.0, began + frame.time - time.monotonic()))
                with self._news:
                    if self._ended is not None:
                        break
                    self._frame, self._time_s = frame, time.monotonic()
                    self._count += 1
                    self._news.notify_all()
        except (OSError, ValueError) as error:
            why = str(error)
        finally:
            with self._news:
                self._ended = self._ended or f"{self._source} gives no more frames ({why}): check it, then reconnect()"
                self._news.notify_all()
            self._container.close()

    def next(self, frames: int, timeout: float) -> tuple[NDArray[np.uint8], float]:
        """The frame that comes as the so-many-th from now, and when it came."""
        with self._news:
            due = self._count + frames
            self._news.wait_for(lambda: self._count >= due or self._ended is not None, timeout)
            if self._count < due:
                raise ConnectionLost(
                    self._ended or f"{self._source} gave no frame for {timeout:g} s: check its cable, then reconnect()"
                )
            frame, time_s = self._frame, self._time_s
        rgb: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
        return rgb, time_s

    def close(self) -> None:
        with self._news:
            self._ended = self._ended or f"{self._source} is closed; reconnect() opens it again"
            self._news.notify_all()
        self._thread.join(1.0)  # one that waits for a dead device ends when that gives up


def _why(source: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no {source}: plug the camera in, and look for it in /dev/v4l/by-id"
    if isinstance(error, PermissionError):
        return f"{source} may not be opened: add yourself to the group that owns it, often `video`"
    return f"{source} does not work as a camera: {error}"


def connect_camera(address: str, calibration: str | Path | CameraCalibration, timeout: float = 3.0) -> VideoCamera:
    """Connect a camera.

    Args:
        address: "camera:/dev/video0", or "camera:" and another source of `VideoCamera`.
        calibration: of this very camera; a file, as docs/real-arm.md shows it. There is none by default, for a guessed
            lens moves a robot to the wrong place.
        timeout: seconds in which a frame has to come.

    Raises:
        TaskError: no such address, or the calibration is wrong.
        ConnectionLost: the camera gives no frame.
        DriverError: its pictures are of another size than those that it was calibrated with.
    """
    way, _, source = address.partition(":")
    if way != _WAY or not source:
        raise TaskError(f"no camera at {address!r}: give a way and a place, such as {_WAY}:/dev/video0")
    known = calibration if isinstance(calibration, CameraCalibration) else CameraCalibration.load(calibration)
    return VideoCamera(source, known, timeout)
