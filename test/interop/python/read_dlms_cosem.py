"""Reads attributes with dlms-cosem's client and prints one JSON line.

python read_dlms_cosem.py '{"port": 4059, "client": 16, "server": 1, "read": ["3/1.0.1.8.0.255/2"]}'
"""

import json
import sys
from datetime import datetime, timezone

from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.clients.dlms_client import DlmsClient
from dlms_cosem.cosem.attribute_with_selection import CosemAttributeWithSelection
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor


def reference(text):
    class_id, logical_name, attribute = text.split("/")
    groups = [int(group) for group in logical_name.split(".")]
    return cosem.CosemAttribute(
        enumerations.CosemInterface(int(class_id)), cosem.Obis(*groups), int(attribute)
    )


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return str(value)


def read_range(session, profile, start, end):
    clock = CaptureObject(reference("8/0.0.1.0.0.255/2"))
    moments = [datetime.fromtimestamp(ms / 1000, timezone.utc) for ms in (start, end)]
    data = session.get(reference(f"7/{profile}/2"), RangeDescriptor(clock, *moments))
    return plain(utils.parse_as_dlms_data(data))


def read_list(session, texts):
    response = session.get_many([CosemAttributeWithSelection(reference(text), None) for text in texts])
    return [
        item.name if isinstance(item, enumerations.DataAccessResult) else plain(item)
        for item in response.result
    ]


def key(options, name):
    text = options.get(name)
    return bytes.fromhex(text) if text else None


def main():
    options = json.loads(sys.argv[1])
    mechanisms = {
        "NONE": None,
        "LOW": enumerations.AuthenticationMechanism.LLS,
        "HIGH_GMAC": enumerations.AuthenticationMechanism.HLS_GMAC,
    }
    password = options.get("password")
    client = DlmsClient.with_tcp_transport(
        host=options.get("host", "127.0.0.1"),
        port=options["port"],
        client_logical_address=options.get("client", 16),
        server_logical_address=options.get("server", 1),
        authentication_method=mechanisms[options.get("mechanism", "NONE")],
        password=password.encode() if password else None,
        encryption_key=key(options, "encryptionKey"),
        authentication_key=key(options, "authenticationKey"),
        client_system_title=key(options, "clientTitle"),
        client_initial_invocation_counter=options.get("counter", 0),
        dedicated_ciphering=options.get("dedicated", False),
        block_transfer=options.get("blocks", True),
        max_pdu_size=options.get("pdu", 65535),
    )
    result = {"values": {}, "errors": {}}
    try:
        with client.session() as session:
            for text in options.get("read", []):
                try:
                    data = session.get(reference(text))
                    result["values"][text] = plain(utils.parse_as_dlms_data(data))
                except Exception as error:  # the test compares the text
                    result["errors"][text] = f"{type(error).__name__}: {error}"
            extra = {
                "byRange": lambda: read_range(session, options["profile"], options["from"], options["to"]),
                "list": lambda: read_list(session, options["list"]),
            }
            for name, wanted in (("byRange", "profile"), ("list", "list")):
                if wanted not in options:
                    continue
                try:
                    result["values"][name] = extra[name]()
                except Exception as error:
                    result["errors"][name] = f"{type(error).__name__}: {error}"
        result["associated"] = True
    except Exception as error:
        result["associated"] = False
        result["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(result))


main()
