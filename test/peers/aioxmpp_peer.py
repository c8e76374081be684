"""A peer built on aioxmpp: sends and receives bytestreams.

Usage: aioxmpp_peer.py <full jid> <port> <ca> <command>, with the password in INBAND_PASSWORD:
  send-iq <peer full jid> <path>
  send-message <peer full jid> <path>
  receive <peer jid> <path>            the first bytestream; from a full jid, or any resource of a bare one
Prints `ready` when it is online, `opened` when its bytestream is open, and `done <sha256>` at the end; exits with 0 on success only.
"""

import asyncio
import hashlib
import os
import sys
from pathlib import Path

import aioxmpp
import aioxmpp.ibb
import aioxmpp.ping
from aioxmpp.connector import STARTTLSConnector
from aioxmpp.ibb.xso import IBBStanzaType
from aioxmpp.security_layer import default_ssl_context

BLOCK_SIZE = int(os.environ.get("BLOCK_SIZE", "4096"))


def say(text):
    print(text, flush=True)


class Bytestream(asyncio.Protocol):
    """Collects what comes in; `writable` and `ended` are for the sender and for both."""

    def __init__(self):
        self.data = bytearray()
        self.writable = asyncio.Event()
        self.writable.set()
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data

    def pause_writing(self):
        self.writable.clear()

    def resume_writing(self):
        self.writable.set()

    def connection_lost(self, error):
        self.writable.set()
        if error:
            self.ended.set_exception(error)
        else:
            self.ended.set_result(None)


async def send(ibb, peer, path, stanza_type=IBBStanzaType.IQ):
    data = Path(path).read_bytes()
    transport, stream = await ibb.open_session(
        Bytestream,
        aioxmpp.JID.fromstr(peer),
        stanza_type=stanza_type,
        block_size=BLOCK_SIZE,
    )
    say("opened")
    for start in range(0, len(data), BLOCK_SIZE):
        await stream.writable.wait()
        transport.write(data[start : start + BLOCK_SIZE])
    transport.close()
    await stream.ended
    return data


async def send_messages(ibb, peer, path):
    return await send(ibb, peer, path, IBBStanzaType.MESSAGE)


async def receive(ibb, peer, path):
    stream = await ibb.streams.get()
    sender = stream.transport.get_extra_info("peer_jid")
    if peer not in (str(sender), str(sender.bare())):
        raise RuntimeError(f"a bytestream from {sender}")
    await stream.ended
    Path(path).write_bytes(stream.data)
    return stream.data


COMMANDS = {"send-iq": send, "send-message": send_messages, "receive": receive}


def security_layer(password, ca):
    def context():
        result = default_ssl_context()
        result.load_verify_locations(ca)
        return result

    return aioxmpp.make_security_layer(password, ssl_context_factory=context)


def accept_one(ibb):
    ibb.streams = asyncio.Queue()
    ibb.session_limit = 1
    ibb.default_protocol_factory = Bytestream
    ibb.on_session_accepted.connect(lambda pair: ibb.streams.put_nowait(pair[1]))


async def main(jid, port, ca, command, *args):
    jid = aioxmpp.JID.fromstr(jid)
    client = aioxmpp.PresenceManagedClient(
        jid,
        security_layer(os.environ["INBAND_PASSWORD"], ca),
        override_peer=[("127.0.0.1", int(port), STARTTLSConnector())],
    )
    ibb = client.summon(aioxmpp.ibb.IBBService)
    accept_one(ibb)
    lost = []
    client.on_stream_destroyed.connect(lambda: lost.append(True))
    server = jid.replace(localpart=None, resource=None)
    async with client.connected():
        await aioxmpp.ping.ping(client, server)  # answered when the presence has been handled
        say("ready")
        data = await COMMANDS[command](ibb, *args)
        await aioxmpp.ping.ping(client, server)  # the answer to `close` leaves before it
        if lost:
            raise RuntimeError("connection lost")
        say(f"done {hashlib.sha256(data).hexdigest()}")


asyncio.run(main(*sys.argv[1:]))
