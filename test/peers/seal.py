"""The seal of docs/seal.md on dissononce, written from that page alone: keys, handshake, bytes and verdicts, without XMPP."""

from __future__ import annotations

import base64
import zlib
from typing import Iterator

from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.keypair import KeyPair
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.exceptions.decrypt import DecryptFailedException
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.IK import IKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState

NAMESPACE = "urn:x-inband:seal:0"
PADDING = 256
MESSAGE = 8_192  # of the handshake, at most
LENGTHS = range(17, 16_402)  # of a message of the bytes
CONTENT = 16_384  # of such a message, behind its type, at most
INFLATED = 65_536
PLAIN, DEFLATED, LAST, CHECKSUM = 0x00, 0x10, 0x01, 0x02


class Broken(Exception):
    """What came is not as docs/seal.md says: the session ends with `security-error`."""


def key_pair(secret: bytes) -> KeyPair:
    return X25519DH().generate_keypair(PrivateKey(secret))


def as_shown(public: bytes) -> str:
    return base64.b32encode(public).decode().rstrip("=").lower()


def encode(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode()


def decode(text: str | None) -> bytes:
    try:
        data = base64.b64decode(text or "", validate=True)
    except ValueError as error:
        raise Broken(error) from error
    if encode(data) != text:
        raise Broken("another form of base64")
    return data


def pad(text: str) -> bytes:
    data = text.encode()
    return data.ljust(PADDING * max(1, -(-len(data) // PADDING)))


def unpad(data: bytes | bytearray) -> str:
    if not data or len(data) % PADDING:
        raise Broken(f"a payload of {len(data)} bytes")
    try:
        return data.decode().rstrip(" ")
    except UnicodeDecodeError as error:
        raise Broken(error) from error


def open_message(cipher: CipherState, message: bytes) -> bytes:
    try:
        return cipher.decrypt_with_ad(b"", message)
    except DecryptFailedException as error:
        raise Broken(error) from error


class Handshake:
    """One handshake, of two messages."""

    def __init__(self, own: KeyPair, jids: tuple[str, str], sid: str, responder: bytes | None = None) -> None:
        """`jids` are those of the initiator and the responder; `responder` is the latter's key, if this is the initiator."""
        prologue = "\0".join([NAMESPACE, *jids, sid]).encode()
        self._state = HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), X25519DH())
        remote = None if responder is None else PublicKey(responder)
        self._state.initialize(IKHandshakePattern(), remote is not None, prologue, s=own, rs=remote)
        self._ciphers: tuple[CipherState, CipherState] | None = None

    @property
    def ciphers(self) -> tuple[CipherState, CipherState]:
        """After the second message: that of the bytes, and that of the verdicts."""
        if self._ciphers is None:
            raise Broken("half a handshake")
        return self._ciphers

    @property
    def remote(self) -> bytes:
        return self._state.rs.data

    def write(self, payload: str) -> str:
        message = bytearray()
        self._ciphers = self._state.write_message(pad(payload), message)
        return encode(message)

    def read(self, text: str | None) -> str:
        message, payload = decode(text), bytearray()
        if len(message) > MESSAGE:
            raise Broken(f"a message of {len(message)} bytes")
        try:
            self._ciphers = self._state.read_message(message, payload)
        except (DecryptFailedException, ValueError) as error:
            raise Broken(error) from error
        return unpad(payload)


def contents(data: bytes, deflate: bool) -> Iterator[tuple[int, bytes]]:
    """The types and contents of messages that bring `data`."""
    while True:
        kind, size, content = PLAIN, CONTENT, data[:CONTENT]
        if deflate:
            compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            short = compressor.compress(data[:INFLATED]) + compressor.flush()
            if len(short) < min(len(data), CONTENT):
                kind, size, content = DEFLATED, INFLATED, short
        data = data[size:]
        yield (kind if data else kind | LAST), content
        if not data:
            return


def seal_bytes(cipher: CipherState, data: bytes, checksum: str | None, deflate: bool) -> Iterator[bytes]:
    """Messages with their lengths, one after another; a checksum comes first."""
    messages = [] if checksum is None else [(CHECKSUM, checksum.encode())]
    for kind, content in [*messages, *contents(data, deflate)]:
        message = cipher.encrypt_with_ad(b"", bytes([kind]) + content)
        yield len(message).to_bytes(2, "big") + message


class SealedBytes:
    """Opens what the channel brings, in blocks of any size."""

    def __init__(self, cipher: CipherState, most: int | None, has_hash: bool) -> None:
        """`most` is how many bytes of the file may come, if that is known; `has_hash` whether the offer had one."""
        self._cipher, self._most, self._has_hash = cipher, most, has_hash
        self._buffer = b""
        self.data = b""
        self.checksum: str | None = None
        self.ended = False
        self.kinds: set[int] = set()

    def take(self, block: bytes) -> None:
        self._buffer += block
        while len(self._buffer) >= 2 and not self.ended:
            end = 2 + int.from_bytes(self._buffer[:2], "big")
            if end - 2 not in LENGTHS:
                raise Broken(f"a message of {end - 2} bytes")
            if len(self._buffer) < end:
                return
            message, self._buffer = self._buffer[2:end], self._buffer[end:]
            plain = open_message(self._cipher, message)
            self._use(plain[0], plain[1:])
        if self.ended and self._buffer:
            raise Broken("something behind the last message")

    def _use(self, kind: int, content: bytes) -> None:
        self.kinds.add(kind)
        if kind == CHECKSUM:
            if self._has_hash or self.checksum is not None:
                raise Broken("a checksum too many")
            self.checksum = content.decode()
            return
        if kind & ~(DEFLATED | LAST):
            raise Broken(f"a message of the type {kind}")
        data = inflate(content) if kind & DEFLATED else content
        if not data and not kind & LAST:
            raise Broken("an empty message that is not the last one")
        self.data += data
        self.ended = bool(kind & LAST)
        if self._most is not None and len(self.data) > self._most:
            raise Broken("more bytes than were offered")
        if self.ended and not self._has_hash and self.checksum is None:
            raise Broken("no checksum")


def inflate(content: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(content, INFLATED + 1)
    except zlib.error as error:
        raise Broken(error) from error
    if not inflater.eof or inflater.unused_data or len(data) > INFLATED:
        raise Broken("not one deflated stream, or too long")
    return data
