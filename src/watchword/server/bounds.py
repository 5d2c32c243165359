"""What a client may do on one connection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a client may do, in bytes and seconds.

    - `head`: request line and header section together; `target`: the request target; `lines`: field lines; `queue`:
      requests sent before the answer to an earlier one.
    - `framing`: chunk sizes and trailers of one request, beyond eight bytes for each byte of content.
    - `unwanted`: content that is read to its end although the answer is there, so that the connection can stay.
    - `head_patience`: until a head is complete; `content_patience`: until the content after it is; `reading_patience`:
      until the client reads some of an answer that waits for it.
    - `farewell`: for a request that is on its way when the server stops; `linger`: for a client to stop sending.
    """

    head: int = 65_536
    target: int = 32_768
    lines: int = 256
    queue: int = 100
    framing: int = 65_536
    unwanted: int = 65_536
    head_patience: float = 10.0
    content_patience: float = 30.0
    reading_patience: float = 30.0
    farewell: float = 1.0
    linger: float = 2.0
