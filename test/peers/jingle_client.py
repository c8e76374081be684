"""Jingle sessions about one file each, for sealed_peer.py: slixmpp 1.8 has none."""

from __future__ import annotations

import asyncio
import os
import xml.etree.ElementTree as ET
from pathlib import Path

from slixmpp import JID, ClientXMPP, Iq
from slixmpp.plugins.xep_0047 import IBBytestream
from slixmpp.xmlstream import ElementBase, register_stanza_plugin
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

from seal import NAMESPACE, Broken, as_shown, decode, encode, key_pair

JINGLE = "urn:xmpp:jingle:1"
FILE = "urn:xmpp:jingle:apps:file-transfer:5"
IBB = "urn:xmpp:jingle:transports:ibb:1"
DATA = "jabber:x:data"


class Ended(Exception):
    """The other side has terminated the session; its reason."""


class Jingle(ElementBase):
    name, namespace, plugin_attrib = "jingle", JINGLE, "jingle"
    interfaces = {"action", "sid"}


def say(*words: object) -> None:
    print(*words, flush=True)


def find(element: ET.Element, path: str) -> ET.Element:
    found = element.find(path)
    if found is None:
        raise Broken(f"no {path}")
    return found


class Session:
    def __init__(self, client: JingleClient, peer: JID, sid: str) -> None:
        self.client, self.peer, self.sid = client, peer, sid
        self.heard: asyncio.Queue[ET.Element] = asyncio.Queue()
        client.sessions[sid] = self

    async def say(self, action: str, inner: str) -> None:
        iq = self.client.make_iq_set(ito=self.peer)
        iq.append(ET.fromstring(f"<jingle xmlns='{JINGLE}' action='{action}' sid='{self.sid}'>{inner}</jingle>"))
        await iq.send()

    async def say_content(self, action: str, file: str, block_size: int, ibb_sid: str, message: str) -> None:
        """Says what is outside the seal, and the message of the handshake."""
        await self.say(
            action,
            f"<content creator='initiator' name='file' senders='initiator'><description xmlns='{FILE}'>{file}</description>"
            f"<transport xmlns='{IBB}' block-size='{block_size}' sid='{ibb_sid}'/>"
            f"<security xmlns='{NAMESPACE}'>{message}</security></content>",
        )

    async def say_verdict(self, message: str) -> None:
        await self.say("session-info", f"<security xmlns='{NAMESPACE}'>{message}</security>")

    async def hear(self, action: str) -> ET.Element:
        """The next one of an action. Raises Ended when the session ends first; an empty one asks whether it is there."""
        while True:
            jingle = await self.heard.get()
            if jingle.get("action") == "session-terminate":
                raise Ended(find(jingle, f"{{{JINGLE}}}reason")[0].tag.split("}")[1])
            if jingle.get("action") == action and len(jingle) > 0:
                return jingle

    async def hear_end(self) -> None:
        await self.hear("session-terminate")

    async def end(self, reason: str) -> None:
        await self.say("session-terminate", f"<reason><{reason}/></reason>")
        raise Ended(reason)


class JingleClient(ClientXMPP):
    """Announces a key of its own; collects offers and bytestreams."""

    def __init__(self, jid: str, ca: str) -> None:
        super().__init__(jid, os.environ["INBAND_PASSWORD"])
        self.ca_certs = Path(ca)
        self.own = key_pair(os.urandom(32))
        self.sessions: dict[str, Session] = {}
        self.offers: asyncio.Queue[tuple[Session, ET.Element]] = asyncio.Queue()
        self.streams: asyncio.Queue[IBBytestream] = asyncio.Queue()
        for plugin in ["xep_0004", "xep_0030", "xep_0128"]:
            self.register_plugin(plugin)
        self.register_plugin("xep_0047", {"auto_accept": True})
        self.add_event_handler("ibb_stream_start", self.streams.put_nowait)
        register_stanza_plugin(Iq, Jingle)
        self.register_handler(Callback("Jingle", StanzaPath("iq@type=set/jingle"), self.on_jingle))

    def on_jingle(self, iq: Iq) -> None:
        jingle, sid = iq["jingle"].xml, iq["jingle"]["sid"]
        if jingle.get("action") == "session-initiate":
            self.offers.put_nowait((Session(self, iq["from"], sid), jingle))
        else:
            self.sessions[sid].heard.put_nowait(jingle)
        iq.reply().send()

    async def announce(self) -> None:
        for feature in [JINGLE, FILE, IBB, NAMESPACE]:
            await self["xep_0030"].add_feature(feature)
        form = self["xep_0004"].make_form("result")
        form.add_field(var="FORM_TYPE", ftype="hidden", value=NAMESPACE)
        form.add_field(var="key", value=encode(self.own.public.data))
        await self["xep_0128"].set_extended_info(data=form)
        say("key", as_shown(self.own.public.data))

    async def key_of(self, peer: JID) -> bytes:
        info = await self["xep_0030"].get_info(peer, cached=False)
        field = f"{{{DATA}}}field[@var='%s']/{{{DATA}}}value"
        forms = [form for form in info.xml.iter(f"{{{DATA}}}x") if form.findtext(field % "FORM_TYPE") == NAMESPACE]
        if NAMESPACE not in info["disco_info"]["features"] or len(forms) != 1:
            raise Broken("no key")
        return decode(forms[0].findtext(field % "key"))
