-- A Prosody module that keeps all stanzas of all clients in @FOLDER@/stanzas.xml, and does to them what the file
-- @FOLDER@/evil says: one of the names of DISCO, BLOCKS and OFFERS below, or mute.
local st = require "util.stanza";
local filters = require "util.filters";

local FOLDER = "@FOLDER@";
local NS_DISCO = "http://jabber.org/protocol/disco#info";
local NS_IBB = "http://jabber.org/protocol/ibb";
local NS_JINGLE = "urn:xmpp:jingle:1";
local NS_FILES = "urn:xmpp:jingle:apps:file-transfer:5";
local NS_SEAL = "urn:x-inband:seal:0";
local OTHER_KEY = string.rep("B", 42) .. "A=";

local function read(name)
  local file = io.open(FOLDER .. "/" .. name);
  if not file then return ""; end
  local text = file:read("*a");
  file:close();
  return text;
end

local function record(stanza)
  local file = io.open(FOLDER .. "/stanzas.xml", "a");
  file:write(tostring(stanza), "\n");
  file:close();
end

-- What an answer to discovery says of a key.
local DISCO = {};

function DISCO.strip(query)
  query:maptags(function (tag)
    if tag.attr.var == NS_SEAL or tag.attr.xmlns == "jabber:x:data" then return nil; end
    return tag;
  end);
end

function DISCO.swap(query)
  for field in query:get_child("x", "jabber:x:data"):childtags("field") do
    if field.attr.var == "key" then field:get_child("value")[1] = OTHER_KEY; end
  end
end

