"""A backend for mido, inside the process: MIDO_BACKEND=fake_midi. A test plugs keyboards in, and plays them."""

PORTS: dict[str, list["Input"]] = {}
"""Keyboards that are plugged in, and who listens."""


class Input:
    """An open input."""

    def __init__(self, name, callback=None, virtual=False, api=None):
        if name not in PORTS:
            raise OSError(f"unknown port {name!r}")
        self.name, self.callback, self.closed = name, callback, False
        PORTS[name].append(self)

    def close(self):
        self.closed = True


def get_devices(api=None):
    return [{"name": name, "is_input": True, "is_output": False} for name in PORTS]


def play(name, *messages):
    """Play a keyboard."""
    for port in PORTS[name]:
        for message in messages:
            if not port.closed:
                port.callback(message)
