"""Fields of a request to a server that `endpoint.body` may not set; standard library only, for the config's checks."""

from __future__ import annotations

#: Fields that the study itself sets, or that would change the form of the response.
RESERVED_FIELDS = ("model", "messages", "n", "stream", "stream_options")
