"""Things between a device and its server: a relay that is slow and can act at a byte, and servers with bad certificates."""
import select
import socket
import ssl
import threading
import time

CHUNK = 4096


class Relay:
    """Pass TCP on to 127.0.0.1:port.  rate: bytes per second towards the device; at(n, act): call act once when n bytes
    in all have gone to devices.  Sees TLS records only."""

    def __init__(self, port, rate=None):
        self.target, self.rate = port, rate
        self.to_device = 0
        self.marks = []
        self.cuts = 0  # how often everything was cut
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def at(self, count, act):
        with self.lock:
            self.marks.append((self.to_device + count, act))

    def cut(self):
        """Every connection there is ends in the middle; new ones are served."""
        self.cuts += 1

    def _accept(self):
        while self.open:
            try:
                device, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(device,), daemon=True).start()

    def _pass(self, device):
        cuts = self.cuts
        try:
            with device, socket.create_connection(("127.0.0.1", self.target), 10) as server:
                while self.open and self.cuts == cuts:
                    ready, _, _ = select.select([device, server], [], [], 1)
                    if device in ready:
                        data = device.recv(CHUNK)
                        if not data:
                            return
                        server.sendall(data)
                    if server in ready:
                        data = server.recv(CHUNK)
                        if not data:
                            return
                        device.sendall(data)
                        self._count(len(data))
        except OSError:
            return

    def _count(self, n):
        with self.lock:
            self.to_device += n
            due = [act for count, act in self.marks if count <= self.to_device]
            self.marks = [m for m in self.marks if m[0] > self.to_device]
        for act in due:
            act()
        if self.rate:
            time.sleep(n / self.rate)

    def kill(self):
        self.open = False
        self.listener.close()


class BadServer:
    """Speaks TLS with the given certificate and would answer any HTTP request; counts handshakes that a client
    completed or broke off and the application bytes it saw (a client that refuses sends none)."""

    def __init__(self, certificate, port=0):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*map(str, certificate))
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.refused, self.data, self.open = [], b"", True
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        self.listener.settimeout(0.5)
        while self.open:
            try:
                plain, _ = self.listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            plain.settimeout(10)
            try:
                with self.context.wrap_socket(plain, server_side=True) as s:
                    got = s.recv(4096)
                    self.data += got
                    if not got:
                        self.refused.append("closed after the handshake")
            except (ssl.SSLError, OSError) as e:
                self.refused.append(str(e))

    def kill(self):
        self.open = False
        self.listener.close()
        self.thread.join()
