"""Judge of ECDSA on P-384: signs and verifies with the package `cryptography`, in a process of its own.

One JSON object as argument: {"do": "verify", "key": SubjectPublicKeyInfo as hex, "data": hex, "signature": r || s as hex}
or {"do": "sign", "key": PKCS#8 as hex, "data": hex}. Prints {"ok": ...} or {"signature": ...}.
"""

import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

SIZE = 48

task = json.loads(sys.argv[1])
key = bytes.fromhex(task["key"])
data = bytes.fromhex(task["data"])
if task["do"] == "verify":
    raw = bytes.fromhex(task["signature"])
    r, s = (int.from_bytes(half, "big") for half in (raw[:SIZE], raw[SIZE:]))
    try:
        load_der_public_key(key).verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(SHA384()))
        print(json.dumps({"ok": len(raw) == 2 * SIZE}))
    except InvalidSignature:
        print(json.dumps({"ok": False}))
else:
    r, s = utils.decode_dss_signature(load_der_private_key(key, None).sign(data, ec.ECDSA(SHA384())))
    print(json.dumps({"signature": (r.to_bytes(SIZE, "big") + s.to_bytes(SIZE, "big")).hex()}))
