"""Reads attributes with the client classes of Gurux for Python and prints one JSON line.

python read_gurux.py '{"port": 4059, "client": 16, "server": 1, "framing": "HDLC", "read": ["3/1.0.1.8.0.255/2"]}'
"""

import json
import socket
import sys

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType, Security
from gurux_dlms.secure import GXDLMSSecureClient


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return str(value)


class Meter:
    def __init__(self, options):
        self.options = options
        self.client = GXDLMSSecureClient(
            not options.get("sn", False),
            options.get("client", 16),
            options.get("server", 1),
            getattr(Authentication, options.get("mechanism", "NONE")),
            options.get("password"),
            getattr(InterfaceType, options.get("framing", "WRAPPER")),
        )
        if options.get("encryptionKey"):
            ciphering = self.client.ciphering
            ciphering.systemTitle = bytearray.fromhex(options["clientTitle"])
            ciphering.blockCipherKey = bytearray.fromhex(options["encryptionKey"])
            ciphering.authenticationKey = bytearray.fromhex(options["authenticationKey"])
            ciphering.security = getattr(Security, options.get("security", "NONE"))
            ciphering.invocationCounter = options.get("counter", 1)
        self.socket = socket.create_connection((options.get("host", "127.0.0.1"), options["port"]), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, frame):
        reply = GXReplyData()
        self._send(frame, reply)
        while reply.isMoreData():
            self._send(None if reply.isStreaming() else self.client.receiverReady(reply), reply)
        return reply

    def _send(self, frame, reply):
        if frame is not None:
            self.socket.sendall(bytes(frame))
        received = GXByteBuffer()
        notification = GXReplyData()
        while True:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the meter closed the connection")
            received.set(data)
            if self.client.getData(received, reply, notification):
                break
        if reply.error:
            raise RuntimeError(f"data-access-result {int(reply.error)}")

    def exchange_all(self, frames):
        reply = None
        for frame in frames:
            reply = self.exchange(frame)
        return reply

    def associate(self):
        snrm = self.client.snrmRequest()
        if snrm:
            self.client.parseUAResponse(self.exchange(snrm).data)
        self.client.parseAareResponse(self.exchange_all(self.client.aarqRequest()).data)
        if self.client.authentication > Authentication.LOW:
            for frame in self.client.getApplicationAssociationRequest():
                self.client.parseApplicationAssociationResponse(self.exchange(frame).data)

    def read(self, text):
        class_id, logical_name, attribute = text.split("/")
        target = self.client.createObject(ObjectType(int(class_id)))
        target.logicalName = logical_name
        return self.exchange_all(self.client.read(target, int(attribute))).value

    def release(self):
        frames = self.client.releaseRequest()
        for frame in frames or []:
            self.exchange(frame)
        disconnect = self.client.disconnectRequest()
        if disconnect:
            self.exchange(disconnect)
        self.socket.close()


def main():
    options = json.loads(sys.argv[1])
    result = {"values": {}, "errors": {}}
    meter = Meter(options)
    try:
        meter.associate()
        result["associated"] = True
    except Exception as error:
        result["associated"] = False
        result["error"] = f"{type(error).__name__}: {error}"
    if result["associated"]:
        for text in options["read"]:
            try:
                result["values"][text] = plain(meter.read(text))
            except Exception as error:  # the test compares the text
                result["errors"][text] = f"{type(error).__name__}: {error}"
        meter.release()
    print(json.dumps(result))


main()
