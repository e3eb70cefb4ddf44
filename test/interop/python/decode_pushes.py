"""Decodes pushes with the client classes of Gurux for Python, in a process of its own.

One JSON list as standard input; each task: {"framing": name of the InterfaceType, "bytes": hex, and for ciphered pushes
"encryptionKey" and "authenticationKey"}. Prints a list of {"value": nested values, octet-strings in hex} or {"error": text}.
"""

import contextlib
import json
import sys

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.secure import GXDLMSSecureClient

PUSH_CLIENT = 102
MAX_FRAMES = 100


def shown(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    return value


def decode(task):
    framing = getattr(InterfaceType, task["framing"])
    client = GXDLMSSecureClient(True, PUSH_CLIENT, 1, Authentication.NONE, None, framing)
    if "encryptionKey" in task:
        ciphering = client.ciphering
        ciphering.systemTitle = bytearray(8)
        ciphering.blockCipherKey = bytearray.fromhex(task["encryptionKey"])
        ciphering.authenticationKey = bytearray.fromhex(task["authenticationKey"])
        ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    received = GXByteBuffer(bytes.fromhex(task["bytes"]))
    reply, push = GXReplyData(), GXReplyData()
    for _ in range(MAX_FRAMES):
        client.getData(received, reply, push)
        if push.complete and not push.isMoreData():
            return {"value": shown(push.value)}
        if received.position >= len(received):
            break
    return {"error": "incomplete"}


def attempt(task):
    try:
        return decode(task)
    except Exception as error:  # what Gurux refuses is an answer too
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    # Gurux prints what it does
    with contextlib.redirect_stdout(sys.stderr):
        answers = [attempt(task) for task in json.load(sys.stdin)]
    print(json.dumps(answers))


main()
