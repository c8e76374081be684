"""A peer that seals, built on slixmpp and dissononce from docs/seal.md and the XEPs alone: sends and receives files by Jingle.

Usage: sealed_peer.py <full jid> <port> <ca> <command>, with the password in INBAND_PASSWORD:
  send <peer full jid> <how>:<path>...   one file after the other; prints `peer <key>`, `offset <bytes>` and `said <verdict>`
    whole       its hash is in the offer
    again       the same, and may be answered that it is there already
    late        its hash comes beside the bytes
    deflated    what becomes shorter is deflated
    cut         breaks off in the middle, and offers it again
    altered     one bit of the last message is another one
    other       the hash in the offer is that of another file
  receive <folder> <how>...   one offer after the other; prints `peer <key>`, `offset <bytes>` and `took <name> <types> <sha256>`
    whole       all of it, or what is still wanted
    cut         breaks off when there are some bytes, which are kept
    wrong       says that it has another file
    failed      says that it has none
Prints `key <its public key>` and `ready` when it is online, and `ended <reason>` for each session; exits with 0 on success only.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import uuid
import xml.etree.ElementTree as ET
from contextlib import suppress
from pathlib import Path
from typing import Awaitable, Callable
from xml.sax.saxutils import escape

from dissononce.processing.impl.cipherstate import CipherState
from slixmpp import JID
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0047 import IBBytestream

from jingle_client import FILE, IBB, JINGLE, Ended, JingleClient, Session, find, say
from seal import NAMESPACE, Handshake, SealedBytes, as_shown, decode, encode, open_message, pad, seal_bytes, unpad

Command = Callable[..., Awaitable[None]]

THERE = "urn:x-inband:already-there:0"
HASHES = "urn:xmpp:hashes:2"
BLOCK_SIZE = 4096


def hash_of(data: bytes) -> str:
    return f"<hash xmlns='{HASHES}' algo='sha-256'>{encode(hashlib.sha256(data).digest())}</hash>"


def description(file: str) -> str:
    return f"<description xmlns='{FILE}'><file>{file}</file></description>"


def opened(handshake: Handshake, content: ET.Element) -> ET.Element:
    """The file of the true description."""
    text = handshake.read(content.findtext(f"{{{NAMESPACE}}}security"))
    return find(ET.fromstring(text), f"{{{FILE}}}file")


def description_of(how: str, name: str, data: bytes) -> str:
    """What is offered, within the seal."""
    digest = hash_of(b"" if how == "other" else data)
    if how == "late":
        digest = f"<hash-used xmlns='{HASHES}' algo='sha-256'/>"
    again = f"<already-there xmlns='{THERE}'/>" if how == "again" else ""
    return description(f"<name>{escape(name)}</name><size>{len(data)}</size><range/>{digest}{again}")


def messages_of(how: str, cipher: CipherState, data: bytes, offset: int) -> list[bytes]:
    """What goes over the channel."""
    checksum = f"<checksum xmlns='{FILE}' creator='initiator' name='file'><file>{hash_of(data)}</file></checksum>"
    messages = list(seal_bytes(cipher, data[offset:], checksum if how == "late" else None, how == "deflated"))
    if how == "altered":
        messages[-1] = messages[-1][:-1] + bytes([messages[-1][-1] ^ 1])
    return messages


async def begin(session: Session, how: str, path: Path) -> tuple[Handshake, int, IBBytestream]:
    """Offers a file. Returns from which byte on it is wanted, and the channel."""
    client, peer, data = session.client, session.peer, path.read_bytes()
    key = await client.key_of(peer)
    say("peer", as_shown(key))
    handshake = Handshake(client.own, (client.boundjid.full, peer.full), session.sid, key)
    message = handshake.write(description_of(how, path.name, data))
    await session.say_content("session-initiate", "<file><range/></file>", BLOCK_SIZE, session.sid, message)
    content = find(await session.hear("session-accept"), f"{{{JINGLE}}}content")
    wanted = opened(handshake, content)
    ranges = wanted.findall(f"{{{FILE}}}range")
    offset = int(ranges[0].get("offset", 0)) if ranges else 0
    say("offset", offset)
    if how == "again":
        find(wanted, f"{{{THERE}}}already-there")
    block_size = int(find(content, f"{{{IBB}}}transport").get("block-size", ""))
    return handshake, offset, await client["xep_0047"].open_stream(peer, sid=session.sid, block_size=block_size)


async def send_all(stream: IBBytestream, messages: list[bytes]) -> None:
    with suppress(IqError):  # blocks are refused by a responder who has seen enough, and says why
        await stream.sendall(b"".join(messages))


async def offer(session: Session, how: str, path: Path) -> None:
    """Offers a file once, and sends what is wanted of it."""
    handshake, offset, stream = await begin(session, how, path)
    for_bytes, for_verdicts = handshake.ciphers
    messages = messages_of(how, for_bytes, path.read_bytes(), offset)
    if how == "cut" and offset == 0:
        await stream.sendall(b"".join(messages[: len(messages) // 2]))
        await session.end("connectivity-error")
    await send_all(stream, messages)
    if await verdict_on(session, for_verdicts):
        await stream.close()
        await session.end("success")
    await session.hear_end()


async def verdict_on(session: Session, for_verdicts: CipherState) -> bool:
    """Says what the responder says; returns whether it has the file."""
    verdict = find(await session.hear("session-info"), f"{{{NAMESPACE}}}security")
    text = unpad(open_message(for_verdicts, decode(verdict.text)))
    say("said", text)
    return text.startswith("received ")


async def send(client: JingleClient, peer: str, *files: str) -> None:
    for file in files:
        how, path = file.split(":", 1)
        for _ in range(2 if how == "cut" else 1):
            try:
                await offer(Session(client, JID(peer), uuid.uuid4().hex), how, Path(path))
            except Ended as reason:
                say("ended", reason)


async def take(session: Session, content: ET.Element, how: str, folder: Path) -> None:
    """Takes what an offer brings of a file that is not whole in `folder`."""
    client = session.client
    handshake = Handshake(client.own, (session.peer.full, client.boundjid.full), session.sid)
    offered = opened(handshake, content)
    path = folder / Path(offered.findtext(f"{{{FILE}}}name", "")).name
    kept = path.read_bytes() if path.exists() else b""
    say("offset", len(kept))
    transport = find(content, f"{{{IBB}}}transport")
    block_size = min(BLOCK_SIZE, int(transport.get("block-size", "")))
    message = handshake.write(description(f"<range offset='{len(kept)}'/>"))
    await session.say_content("session-accept", "<file/>", block_size, transport.get("sid", ""), message)
    stream = await client.streams.get()
    for_bytes, for_verdicts = handshake.ciphers
    digest, size = offered.findtext(f"{{{HASHES}}}hash"), offered.findtext(f"{{{FILE}}}size")
    sealed = SealedBytes(for_bytes, None if size is None else int(size) - len(kept), digest is not None)
    while not sealed.ended and not (how == "cut" and sealed.data):
        sealed.take(await stream.recv_queue.get())
    say("peer", as_shown(handshake.remote))
    data = kept + sealed.data
    path.write_bytes(data)
    if how == "cut":
        await session.end("connectivity-error")
    if sealed.checksum is not None:
        digest = ET.fromstring(sealed.checksum).findtext(f"{{{FILE}}}file/{{{HASHES}}}hash")
    say("took", path.name, ",".join(f"{kind:02x}" for kind in sorted(sealed.kinds)), hashlib.sha256(data).hexdigest())
    await session.say_verdict(encode(for_verdicts.encrypt_with_ad(b"", pad(verdict_of(how, data, digest)))))
    await session.hear_end()


def verdict_of(how: str, data: bytes, digest: str | None) -> str:
    sha256 = hashlib.sha256(data)
    if how == "failed" or digest != encode(sha256.digest()):
        return "failed media-error"
    return f"received {'0' * 64 if how == 'wrong' else sha256.hexdigest()}"


async def receive(client: JingleClient, folder: str, *hows: str) -> None:
    for how in hows:
        session, initiate = await client.offers.get()
        try:
            await take(session, find(initiate, f"{{{JINGLE}}}content"), how, Path(folder))
        except Ended as reason:
            say("ended", reason)


async def main(commands: dict[str, Command], jid: str, port: str, ca: str, command: str, *args: str) -> None:
    client = JingleClient(jid, ca)
    client.connect(("127.0.0.1", int(port)))
    await client.wait_until("session_start")
    await client.announce()
    client.send_presence()
    await client.get_roster()  # answered when the presence has been handled
    say("ready")
    await commands[command](client, *args)
    await client.disconnect()


if __name__ == "__main__":
    asyncio.run(main({"send": send, "receive": receive}, *sys.argv[1:]))
