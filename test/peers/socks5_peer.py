"""A client that carries files by Jingle and SOCKS5 bytestreams (XEP-0260) in the clear, as one of several is known to do.

Usage: socks5_peer.py <full jid> <port> <ca> <client> <command>, with the password in INBAND_PASSWORD:
  receive <path> [fault]                 the first file that is offered
  send <peer full jid> <path> [fault]
Clients: those of CLIENTS. Faults: `unreachable`: what it offers leads nowhere, and it reaches nothing; `mute`: its proxy does not
join the connections, and nobody hears of that; `rejects`: unreachable, and it goes on in-band in a session of its own only; `hostile`: it offers an address of this machine in many forms, as each type, and says that
it is the proxy of the server.
Prints `ready` when it is online, `direct <count>` (connections to the address of its own that it offered), `by socks5` or
`by ibb`, `refused <action>` for what it takes no part in, `ended <reason>`, and `done <sha256>` at the end; exits with 0 then only.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from jingle_client import FILE, IBB, JINGLE, JingleClient, Session, find, say
from slixmpp import JID
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0065.socks5 import Socks5Protocol

S5B = "urn:xmpp:jingle:transports:s5b:1"
DIRECT, PROXY = 126 << 16, 10 << 16
TRY_S = 3
TYPES = ("direct", "proxy", "assisted", "tunnel")
"""What leads to this machine, in one way or another."""
HOSTS = ("127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "0.0.0.0", "::ffff:127.0.0.1")
BLOCK_SIZE = 4096


@dataclass
class Client:
    """What it does otherwise than the others. Sources and versions: README.md."""

    name: str
    preference: int
    takes_ibb: bool = True
    """Says that it takes files in-band."""
    replaces: bool = True
    """Goes on in-band where there is no way: proposes that as the initiator, and takes it as the responder."""
    tells_late: bool = False
    """Tells its candidates when the session is accepted, in a transport-info."""
    activates_blindly: bool = False
    """Says `activated` before the proxy has answered."""
    knows_types: tuple[str, ...] = TYPES
    """Of candidates; an offer with another one, or without, fails altogether."""
    says_received: bool = False


CLIENTS = {
    "conversations": Client("Conversations", 65535, knows_types=("direct", "proxy")),
    "gajim": Client("Gajim", 0, activates_blindly=True),
    "psi": Client("Psi", 15, tells_late=True, says_received=True),
    "libervia": Client("libervia", 1),
    "dino": Client("Dino", 32768, replaces=False),
    "alone": Client("alone", 32768, takes_ibb=False, replaces=False),
}


@dataclass
class Candidate:
    cid: str
    jid: str
    host: str
    port: int
    priority: int
    type: str

    def element(self) -> str:
        return (
            f"<candidate cid='{self.cid}' jid='{self.jid}' host='{self.host}' port='{self.port}'"
            f" priority='{self.priority}' type='{self.type}'/>"
        )


def field(sid: str, requester: object, target: object) -> str:
    return hashlib.sha1(f"{sid}{requester}{target}".encode()).hexdigest()


class Again(Exception):
    """The session has ended, and the file is offered once more."""


class Pipe:
    """A connection to a streamhost, by slixmpp's handshake."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def enter(self, candidate: Candidate, destination: str) -> Pipe:
        made = lambda: Socks5Protocol(destination, 0, self.on_event)
        loop = asyncio.get_running_loop()
        self.transport, protocol = await loop.create_connection(made, candidate.host, candidate.port)
        await protocol.connected
        return self

    def on_event(self, name: str, data: object) -> None:
        if name == "socks5_data" and isinstance(data, bytes):
            self.heard.put_nowait(data)
        if name == "socks5_closed":
            self.heard.put_nowait(b"")

    async def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = await self.heard.get()
            if not piece:
                raise EOFError(f"{len(data)} of {size} bytes")
            data += piece
        return data

    async def write(self, data: bytes) -> None:
        self.transport.write(data)
        self.transport.write_eof()


