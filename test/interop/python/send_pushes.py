"""Builds pushes with Gurux for Python or dlms-cosem and sends each over a socket of its own; prints the bytes.

echo '[{"library": "gurux", "framing": "WRAPPER", "transport": "tcp", "port": 4059, "value": 5}]' | python send_pushes.py
"""

import json
import socket
import sys
from datetime import datetime, timedelta, timezone


def with_gurux(task):
    from gurux_dlms.enums import InterfaceType, Security
    from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSPushSetup, GXDLMSRegister
    from gurux_dlms.secure import GXDLMSSecureNotify
    from gurux_dlms.enums import Conformance, DataType

    notify = GXDLMSSecureNotify(True, 102, 1, getattr(InterfaceType, task["framing"]))
    if task.get("blocks"):
        notify.conformance |= Conformance.GENERAL_BLOCK_TRANSFER
        notify.maxReceivePDUSize = 64
    if "encryptionKey" in task:
        ciphering = notify.ciphering
        ciphering.systemTitle = bytearray.fromhex(task["title"])
        ciphering.blockCipherKey = bytearray.fromhex(task["encryptionKey"])
        ciphering.authenticationKey = bytearray.fromhex(task["authenticationKey"])
        ciphering.security = getattr(Security, task["security"])
        ciphering.invocationCounter = task["counter"]
    push = GXDLMSPushSetup("0.0.25.9.0.255")
    register = GXDLMSRegister("1.0.1.8.0.255")
    register.value = task["value"]
    register.setDataType(2, DataType.UINT32)
    # the object list comes first, so that the push names its values
    push.pushObjectList.append((push, GXDLMSCaptureObject(2, 0)))
    push.pushObjectList.append((register, GXDLMSCaptureObject(2, 0)))
    when = datetime(2026, 1, 15, 12, 0, 0, tzinfo=timezone(timedelta(hours=1)))
    return [bytes(message) for message in notify.generatePushSetupMessages(when, push)]


def with_dlms_cosem(task):
    from dlms_cosem import security
    from dlms_cosem.protocol.wrappers import WrapperHeader, WrapperProtocolDataUnit
    from dlms_cosem.protocol.xdlms import DataNotification, GeneralGlobalCipher
    from dlms_cosem.protocol.xdlms.data_notification import LongInvokeIdAndPriority

    body = bytes.fromhex("01010203" + "09060100010800ff" + "06%08x" % task["value"] + "02020f00161e")
    priority = LongInvokeIdAndPriority(
        long_invoke_id=1, prioritized=False, confirmed=False, self_descriptive=False, break_on_error=False
    )
    # with a date, this library writes a flag where the standard has a length
    apdu = DataNotification(priority, None, body).to_bytes()
    if "encryptionKey" in task:
        control = security.SecurityControlField(security_suite=0, authenticated=True, encrypted=True)
        title, counter = bytes.fromhex(task["title"]), task["counter"]
        cipher_text = security.encrypt(
            security_control=control,
            system_title=title,
            invocation_counter=counter,
            key=bytes.fromhex(task["encryptionKey"]),
            plain_text=apdu,
            auth_key=bytes.fromhex(task["authenticationKey"]),
        )
        apdu = GeneralGlobalCipher(title, control, counter, cipher_text).to_bytes()
    header = WrapperHeader(source_wport=1, destination_wport=102, length=len(apdu))
    return [WrapperProtocolDataUnit(apdu, header).to_bytes()]


def send(task, messages):
    if task["transport"] == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            for message in messages:
                datagrams.sendto(message, ("127.0.0.1", task["port"]))
        return
    with socket.create_connection(("127.0.0.1", task["port"]), 10) as stream:
        for message in messages:
            stream.sendall(message)


def main():
    answers = []
    for task in json.load(sys.stdin):
        messages = {"gurux": with_gurux, "dlms-cosem": with_dlms_cosem}[task["library"]](task)
        send(task, messages)
        answers.append({"bytes": b"".join(messages).hex(), "messages": len(messages)})
    print(json.dumps(answers))


main()
