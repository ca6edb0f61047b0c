"""What is printed, whatever stands at the other end: a locale that lacks letters, a reader who leaves, a full disk."""

from __future__ import annotations

import codecs
import io
import sys

from experiments.wording import plain_letters


class Patient(io.FileIO):
    """A stream that ends nothing: what cannot be written is lost, and the first error but a closed pipe is kept."""

    lost: OSError | None = None

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        """Write all that can be; how much was given."""
        try:
            return super().write(data) or 0
        except BrokenPipeError:  # `| head` has read enough
            pass
        except OSError as error:
            self.lost = self.lost or error
        return len(memoryview(data))


def speak_plainly() -> None:
    """Lets the program print to the end: plain letters where a locale lacks one, silence where nobody reads on."""
    codecs.register_error("plain letters", plain_letters)
    sys.stdout, sys.stderr = patient(sys.stdout), patient(sys.stderr)


def patient(stream: object) -> object:
    """The same stream over a `Patient`; one that is no file of the process (a test's, a notebook's) as it is."""
    if not isinstance(stream, io.TextIOWrapper) or isinstance(getattr(stream.buffer, "raw", None), Patient):
        return stream
    stream.reconfigure(errors="plain letters")
    try:
        raw = Patient(stream.fileno(), "w", closefd=False)
    except (OSError, ValueError):
        return stream
    buffered = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, stream.encoding, "plain letters", line_buffering=stream.line_buffering)


def lost_output() -> OSError | None:
    """Why standard output could not be written, if it could not: a full disk, but not a reader who left."""
    sys.stdout.flush()
    return getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "lost", None)
