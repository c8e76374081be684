"""A peer that breaks the rules of docs/seal.md, as a server or somebody with a stolen key could do it in its place.

Usage: evil_peer.py <full jid> <port> <ca> <command>, with the password in INBAND_PASSWORD; prints as sealed_peer.py does:
  send <peer full jid> <how>:<path>...   one file after the other
    repeated, swapped, dropped, shortened, behind   of what goes over the channel, one message is
    closed      the channel is closed in the middle
    over        the session ends with success in the middle
    replayed    is sent, and its first message comes again: in another session, and in one with the same name
    plain       its hash is in an offer without a seal; nothing of it is sent
  forge <peer full jid> <its secret key> <our public one>:<path>   offers in the name of a key whose secret it has not
  receive <how>...   one offer after the other; prints `came <bytes>` of the channel
    unsealed    answers without a seal
    garbled     answers with another message than the key has made
    refused     says that it cannot open the offer
    received    says outside the seal that it has the file
    success     ends the session so, and says nothing
    altered     one bit of its verdict is another one
"""

from __future__ import annotations

import asyncio
import base64
import sys
import uuid
import xml.etree.ElementTree as ET
from contextlib import suppress
from pathlib import Path

from dissononce.dh.keypair import KeyPair
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.x25519 import X25519DH
from slixmpp import JID
from slixmpp.exceptions import IqError

import seal
from jingle_client import FILE, IBB, JINGLE, Ended, JingleClient, Session, find, say
from sealed_peer import (
    BLOCK_SIZE, begin, description, description_of, main, messages_of, offer, opened, send_all, verdict_of, verdict_on,
)
from seal import Handshake, SealedBytes, encode, key_pair, pad

BAD_MESSAGES = {
    "repeated": lambda messages: [messages[0], *messages],
    "swapped": lambda messages: [messages[1], messages[0], *messages[2:]],
    "dropped": lambda messages: [messages[0], *messages[2:]],
    "shortened": lambda messages: [messages[0], messages[1][:-100], *messages[2:]],
    "behind": lambda messages: [*messages, messages[-1]],
}
FILE_OUTSIDE = "<file><range/></file>"