class Peer:
    def __init__(self, client: JingleClient, kind: Client, fault: str) -> None:
        self.client, self.kind, self.fault = client, kind, fault
        self.direct = 0
        self.pipes: list[Pipe] = []

    def begin(self, session: Session, sid: str) -> None:
        loop = asyncio.get_running_loop()
        self.session, self.sid = session, sid
        self.theirs: list[Candidate] = []
        self.chosen: asyncio.Future[str | None] = loop.create_future()
        self.activated: asyncio.Future[bool] = loop.create_future()
        self.heard: asyncio.Queue[ET.Element] = asyncio.Queue()
        self.listening = loop.create_task(self.listen())

    async def listen(self) -> None:
        """Sorts what comes: what is told of the way, and everything else."""
        while True:
            jingle = await self.session.heard.get()
            if jingle.get("action") != "transport-info":
                self.heard.put_nowait(jingle)
                continue
            told = find(jingle, f"{{{JINGLE}}}content/{{{S5B}}}transport")[0]
            what = told.tag.split("}")[1]
            if what.startswith("candidate-") and not self.chosen.done():
                self.chosen.set_result(told.get("cid"))
            if what in ("activated", "proxy-error") and not self.activated.done():
                self.activated.set_result(what == "activated")

    async def hear(self, *actions: str) -> ET.Element:
        """The next one of these, or the end. What it has no word for is passed over."""
        while True:
            jingle = await self.heard.get()
            if jingle.get("action") == "session-terminate":
                say("ended", find(jingle, f"{{{JINGLE}}}reason")[0].tag.split("}")[1])
            if jingle.get("action") in (*actions, "session-terminate"):
                return jingle

    async def gather(self) -> list[Candidate]:
        """Its own address, which counts who comes, and the proxy of its server."""

        async def come(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.direct += 1
            writer.close()

        server = await asyncio.start_server(come, "0.0.0.0", 0)
        port = server.sockets[0].getsockname()[1]
        own, preference = self.client.boundjid.full, self.kind.preference
        proxies = await self.client["xep_0065"].discover_proxies()
        candidates = [Candidate("d", own, "127.0.0.1", port, DIRECT + preference, "direct")]
        for jid, (host, at) in proxies.items():
            leads = 1 if self.fault in ("unreachable", "rejects") else int(at)
            candidates.append(Candidate("p", str(jid), host, leads, PROXY + preference, "proxy"))
            if self.fault == "hostile":
                forms = [(one, kind) for one in HOSTS for kind in TYPES]
                candidates += [
                    Candidate(f"h{count}", str(jid), one, port, DIRECT - count, kind)
                    for count, (one, kind) in enumerate(forms)
                ]
        return candidates

    def take(self, transport: ET.Element) -> None:
        for one in transport.iter(f"{{{S5B}}}candidate"):
            if one.get("type") not in self.kind.knows_types:
                raise ValueError("a type of candidate that it does not know")
            cid, jid, host = (one.get(name, "") for name in ("cid", "jid", "host"))
            port, priority = int(one.get("port", "")), int(one.get("priority", ""))
            self.theirs.append(Candidate(cid, jid, host, port, priority, one.get("type", "")))

    def transport(self, inner: str) -> str:
        return f"<transport xmlns='{S5B}' sid='{self.sid}'>{inner}</transport>"

    async def inform(self, inner: str) -> None:
        content = f"<content creator='initiator' name='{self.name}'>{self.transport(inner)}</content>"
        await self.session.say("transport-info", content)

    async def reach(self) -> tuple[Candidate, Pipe] | None:
        """The first of theirs that it reaches, one after the other, the highest priority first."""
        if self.fault in ("unreachable", "rejects"):
            return None
        destination = field(self.sid, self.session.peer, self.client.boundjid)
        for one in sorted(self.theirs, key=lambda candidate: -candidate.priority):
            try:
                return one, await asyncio.wait_for(Pipe().enter(one, destination), TRY_S)
            except (OSError, asyncio.TimeoutError):
                continue
        return None

    async def find_way(self, mine: list[Candidate]) -> Pipe | None:
        if self.kind.tells_late:
            for one in mine:
                await self.inform(one.element())
        reached = await self.reach()
        await self.inform(f"<candidate-used cid='{reached[0].cid}'/>" if reached else "<candidate-error/>")
        cid = await self.chosen
        used = next((one for one in mine if one.cid == cid), None)
        if used and (not reached or used.priority > reached[0].priority):
            return await self.join(used)
        if reached and (reached[0].type != "proxy" or await self.activated):
            return reached[1]
        return None

    async def join(self, proxy: Candidate) -> Pipe | None:
        destination = field(self.sid, self.client.boundjid, self.session.peer)
        pipe = await Pipe().enter(proxy, destination)
        if self.fault == "mute":
            return None
        activation = self.client["xep_0065"].activate(JID(proxy.jid), self.sid, str(self.session.peer))
        if self.kind.activates_blindly:
            await self.inform(f"<activated cid='{proxy.cid}'/>")
        await activation
        if not self.kind.activates_blindly:
            await self.inform(f"<activated cid='{proxy.cid}'/>")
        return pipe

    def said_content(self, inner: str, description: str) -> str:
        return (
            f"<content creator='initiator' name='{self.name}' senders='initiator'>"
            f"<description xmlns='{FILE}'>{description}</description>{inner}</content>"
        )

    def replacement(self, block_size: int, sid: str) -> str:
        ibb = f"<transport xmlns='{IBB}' block-size='{block_size}' sid='{sid}'/>"
        return f"<content creator='initiator' name='{self.name}'>{ibb}</content>"

    async def send(self, peer: str, path: str) -> bytes:
        data = Path(path).read_bytes()
        self.name = "a-file-offer"
        self.begin(Session(self.client, JID(peer), "s1"), "b1")
        mine = await self.gather()
        file = f"<file><name>{Path(path).name}</name><size>{len(data)}</size></file>"
        elements = "" if self.kind.tells_late else "".join(one.element() for one in mine)
        offered = self.said_content(self.transport(elements), file)
        await self.session.say("session-initiate", offered)
        accepted = await self.hear("session-accept")
        self.take(accepted)
        pipe = await self.find_way(mine)
        if pipe:
            say("by socks5")
            await pipe.write(data)
        elif not self.kind.replaces:
            await self.session.say("session-terminate", "<reason><failed-transport/></reason>")
            raise SystemExit(1)
        else:
            await self.session.say("transport-replace", self.replacement(BLOCK_SIZE, "i1"))
            await self.hear("transport-accept")
            say("by ibb")
            stream = await self.client["xep_0047"].open_stream(JID(peer), block_size=BLOCK_SIZE, sid="i1")
            await stream.sendall(data)
            await stream.close()
        await self.hear()
        return data

    async def receive(self, path: str) -> bytes:
        while True:
            session, initiate = await self.client.offers.get()
            content = find(initiate, f"{{{JINGLE}}}content")
            self.name = content.get("name", "")
            file = find(content, f"{{{FILE}}}description/{{{FILE}}}file")
            size = int(file.findtext(f"{{{FILE}}}size", ""))
            described = f"<file><name>film</name><size>{size}</size></file>"
            transport = content.find(f"{{{S5B}}}transport")
            try:
                if transport is None:
                    data = await self.take_in_band(session, content, described, size)
                else:
                    data = await self.take_beside(session, transport, described, size)
                break
            except Again:
                self.listening.cancel()
        Path(path).write_bytes(data)
        if self.kind.says_received:
            await session.say("session-info", f"<received xmlns='{FILE}' creator='initiator' name='{self.name}'/>")
            await self.hear()
        else:
            await session.say("session-terminate", "<reason><success/></reason>")
        return data

    async def take_beside(self, session: Session, transport: ET.Element, described: str, size: int) -> bytes:
        self.begin(session, transport.get("sid", ""))
        self.take(transport)
        mine = await self.gather()
        elements = "" if self.kind.tells_late else "".join(one.element() for one in mine)
        await session.say("session-accept", self.said_content(self.transport(elements), described))
        return await self.take_bytes(await self.find_way(mine), size)

    async def take_in_band(self, session: Session, content: ET.Element, described: str, size: int) -> bytes:
        ibb = find(content, f"{{{IBB}}}transport")
        self.begin(session, ibb.get("sid", ""))
        block_size = min(BLOCK_SIZE, int(ibb.get("block-size", "")))
        transport = f"<transport xmlns='{IBB}' block-size='{block_size}' sid='{self.sid}'/>"
        await session.say("session-accept", self.said_content(transport, described))
        say("by ibb")
        return await self.read_stream(size)

    async def read_stream(self, size: int) -> bytes:
        stream = await self.client.streams.get()
        data = b""
        while len(data) < size:
            data += await stream.recv_queue.get()
        return data

    async def take_bytes(self, pipe: Pipe | None, size: int) -> bytes:
        if pipe:
            say("by socks5")
            return await pipe.read(size)
        if not self.kind.replaces:
            # Dino proposes SOCKS5 once more, and takes nothing else.
            again = f"<content creator='initiator' name='{self.name}'>{self.transport('')}</content>"
            try:
                await self.session.say("transport-replace", again)
            except IqError as refused:
                say("refused", refused.condition)
                raise SystemExit(1) from None
        while True:
            said = await self.hear("transport-replace")
            if said.get("action") == "session-terminate":
                raise Again if self.fault == "rejects" else SystemExit(1)
            if self.kind.replaces and self.fault != "rejects":
                break
            say("refused", said.get("action"))
            await self.session.say("transport-reject", self.replacement(BLOCK_SIZE, "x"))
        ibb = find(said, f"{{{JINGLE}}}content/{{{IBB}}}transport")
        block_size = min(BLOCK_SIZE, int(ibb.get("block-size", "")))
        await self.session.say("transport-accept", self.replacement(block_size, ibb.get("sid", "")))
        say("by ibb")
        return await self.read_stream(size)


async def main(jid: str, port: str, ca: str, kind: str, command: str, *args: str) -> None:
    known = CLIENTS[kind]
    client = JingleClient(jid, ca)
    client.register_plugin("xep_0065")
    client.connect(("127.0.0.1", int(port)))
    await client.wait_until("session_start")
    client["xep_0030"].add_identity(category="client", itype="pc", name=known.name)
    for feature in [JINGLE, FILE, S5B, *([IBB] if known.takes_ibb else [])]:
        await client["xep_0030"].add_feature(feature)
    if not known.takes_ibb:
        await client["xep_0030"].del_feature(feature="http://jabber.org/protocol/ibb")
    client.send_presence()
    await client.get_roster()
    say("ready")
    count = 1 if command == "receive" else 2
    peer = Peer(client, known, args[count] if len(args) > count else "")
    data = await getattr(peer, command)(*args[:count])
    say("direct", peer.direct)
    say("done", hashlib.sha256(data).hexdigest())
    await client.disconnect()


asyncio.run(main(*sys.argv[1:]))
