"""The server is taken over (takeover.py), and real Cortex-M code in the emulator is what it talks to: every lie about images is refused
by name, every lie about the time is noticed, and once the managers have put other online keys into a new root, all of the boards take
an honest release."""
import os
import signal
import time
import unittest

from harness import wait_until
from lab.clock import TimedBoard
from lab.factory import signer
from takeover import BARE_LIES, LIES, TakenOver

HOUR_S, DAY_S = 3600, 86400
STALE = "stale: what vouches for updates has expired"


class OnBoards(TakenOver):
    @classmethod
    def payload(cls, version):
        return cls.app("1.1.0" if version == "1.2.0" else "1.0.0")

    def victim(self, name, server):
        return self._make(TimedBoard, name, self.new, port=server.port, floor=2, root=self.managers.first_root)

    def start(self, boards):
        for board, _ in boards.values():
            board.start()
        for board, _ in boards.values():
            self.knows_all(board)

    # -- after the takeover: the managers replace what the owner has, and nobody goes to a device

    def replace_online_keys(self):
        state, folder = self.otad.folder / "state", self.stack.folder
        for role in ("snapshot", "timestamp", "director"):
            signer("keygen", "--type", "ed25519", "--out", folder / f"new-{role}.pem")
            with open(os.open(state / f"tuf-{role}.next.pem", os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write((folder / f"new-{role}.pem").read_text())
        self.otad.process.popen.send_signal(signal.SIGHUP)
        wait_until("otad to have read its keys again", lambda: len(self.managers.state()["online_keys"]) == 6)
        self.managers.renew_online()

    def all_take_an_honest_release(self, boards):
        self.replace_online_keys()
        for name, (_, server) in boards.items():
            server.repent()
            self.stack.assign(name, "1.2.0")
        for name, (board, _) in boards.items():
            self.stack.wait_version(name, "1.2.0")
            self.assertIn("vouched for by its platform's role", board.said_ever())
            self.assertEqual(board.boots(), ["1.1.0", "1.2.0"] if board.starts == 1 else ["1.1.0", "1.1.0", "1.2.0"])


class Lies(OnBoards):
    def test_every_lie_and_then_the_truth(self):
        boards = {}
        for lie in LIES:
            server = self.taken()
            name = lie.replace("lie_", "").replace("_", "-")
            boards[name] = self.victim(name, server), server
        self.start(boards)
        reasons = {}
        for lie, (name, (_, server)) in zip(LIES, boards.items()):
            reasons[name] = getattr(self, lie)(server)
            self.stack.assign(name, "1.2.0")
        for name, (board, server) in boards.items():
            with self.subTest(name):
                self.told(board, reasons[name])
                self.unharmed(board, server, reasons[name])
        self.all_take_an_honest_release(boards)


    def test_no_root_and_still_no_image_of_his(self):
        """Boards that were given no root of the repository hold on to their key manifest and floor."""
        boards = {}
        for lie in BARE_LIES:
            server, name = self.taken(), lie.replace("_", "-")
            boards[name] = self.board(name, self.new, port=server.port, floor=2), server
        for board, _ in boards.values():
            board.start()
        reasons = {}
        for lie, (name, (_, server)) in zip(BARE_LIES, boards.items()):
            reasons[name] = getattr(self, lie)(server)
            self.stack.assign(name, "1.2.0")
        for name, (board, server) in boards.items():
            with self.subTest(name):
                self.told(board, reasons[name])
                self.unharmed(board, server, reasons[name])
        self.assertIn("new keys are refused: ", boards["bare-own-image-by-keys-of-his-own"][0].said())
        for name, (board, server) in boards.items():
            server.repent()
            self.stack.assign(name, "1.2.0")
        for name, (board, _) in boards.items():
            self.stack.wait_version(name, "1.2.0")
            self.assertEqual(board.boots(), ["1.1.0", "1.2.0"])


class Times(OnBoards):
    """Nothing new, says the owner, for ever."""

    def asked_again(self, boards):
        """They have polled, and were told the lie."""
        seen = {name: len(server.asked) for name, (_, server) in boards.items()}
        for name, (_, server) in boards.items():
            wait_until(f"{name} to ask again", lambda n=name, s=server: sum("/director" in p for p in s.asked[seen[n]:]) >= 2)

    @staticmethod
    def lamp(board):
        """The last LED, which the app lights when it is stale."""
        said = board.board.monitor("human-monitor-command", **{"command-line": "xp /1wx 0x4002f004"})["return"]
        return bool(int(said.split(":")[1], 16) & 0x80)

    def pass_time(self, boards, hours):
        for name, (board, _) in boards.items():
            board.pass_time(hours[name] * HOUR_S)
        self.asked_again(boards)

    def test_nothing_new_for_ever(self):
        now, boards = time.time(), {}
        lies = {"stands": now, "goes-back": now - 400 * DAY_S, "leaps": now + 20 * DAY_S}
        for name in lies:
            server = self.taken()
            server.quiet, server.time_s = True, now
            boards[name] = self.victim(name, server), server
        self.start(boards)
        for name, (_, server) in boards.items():
            server.time_s = lies[name]
        self.asked_again(boards)
        boards["leaps"][1].time_s = now
        for _ in range(3):
            self.pass_time(boards, {"stands": 230, "goes-back": 230, "leaps": 72})
        for name, (board, server) in boards.items():  # 29 days have passed, by the reckoning of each
            self.assertNotIn(STALE, board.said(), name)
            self.assertFalse(self.lamp(board))
            self.assertFalse(any(b'"stale":true' in body for body in server.told))
            board.kill()  # what has passed is not forgotten with the power
            board.start()
        self.asked_again(boards)
        for name, (board, _) in boards.items():
            self.assertNotIn(STALE, board.said(), name)
        self.pass_time(boards, dict.fromkeys(boards, 32))
        for board, server in boards.values():
            board.wait_said(STALE)
            wait_until("the server to be told", lambda s=server: any(b'"stale":true' in body for body in s.told))
            wait_until("the lamp to be lit", lambda b=board: self.lamp(b))
            self.assertTrue(board.running())
        self.all_take_an_honest_release(boards)
        for board, _ in boards.values():
            self.assertIn("no longer stale", board.said_ever())


if __name__ == "__main__":
    unittest.main()
