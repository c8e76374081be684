"""A peer built on slixmpp: sends and receives bytestreams and files, publishes and fetches blobs.

Usage: slixmpp_peer.py <full jid> <port> <ca> <command>, with the password in INBAND_PASSWORD:
  send-iq <peer full jid> <path>
  send-message <peer full jid> <path>
  receive <peer jid> <path>            the first bytestream; from a full jid, or any resource of a bare one
  si-send <peer full jid> <path> [md5]   offers the file by SI; the part that the peer wants
  si-receive <path> [offset]          the first file that is offered by SI; prints `offer <name> <size> <md5>`
  si-receive-all <folder> <count>     as many files, one after the other; the hash of all of them
  si-decline                          declines it
  bob-publish <path> <media type> [max-age]   prints the cid; serves until standard input ends
  bob-fetch <holder full jid> <cid> <path>
  bob-message <recipient full jid> <path> <media type>   the blob inside a message
  bob-await <path>                     a blob inside a message; prints its cid and type
  link-await                           a message whose text is a link, which is fetched; prints `text <body>` of others
  bob-rate <holder full jid> <cid> <count> [cached]   prints how many it fetches a second
Prints `ready` when it is online, `opened` when its bytestream is open, and `done <sha256>` at the end; exits with 0 on success only.
"""

import asyncio
import datetime
import hashlib
import os
import ssl
import sys
import time
import urllib.request
import uuid
from pathlib import Path

from slixmpp import JID, ClientXMPP
from slixmpp.xmlstream.handler import CoroutineCallback
from slixmpp.xmlstream.matcher import StanzaPath

IBB = "http://jabber.org/protocol/ibb"
SOCKS5 = "http://jabber.org/protocol/bytestreams"
BLOCK_SIZE = int(os.environ.get("BLOCK_SIZE", "4096"))


def say(text):
    print(text, flush=True)


async def send(client, peer, path, use_messages=False):
    data = Path(path).read_bytes()
    stream = await client["xep_0047"].open_stream(
        JID(peer), block_size=BLOCK_SIZE, use_messages=use_messages
    )
    say("opened")
    await stream.sendall(data)
    await stream.close()
    return data


async def send_messages(client, peer, path):
    return await send(client, peer, path, use_messages=True)


async def receive(client, peer, path):
    stream = await client.streams.get()
    if peer not in (stream.peer_jid.full, stream.peer_jid.bare):
        raise RuntimeError(f"a bytestream from {stream.peer_jid}")
    data = await stream.gather()
    if not stream.stream_in_closed:
        raise RuntimeError("closed on this side, after a wrong block")
    Path(path).write_bytes(data)
    return data


async def offer(client, peer, path, md5=None):
    data = Path(path).read_bytes()
    sid = uuid.uuid4().hex
    answer = await client["xep_0096"].request_file_transfer(
        JID(peer),
        sid=sid,
        name=Path(path).name,
        size=len(data),
        desc="from slixmpp",
        hash=md5 or hashlib.md5(data).hexdigest(),
        date=datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc),
        allow_ranged=True,
        mime_type="text/plain",
        methods=[{"value": SOCKS5}, {"value": IBB}],  # slixmpp 1.8 fails over its own list
    )
    method = answer["si"]["feature_neg"]["form"].get_values()["stream-method"]
    if method != IBB:
        raise RuntimeError(f"the stream method {method}")
    rest = data[int(answer["si"]["file"]["range"]["offset"] or 0) :]
    stream = await client["xep_0047"].open_stream(JID(peer), sid=sid)
    await stream.sendall(rest)
    await stream.close()
    return rest


async def next_offer(client):
    offer = await client.offers.get()
    file = offer["si"]["file"]
    say(f"offer {file['name']} {file['size']} {file['hash']}")
    return offer["from"], offer["si"]["id"]


async def accept(client, path, offset="0"):
    client["xep_0047"].auto_accept = False  # SI has to let the bytestream in
    peer, sid = await next_offer(client)
    payload = client["xep_0096"].stanza.File()
    payload["range"]["offset"] = offset
    await client["xep_0095"].accept(peer, sid, payload=payload, ifrom=client.boundjid)
    return await receive(client, peer.full, path)


