"""The line between otad and its database: everything passes, until one exchange is to be the last."""
import pathlib
import select
import socket
import struct
import threading

from .proc import wait_until

CANCEL = 80877102
BEFORE, AFTER = "before", "after"  # the database never sees it; it has done it, and nobody is told


class Gone(Exception):
    """One of the two has hung up."""


class Half:
    """Messages from one side."""

    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def _more(self):
        try:
            piece = self.sock.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            raise Gone
        self.data += piece

    def take(self, size):
        while len(self.data) < size:
            self._more()
        out, self.data = self.data[:size], self.data[size:]
        return out

    def message(self):
        head = self.take(5)
        return head[:1], head + self.take(struct.unpack("!I", head[1:])[0] - 4)


class Line:
    """Listens in folder as PostgreSQL does, and passes exchanges (a request and its whole answer) on to target's socket.

    arm(): the exchange that it chooses ends its connection, before it is passed on or after it was done, and act is called
    in between.  hits: how often that was; count: exchanges since the line was armed; settle(): act has ended."""

    NAME = ".s.PGSQL.5432"

    def __init__(self, folder, target):
        self.folder, self.target = pathlib.Path(folder), pathlib.Path(target) / self.NAME
        self.folder.mkdir()
        self.lock = threading.Lock()
        self.disarm()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / self.NAME))
        self.listener.listen(64)
        self.open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def disarm(self):
        self.arm(None, None)

    def arm(self, choose, when, act=None):
        """choose(number, bytes): is it this one?  number counts from 1; it happens once."""
        with self.lock:
            self.choose, self.when, self.act, self.count, self.hits = choose, when, act, 0, 0
            self.acting = False

    def settle(self):
        wait_until("what happens at the line to end", lambda: not self.acting)

    def close(self):
        self.open = False
        self.listener.close()

    def _accept(self):
        while self.open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _due(self, request):
        with self.lock:
            self.count += 1
            if self.choose is None or not self.choose(self.count, request):
                return None, None
            self.choose, self.hits, self.acting = None, self.hits + 1, True
            return self.when, self.act

    def _pass(self, client):
        server = socket.socket(socket.AF_UNIX)
        with client, server:
            try:
                server.connect(str(self.target))
                self._talk(Half(client), Half(server))
            except (OSError, Gone):
                pass

    def _talk(self, client, server):
        size = client.take(4)
        start = client.take(struct.unpack("!I", size)[0] - 4)
        server.sock.sendall(size + start)
        if struct.unpack("!I", start[:4])[0] == CANCEL:
            return
        self._answer(client, server)
        while True:
            request = self._request(client, server)
            when, act = self._due(request)
            if when != BEFORE:
                server.sock.sendall(request)
                self._answer(client, server, silent=when == AFTER)
            if when:
                try:
                    if act:
                        act()
                finally:
                    self.acting = False
                return

    @staticmethod
    def _request(client, server):
        """Up to a Sync, or a simple query."""
        out = b""
        while True:
            if not client.data and not out and server.sock in select.select([client.sock, server.sock], [], [])[0]:
                raise Gone  # it speaks unasked only to say goodbye
            kind, message = client.message()
            out += message
            if kind in b"SQX":
                return out

    @staticmethod
    def _answer(client, server, silent=False):
        """Up to ReadyForQuery."""
        while True:
            kind, message = server.message()
            if not silent:
                client.sock.sendall(message)
            if kind == b"Z":
                return
