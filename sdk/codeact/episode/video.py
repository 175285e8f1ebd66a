"""Frames into an H.264 file that every browser plays, written as they come."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.errors import CodeActError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class VideoError(CodeActError):
    """A video cannot be written."""


class VideoWriter:
    """Encodes frames with the H.264 encoder that PyAV brings along; no ffmpeg program is needed.

    The file is fragmented while it grows, so that it plays even when the process is killed, and is turned into a plain
    MP4 when it is closed. No file is made before the first frame.

    Args:
        path: the file to write, ending in `.mp4`.
        fps: frames a second.

    Raises:
        VideoError: `fps` is not positive.
    """

    def __init__(self, path: Path | str, fps: float) -> None:
        if not fps > 0:
            raise VideoError(f"a video needs a positive number of frames a second, not {fps!r}")
        self.path = Path(path)
        self.fps = fps
        self.frames = 0
        self._container: Any = None
        self._stream: Any = None

    def add(self, frames: Iterable[NDArray[np.uint8]]) -> None:
        """Append frames: uint8 RGB arrays of shape (height, width, 3), all of one size.

        Raises:
            VideoError: a frame is of another shape or type, the file cannot be written, or PyAV is missing.
        """
        try:
            import av
        except ImportError as error:
            raise VideoError(f'a video needs PyAV: pip install "codeact[bullet]" ({error})') from error
        import numpy as np

        try:
            for frame in frames:
                pixels = np.ascontiguousarray(frame)
                if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
                    raise VideoError(
                        f"a frame should be a uint8 array of shape (height, width, 3), "
                        f"not {pixels.dtype} of {pixels.shape}"
                    )
                if self._container is None:
                    self._open(*pixels.shape[:2])
                pixels = pixels[: self._stream.height, : self._stream.width]
                if pixels.shape[:2] != (self._stream.height, self._stream.width):
                    raise VideoError(f"a frame of {pixels.shape[:2]} cannot follow larger ones")
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
                picture.pts = self.frames
                for packet in self._stream.encode(picture):
                    self._container.mux(packet)
                self.frames += 1
        except (OSError, av.FFmpegError) as error:
            self._abandon()
            raise VideoError(f"the video {self.path} cannot be written: {error}") from error

    def close(self) -> None:
        """Finish the file. Closing twice is allowed."""
        if self._container is None:
            return
        import av

        try:
            for packet in self._stream.encode(None):
                self._container.mux(packet)
            self._container.close()
        except (OSError, av.FFmpegError) as error:
            raise VideoError(f"the video {self.path} cannot be finished: {error}") from error
        finally:
            self._abandon()

    def _open(self, height: int, width: int) -> None:
        import av

        self._container = av.open(
            str(self.path),
            "w",
            options={
                "movflags": "+frag_keyframe+empty_moov+default_base_moof+hybrid_fragmented",
                "flush_packets": "1",
            },
        )
        rate = Fraction(self.fps).limit_denominator(1001)
        # Browsers decode 4:2:0, which needs even sizes; CRF 20 leaves a simulated picture without visible loss.
        self._stream = self._container.add_stream(
            "libx264", rate=rate, options={"crf": "20", "preset": "veryfast", "tune": "animation", "rc-lookahead": "10"}
        )
        self._stream.width, self._stream.height = width - width % 2, height - height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.gop_size = max(1, round(self.fps))
        self._stream.codec_context.time_base = 1 / rate

    def _abandon(self) -> None:
        """Free the encoder and the file, whatever state they are in."""
        import contextlib

        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(Exception):
                container.close()