-- The same text is hashed for caps (XEP-0115 §5), with the feature and the form in the names of others.
function DISCO.hide(query)
  local features = {};
  for feature in query:childtags("feature") do features[#features + 1] = feature; end
  table.sort(features, function (a, b) return a.attr.var < b.attr.var; end);
  local form = NS_SEAL .. "<key<" .. query:get_child("x", "jabber:x:data"):find("{jabber:x:data}field/value#");
  for place, feature in ipairs(features) do
    if feature.attr.var == NS_SEAL then
      features[place - 1].attr.var = features[place - 1].attr.var .. "<" .. NS_SEAL;
    end
  end
  local last = features[#features];
  last.attr.var = last.attr.var .. "<" .. form;
  DISCO.strip(query);
end

-- The recipient is found by its first answer, and asked for its key once more.
local answers = 0;

local function isSwallowed(evil)
  if evil ~= "mute" then return false; end
  answers = answers + 1;
  return answers > 1;
end

-- What comes of the block with the number `n` of a bytestream: the stanza that goes on, if any.
local BLOCKS = {};
local held, last, sid;

local function deliver(session, stanza)
  prosody.core_process_stanza(session, stanza);
end

local function confirm(session, stanza)
  session.send(st.reply(stanza));
end

function BLOCKS.alter(_, stanza, data, n)
  if n == 0 then return stanza; end
  local text = data:get_text();
  data[1] = text:sub(1, 99) .. (text:sub(100, 100) == "A" and "B" or "A") .. text:sub(101);
  return stanza;
end

function BLOCKS.truncate(_, stanza, data, n)
  if n == 1 then data[1] = data:get_text():sub(1, 400); end
  return stanza;
end

BLOCKS["repeat"] = function (_, stanza, data, n)
  if n == 2 then data[1] = last; end
  last = data:get_text();
  return stanza;
end

function BLOCKS.drop(session, stanza, data, n)
  if n == 1 then return confirm(session, stanza); end
  if n > 1 then data.attr.seq = tostring(n - 1); end
  return stanza;
end

function BLOCKS.reorder(session, stanza, data, n)
  if n == 1 then
    held = st.clone(stanza);
    return confirm(session, stanza);
  end
  if n ~= 2 then return stanza; end
  data.attr.seq = "1";
  held:get_child("data", NS_IBB).attr.seq = "2";
  deliver(session, stanza);
  deliver(session, held);
end

-- Says on behalf of the sender that this is all.
function BLOCKS.close(session, stanza, data, n)
  if n < 2 then return stanza; end
  if n == 2 then
    local close = st.iq({ type = "set", id = "forged", from = session.full_jid, to = stanza.attr.to });
    deliver(session, close:tag("close", { xmlns = NS_IBB, sid = data.attr.sid }));
  end
  confirm(session, stanza);
end

local function says(session, peer, action)
  local iq = st.iq({ type = "set", id = "forged" .. action, from = peer, to = session.full_jid });
  return iq:tag("jingle", { xmlns = NS_JINGLE, action = action, sid = sid });
end

-- Says on behalf of the recipient that it has the file, which it does not get.
function BLOCKS.received(session, stanza, data, n)
  if n < 2 then return stanza; end
  confirm(session, stanza);
  local peer = stanza.attr.to;
  session.send(says(session, peer, "session-info"):tag("received",
    { xmlns = NS_FILES, creator = "initiator", name = "file" }));
end

function BLOCKS.success(session, stanza, data, n)
  if n < 2 then return stanza; end
  confirm(session, stanza);
  local peer = stanza.attr.to;
  local close = st.iq({ type = "set", id = "forgedclose", from = peer, to = session.full_jid });
  session.send(close:tag("close", { xmlns = NS_IBB, sid = data.attr.sid }));
  session.send(says(session, peer, "session-terminate"):tag("reason"):tag("success"));
end

-- What comes of an offer.
local OFFERS = {};

function OFFERS.refuse(session, stanza)
  session.send(st.error_reply(stanza, "cancel", "feature-not-implemented"));
end

function OFFERS.decline(session, stanza)
  confirm(session, stanza);
  session.send(says(session, stanza.attr.to, "session-terminate"):tag("reason"):tag("unsupported-applications"));
end

function OFFERS.security(session, stanza)
  confirm(session, stanza);
  session.send(says(session, stanza.attr.to, "session-terminate"):tag("reason"):tag("security-error"));
end

function OFFERS.unsealed(_, stanza, jingle)
  jingle:get_child("content"):maptags(function (tag)
    if tag.attr.xmlns == NS_SEAL then return nil; end
    return tag;
  end);
  return stanza;
end

-- What comes of the verdict.
local INFOS = {};

function INFOS.verdict(_, stanza, jingle)
  local security = jingle:get_child("security", NS_SEAL);
  if security then
    security.name = "received";
    security.attr = { xmlns = NS_FILES, creator = "initiator", name = "file" };
    security[1] = nil;
  end
  return stanza;
end

-- The last offer, which is sent once more when somebody asks for that in a message; who has asked is told of the answer.
local offer, curious;

local function replay(session, stanza)
  curious = session;
  local copy = st.clone(offer);
  copy.attr.id = "replayed";
  module:send(copy);
end

local function tell(stanza)
  if curious then curious.send(st.message({ to = curious.full_jid }):add_child(st.clone(stanza))); end
end

local function pass(session, stanza)
  if type(stanza) ~= "table" or not stanza.attr then return stanza; end
  record(stanza);
  local evil = read("evil");
  if stanza.name == "message" and stanza:get_child_text("body") == "replay" then return replay(session, stanza); end
  local query = stanza.attr.type == "result" and stanza:get_child("query", NS_DISCO);
  local tellsKey = query and query:get_child("x", "jabber:x:data");
  if tellsKey and isSwallowed(evil) then return nil; end
  if tellsKey and DISCO[evil] then DISCO[evil](query); end
  local data = stanza:get_child("data", NS_IBB);
  if data and BLOCKS[evil] then return BLOCKS[evil](session, stanza, data, tonumber(data.attr.seq)); end
  local jingle = stanza.attr.type == "set" and stanza:get_child("jingle", NS_JINGLE);
  if not jingle then return stanza; end
  if curious then tell(stanza); end
  if jingle.attr.action == "session-initiate" then
    sid = jingle.attr.sid;
    offer = st.clone(stanza);
    offer.attr.from = session.full_jid;
    if OFFERS[evil] then return OFFERS[evil](session, stanza, jingle); end
  elseif jingle.attr.action == "session-info" and INFOS[evil] then
    return INFOS[evil](session, stanza, jingle);
  end
  return stanza;
end

filters.add_filter_hook(function (session)
  filters.add_filter(session, "stanzas/in", function (stanza) return pass(session, stanza); end, 2);
  filters.add_filter(session, "stanzas/out", function (stanza)
    if type(stanza) == "table" then record(stanza); end
    return stanza;
  end, 2);
end);
