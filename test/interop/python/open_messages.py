"""Opens general-ciphering and general-signing APDUs with the package `cryptography`, in a process of its own.

One JSON list as standard input; each task: {"apdu", "suite", "encryptionKey", "authenticationKey", "masterKey",
"agreementKey": the recipient's PKCS#8, "agreementCertificate" and "signingCertificate": the originator's
SubjectPublicKeyInfo}, all but the suite in hex. Prints a list of {"key": kind of key, "plain": hex} or {"error": text}.
"""

import json
import sys

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

HASHES = {1: SHA256, 2: SHA384}
CURVES = {1: ec.SECP256R1, 2: ec.SECP384R1}
SIZES = {1: 32, 2: 48}
KEY_LENGTHS = {0: 16, 1: 16, 2: 32}
TAG = 12


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        part = self.data[self.at : self.at + count]
        if len(part) != count:
            raise ValueError("too short")
        self.at += count
        return part

    def length(self):
        first = self.take(1)[0]
        return first if first < 0x80 else int.from_bytes(self.take(first & 0x7F), "big")

    def field(self):
        return self.take(self.length())


def verify(task, data, raw):
    suite = task["suite"]
    size = SIZES[suite]
    if len(raw) != 2 * size:
        raise ValueError("length of the signature")
    r, s = (int.from_bytes(half, "big") for half in (raw[:size], raw[size:]))
    key = load_der_public_key(bytes.fromhex(task["signingCertificate"]))
    key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(HASHES[suite]()))


def derive(task, point, originator, recipient, transaction):
    """NIST SP 800-56A concatenation KDF; OtherInfo = algorithm id, U's title, (transaction-id,) V's title."""
    suite = task["suite"]
    own = load_der_private_key(bytes.fromhex(task["agreementKey"]), None)
    shared = own.exchange(ec.ECDH(), point)
    algorithm = bytes.fromhex("60857405080300" if suite == 1 else "60857405080301")
    info = algorithm + originator + transaction + recipient
    return ConcatKDFHash(HASHES[suite](), KEY_LENGTHS[suite], info).derive(shared)


def message_key(task, apdu, transaction, originator, recipient):
    suite = task["suite"]
    if apdu.take(1)[0] == 0:
        return "none", bytes.fromhex(task["encryptionKey"])
    choice = apdu.take(1)[0]
    if choice == 0:
        return f"identified {apdu.take(1)[0]}", bytes.fromhex(task["encryptionKey"])
    if choice == 1:
        apdu.take(1)
        return "wrapped", aes_key_unwrap(bytes.fromhex(task["masterKey"]), apdu.field())
    model, data = apdu.field()[0], apdu.field()
    if model == 1:
        size = 2 * SIZES[suite]
        verify(task, data[:size], data[size:])
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[suite](), b"\x04" + data[:size])
        return "one-pass", derive(task, point, originator, recipient, b"")
    if model == 2 and not data:
        point = load_der_public_key(bytes.fromhex(task["agreementCertificate"]))
        with_length = bytes([len(transaction)]) + transaction
        return "static-unified", derive(task, point, originator, recipient, with_length)
    raise ValueError(f"key agreement {model}")


def open_message(task):
    apdu = Bytes(bytes.fromhex(task["apdu"]))
    tag = apdu.take(1)[0]
    start = apdu.at
    transaction, originator, recipient, _date, _other = (apdu.field() for _ in range(5))
    header = apdu.data[start : apdu.at]
    if tag == 0xDF:
        content = apdu.field()
        verify(task, header + content, apdu.field())
        return {"key": "signed", "plain": content.hex()}
    if tag != 0xDD:
        raise ValueError(f"tag {tag:02x}")
    kind, key = message_key(task, apdu, transaction, originator, recipient)
    content = apdu.field()
    control, counter, sealed = content[:1], content[1:5], content[5:]
    if control[0] & 0x0F != task["suite"] or len(key) != KEY_LENGTHS[task["suite"]]:
        raise ValueError("suite")
    associated = control + bytes.fromhex(task["authenticationKey"]) + header
    mode = modes.GCM(originator + counter, sealed[-TAG:], TAG)
    opener = Cipher(algorithms.AES(key), mode).decryptor()
    if control[0] & 0x30 == 0x10:
        opener.authenticate_additional_data(associated + sealed[:-TAG])
        opener.finalize()
        return {"key": kind, "plain": sealed[:-TAG].hex()}
    opener.authenticate_additional_data(associated)
    return {"key": kind, "plain": (opener.update(sealed[:-TAG]) + opener.finalize()).hex()}


def answer(task):
    try:
        return open_message(task)
    except Exception as error:
        return {"error": repr(error)}


print(json.dumps([answer(task) for task in json.load(sys.stdin)]))