async def send_badly(session: Session, how: str, path: Path) -> None:
    handshake, offset, stream = await begin(session, how, path)
    for_bytes, for_verdicts = handshake.ciphers
    messages = messages_of("whole", for_bytes, path.read_bytes(), offset)
    bad = BAD_MESSAGES.get(how, lambda some: some[: len(some) // 2])
    await send_all(stream, bad(messages))
    if how == "over":
        await session.end("success")
    if how == "closed":
        with suppress(IqError):  # it is no end
            await stream.close()
    await verdict_on(session, for_verdicts)
    await session.hear_end()


async def answered(session: Session, message: str) -> ET.Element:
    """Sends somebody's first message; returns the content of the answer."""
    await session.say_content("session-initiate", FILE_OUTSIDE, BLOCK_SIZE, session.sid, message)
    return find(await session.hear("session-accept"), f"{{{JINGLE}}}content")


async def send_noise(session: Session, message: str) -> None:
    """Sends somebody's first message, and bytes behind it that no key has sealed."""
    transport = find(await answered(session, message), f"{{{IBB}}}transport")
    block_size = int(transport.get("block-size", ""))
    stream = await session.client["xep_0047"].open_stream(session.peer, sid=session.sid, block_size=block_size)
    await send_all(stream, [(17).to_bytes(2, "big") + bytes(17)])
    await session.hear_end()


async def replay(session: Session, how: str, path: Path) -> None:
    messages: list[str] = []
    say_content = session.say_content

    async def noted(action: str, file: str, block_size: int, ibb_sid: str, message: str) -> None:
        messages.append(message)
        await say_content(action, file, block_size, ibb_sid, message)

    session.say_content = noted  # type: ignore[method-assign]
    try:
        await offer(session, "whole", path)
    except Ended as reason:
        say("ended", reason)
    for sid in [uuid.uuid4().hex, session.sid]:
        try:
            await send_noise(Session(session.client, session.peer, sid), messages[0])
        except Ended as reason:
            say("ended", reason)


async def offer_plain(session: Session, how: str, path: Path) -> None:
    offered = description_of("again", path.name, path.read_bytes())
    transport = f"<transport xmlns='{IBB}' block-size='{BLOCK_SIZE}' sid='{session.sid}'/>"
    content = f"<content creator='initiator' name='file' senders='initiator'>{offered}{transport}</content>"
    await session.say("session-initiate", content)
    accept = await session.hear("session-accept")
    ranges = list(accept.iter(f"{{{FILE}}}range"))
    say("offset", *(one.get("offset", "0") for one in ranges))
    say("there", sum("already-there" in one.tag for one in accept.iter()))
    await session.end("cancel")


SENDS = {"replayed": replay, "plain": offer_plain}


async def send(client: JingleClient, peer: str, *files: str) -> None:
    for file in files:
        how, path = file.split(":", 1)
        try:
            await SENDS.get(how, send_badly)(Session(client, JID(peer), uuid.uuid4().hex), how, Path(path))
        except Ended as reason:
            say("ended", reason)


class Forging(X25519DH):
    """Has not the secret of its own key, but that of the other side: the two give the same."""

    def __init__(self, own: KeyPair, theirs: KeyPair) -> None:
        super().__init__()
        self._own, self._theirs = own, theirs

    def dh(self, keypair: KeyPair, publickey: PublicKey) -> bytes:
        return super().dh(self._theirs, self._own.public) if keypair is self._own else super().dh(keypair, publickey)


def decode_shown(shown: str) -> bytes:
    return base64.b32decode(shown.upper().ljust(-(-len(shown) // 8) * 8, "="))


async def forge(client: JingleClient, peer: str, secret: str, file: str) -> None:
    theirs = key_pair(decode_shown(secret))
    public, path = file.split(":", 1)
    own = KeyPair(PublicKey(decode_shown(public)), client.own.private)
    session = Session(client, JID(peer), uuid.uuid4().hex)
    seal.X25519DH = lambda: Forging(own, theirs)  # type: ignore[assignment, misc]
    handshake = Handshake(own, (client.boundjid.full, peer), session.sid, theirs.public.data)
    message = handshake.write(description_of("again", Path(path).name, Path(path).read_bytes()))
    try:
        await send_noise(session, message)
    except Ended as reason:
        say("ended", reason)


async def take_badly(session: Session, content: ET.Element, how: str) -> None:
    client = session.client
    if how == "refused":
        await session.end("security-error")
    handshake = Handshake(client.own, (session.peer.full, client.boundjid.full), session.sid)
    offered = opened(handshake, content)
    transport = find(content, f"{{{IBB}}}transport")
    message = handshake.write(description("<range offset='0'/>"))
    ours = f"<transport xmlns='{IBB}' block-size='{BLOCK_SIZE}' sid='{transport.get('sid')}'/>"
    if how == "unsealed":
        named = f"<content creator='initiator' name='file'>{description('<range/>')}{ours}</content>"
        await session.say("session-accept", named)
    else:
        answer = encode(bytes(len(message) // 4 * 3)) if how == "garbled" else message
        await session.say_content("session-accept", "<file/>", BLOCK_SIZE, transport.get("sid", ""), answer)
    if how in ("unsealed", "garbled"):
        await session.hear_end()
    stream = await client.streams.get()
    for_bytes, for_verdicts = handshake.ciphers
    sealed = SealedBytes(for_bytes, None, True)
    while not sealed.ended:
        sealed.take(await stream.recv_queue.get())
    say("came", len(sealed.data))
    if how == "received":
        await session.say("session-info", f"<received xmlns='{FILE}' creator='initiator' name='file'/>")
    if how == "altered":
        digest = offered.findtext("{urn:xmpp:hashes:2}hash")
        verdict = for_verdicts.encrypt_with_ad(b"", pad(verdict_of("whole", sealed.data, digest)))
        await session.say_verdict(encode(verdict[:-1] + bytes([verdict[-1] ^ 1])))
        await session.hear_end()
    await session.end("success")


async def receive(client: JingleClient, *hows: str) -> None:
    for how in hows:
        session, initiate = await client.offers.get()
        try:
            await take_badly(session, find(initiate, f"{{{JINGLE}}}content"), how)
        except Ended as reason:
            say("ended", reason)


asyncio.run(main({"send": send, "forge": forge, "receive": receive}, *sys.argv[1:]))
