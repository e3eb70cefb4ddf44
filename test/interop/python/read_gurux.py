"""Reads attributes with the client classes of Gurux for Python and prints one JSON line.

python read_gurux.py '{"port": 4059, "client": 16, "server": 1, "framing": "HDLC", "read": ["3/1.0.1.8.0.255/2"]}'
"""

import json
import socket
import sys
from datetime import datetime, timezone

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
        target, attribute = self.target(text)
        return self.exchange_all(self.client.read(target, attribute)).value

    def objects(self):
        reply = self.exchange(self.client.getObjectsRequest())
        found = self.client.parseObjects(reply.data, False)
        return [f"{int(one.objectType)}/{one.logicalName}" for one in found]

    def target(self, text):
        """An object of the meter's list, which knows its short name, or a new one."""
        class_id, logical_name, attribute = text.split("/")
        target = self.client.objects.findByLN(ObjectType(int(class_id)), logical_name)
        if target is None:
            target = self.client.createObject(ObjectType(int(class_id)))
            target.logicalName = logical_name
        return target, int(attribute)

    def read_list(self, texts):
        items = [self.target(text) for text in texts]
        values = []
        for message in self.client.readList(items):
            reply = self.exchange_all(message if isinstance(message, list) else [message])
            values.extend(reply.value)
        return values

    def rows_by_entry(self, name, first, count):
        profile, _ = self.target(f"7/{name}/2")
        return self.exchange_all(self.client.readRowsByEntry(profile, first, count)).value

    def rows_by_range(self, name, start, end):
        profile, _ = self.target(f"7/{name}/2")
        moments = [datetime.fromtimestamp(ms / 1000, timezone.utc) for ms in (start, end)]
        return self.exchange_all(self.client.readRowsByRange(profile, *moments)).value

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
        jobs = {}
        if options.get("objects"):
            jobs["objects"] = meter.objects
        if "list" in options:
            jobs["list"] = lambda: meter.read_list(options["list"])
        if "first" in options:
            jobs["byEntry"] = lambda: meter.rows_by_entry(options["profile"], options["first"], options["count"])
        if "from" in options:
            jobs["byRange"] = lambda: meter.rows_by_range(options["profile"], options["from"], options["to"])
        for text in options.get("read", []):
            jobs[text] = lambda text=text: meter.read(text)
        for name, job in jobs.items():
            try:
                result["values"][name] = plain(job())
            except Exception as error:  # the test compares the text
                result["errors"][name] = f"{type(error).__name__}: {error}"
        meter.release()
    print(json.dumps(result))


main()