async def accept_all(client, folder, count):
    received = b""
    for _ in range(int(count)):
        received += await accept(client, Path(folder, str(len(received))))
    return received


async def decline(client):
    peer, sid = await next_offer(client)
    await client["xep_0095"].decline(peer, sid, ifrom=client.boundjid)
    return b""


async def publish(client, path, media_type, max_age=None):
    data = Path(path).read_bytes()
    age = None if max_age is None else int(max_age)
    say(await client["xep_0231"].set_bob(data, media_type, max_age=age))
    await asyncio.to_thread(sys.stdin.read)
    return data


async def fetch(client, holder, cid, path):
    result = await client["xep_0231"].get_bob(JID(holder), cid, cached=False)
    data = result["bob"]["data"]
    Path(path).write_bytes(data)
    return data


async def fetch_rate(client, holder, cid, count, cached=""):
    start = time.monotonic()
    for _ in range(int(count)):
        await client["xep_0231"].get_bob(JID(holder), cid, cached=bool(cached))
    say(f"rate {int(count) / (time.monotonic() - start)}")
    return b""


async def send_blob(client, recipient, path, media_type):
    data = Path(path).read_bytes()
    message = client.make_message(mto=JID(recipient), mbody="see this")
    message["bob"]["cid"] = f"sha1+{hashlib.sha1(data).hexdigest()}@bob.xmpp.org"
    message["bob"]["type"] = media_type
    message["bob"]["max_age"] = 60
    message["bob"]["data"] = data
    message.send()
    await client["xep_0030"].get_info(JID(client.boundjid.domain))  # the message went before
    return data


async def await_blob(client, path):
    blob = (await client.blobs.get())["bob"]
    say(f"{blob['cid']} {blob['type']}")
    Path(path).write_bytes(blob["data"])
    return blob["data"]


async def await_link(client):
    while True:
        message = await client.texts.get()
        url = message.xml.find("{jabber:x:oob}x/{jabber:x:oob}url")
        if url is not None and message["body"] == url.text:
            context = ssl.create_default_context(cafile=client.ca_certs)
            fetched = urllib.request.urlopen(url.text, context=context)
            return fetched.read()
        say(f"text {message['body']}")


COMMANDS = {
    "send-iq": send,
    "send-message": send_messages,
    "receive": receive,
    "si-send": offer,
    "si-receive": accept,
    "si-receive-all": accept_all,
    "si-decline": decline,
    "bob-publish": publish,
    "bob-fetch": fetch,
    "bob-message": send_blob,
    "bob-await": await_blob,
    "bob-rate": fetch_rate,
    "link-await": await_link,
}


def answer_offers(client):
    """slixmpp 1.8 handles offers in a coroutine that it never awaits."""
    handle = client["xep_0095"]._handle_request
    client.remove_handler("SI Request")
    client.register_handler(
        CoroutineCallback("SI Request", StanzaPath("iq@type=set/si"), handle)
    )


async def main(jid, port, ca, command, *args):
    client = ClientXMPP(jid, os.environ["INBAND_PASSWORD"])
    client.ca_certs = Path(ca)
    client.register_plugin("xep_0030")
    client.register_plugin("xep_0047", {"auto_accept": True, "max_block_size": 65535})
    if command.startswith("si-"):  # others would be offered files that they do not answer
        client.register_plugin("xep_0096")
        answer_offers(client)
    client.register_plugin("xep_0231")
    client.streams = asyncio.Queue()
    client.add_event_handler("ibb_stream_start", client.streams.put_nowait)
    client.offers = asyncio.Queue()
    client.add_event_handler("si_request", client.offers.put_nowait)
    client.texts = asyncio.Queue()
    client.add_event_handler("message", client.texts.put_nowait)
    client.blobs = asyncio.Queue()
    client.add_event_handler("bob", client.blobs.put_nowait)

    client.connect(("127.0.0.1", int(port)))
    await client.wait_until("session_start")
    client.send_presence()
    await client.get_roster()  # answered when the presence has been handled
    say("ready")
    data = await COMMANDS[command](client, *args)
    say(f"done {hashlib.sha256(data).hexdigest()}")
    await client.disconnect()


asyncio.run(main(*sys.argv[1:]))
