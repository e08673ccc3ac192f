"""Devices for tests: the emulated board and the host program, made by the same tools, asked the same questions."""
from harness import EndToEnd
from lab.board import PLATFORM, EmulatedBoard, HostDevice, board_app, host_app


class Devices(EndToEnd):
    @classmethod
    def app(cls, which="1.0.0"):
        return board_app(which)

    @classmethod
    def host_app(cls, behaviour="ok", **more):
        return host_app(cls.stack.folder, behaviour, **more)

    def _make(self, kind, name, image, port=None, gateway=None, floor=1, root=None):
        token = None if gateway else self.admin.post("/devices", {"id": name, "platform": PLATFORM})["token"]
        device = kind(self.folder / name, name, keys=self.stack.keys, ca=self.stack.ca.cert, port=port or self.otad.port,
                      token=token, gateway=gateway, image=image, floor=floor, root=root,
                      manifest=self.stack.folder / f"{PLATFORM}.manifest")
        return self.started(device)

    def board(self, name, image, **more):
        return self._make(EmulatedBoard, name, image, **more)

    def host_device(self, name, image, **more):
        return self._make(HostDevice, name, image, **more)

    def known(self, name, version):
        """Has the device told the server that it runs version?"""
        return any(d["id"] == name and d["version"] == version for d in self.admin.every(f"/devices?q={name}"))
