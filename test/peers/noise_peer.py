"""A party of Noise_IK_25519_ChaChaPoly_SHA256 built on dissononce. It needs no server: all bytes are hexadecimal, in lines.

Usage: noise_peer.py initiator <prologue> <public key of the responder>
       noise_peer.py responder <prologue>
Prints `key 1 <its public key>`. It reads messages from standard input, prints `payload <number> <bytes>` for what it has
opened and `message <number> <bytes>` for what it sends: its handshake message with the payload `from the <role>`, then for each
message after the handshake one that says the same backwards. Ends with 0 when its input ends.
"""

import sys
from collections import Counter

from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.IK import IKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState


said = Counter()


def say(what, data):
    said[what] += 1
    print(what, said[what], bytes(data).hex(), flush=True)


def read(handshake):
    payload = bytearray()
    ciphers = handshake.read_message(bytes.fromhex(input()), payload)
    say("payload", payload)
    return ciphers


def write(handshake, role):
    message = bytearray()
    ciphers = handshake.write_message(f"from the {role}".encode(), message)
    say("message", message)
    return ciphers


def main(role, prologue, responder=None):
    handshake = HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), X25519DH())
    own = X25519DH().generate_keypair()
    say("key", own.public.data)
    first = role == "initiator"
    remote = PublicKey(bytes.fromhex(responder)) if first else None
    handshake.initialize(IKHandshakePattern(), first, bytes.fromhex(prologue), s=own, rs=remote)
    if first:
        write(handshake, role)
        sending, receiving = read(handshake)
    else:
        read(handshake)
        receiving, sending = write(handshake, role)
    for line in sys.stdin:
        payload = receiving.decrypt_with_ad(b"", bytes.fromhex(line))
        say("payload", payload)
        say("message", sending.encrypt_with_ad(b"", payload[::-1]))


main(*sys.argv[1:])
