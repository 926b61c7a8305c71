"""The contract: all that bindings, core and server know of each other.

`v1/` holds the messages, each `.proto` beside its generated code. `json_codec` is the
one JSON dialect (bare NaN and Infinity), `places` says where the processes of one user
meet, `ring` is the spool file that outlives a killed training process, `credentials`
finds an API key by base URL.

Light on purpose: importing this package loads nothing outside the standard library.
"""

PROTOCOL_VERSION = 3
"""Raised when bindings and core of different builds could not understand each other."""

VERSION = "1.0.0"
"""Version of the distribution, told to servers and in logs."""
