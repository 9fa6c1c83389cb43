"""A mail server on loopback: as much SMTP as it takes to be handed a message."""

import socketserver
import threading
from email import message_from_bytes
from email.message import Message


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[Message] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def address(self) -> str:
        port = self._server.server_address[1]
        return f"mailto://127.0.0.1:{port}?from=retold@example.org&to=desk@example.org&mode=insecure"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(box: Mailbox) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            while line := self.rfile.readline():
                command = line.strip().upper()
                if command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    box.mails.append(message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n"))))
                self.wfile.write(b"250 ok\r\n" if command != b"QUIT" else b"221 bye\r\n")
                if command == b"QUIT":
                    return

    return Handler
