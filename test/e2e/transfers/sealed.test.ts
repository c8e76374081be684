import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import {
  eventsOf,
  filesIn,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStage,
  prepareStageOn,
  type Stage,
  sha256,
} from '../stage.js';

const BOB = 'bob@localhost';
const LETTER = 'a-secret-letter.txt';
const TEXT = Buffer.from('Good night, good night! Parting is such sweet sorrow. '.repeat(20_000));
const ENCRYPT = ['--encrypt', 'auto'];

/** Where the recorder writes, and what the evil server does, in files that the module reads. */
const records = mkdtempSync(join(tmpdir(), 'inband-recorded-'));
const recordPath = join(records, 'stanzas.xml');
const evilPath = join(records, 'evil');
afterAll(() => rmSync(records, { recursive: true }));

/** Records each stanza of each client, as the server gets it and as it hands it on; and does what `evil` says. */
const MODULE = `
local filters = require "util.filters"
local function read(path)
  local file = io.open(path)
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text
end
local function record(stanza)
  local file = io.open("${recordPath}", "a")
  file:write(tostring(stanza), "\\n")
  file:close()
end
local OTHER = string.rep("B", 42) .. "A="
local function on_disco(stanza, act)
  local query = stanza.name == "iq" and stanza.attr.type == "result"
    and stanza:get_child("query", "http://jabber.org/protocol/disco#info")
  if query then act(query) end
end
local function maptags(query, act)
  query:maptags(act)
end
local EVIL = {
  strip = function (stanza)
    on_disco(stanza, function (query)
      maptags(query, function (tag)
        if tag.attr.var == "urn:x-inband:seal:0" then return nil end
        if tag.attr.xmlns == "jabber:x:data" then return nil end
        return tag
      end)
    end)
    return stanza
  end,
  swap = function (stanza)
    on_disco(stanza, function (query)
      local form = query:get_child("x", "jabber:x:data")
      if not form then return end
      for field in form:childtags("field") do
        if field.attr.var == "key" then field:get_child("value")[1] = OTHER end
      end
    end)
    return stanza
  end,
  blocks = function (stanza)
    local data = stanza:get_child("data", "http://jabber.org/protocol/ibb")
    if data and data.attr.seq ~= "0" then
      local text = data:get_text()
      local letter = text:sub(100, 100) == "A" and "B" or "A"
      data[1] = text:sub(1, 99) .. letter .. text:sub(101)
    end
    return stanza
  end,
  verdict = function (stanza)
    local jingle = stanza:get_child("jingle", "urn:xmpp:jingle:1")
    if jingle and jingle.attr.action == "session-info" then
      local security = jingle:get_child("security", "urn:x-inband:seal:0")
      if security then
        security.name = "received"
        security.attr = { xmlns = "urn:xmpp:jingle:apps:file-transfer:5", creator = "initiator", name = "file" }
        security[1] = nil
      end
    end
    return stanza
  end,
}
local function pass(stanza)
  if type(stanza) == "table" then
    record(stanza)
    local evil = EVIL[read("${evilPath}")]
    if evil then return evil(stanza) end
  end
  return stanza
end
filters.add_filter_hook(function (session)
  filters.add_filter(session, "stanzas/in", record_in, 1)
  filters.add_filter(session, "stanzas/in", function (stanza) return pass(stanza) end, 2)
  filters.add_filter(session, "stanzas/out", function (stanza)
    if type(stanza) == "table" then record(stanza) end
    return stanza
  end, 2)
end)
`.replace('  filters.add_filter(session, "stanzas/in", record_in, 1)\n', '');

/** All that the server has seen, with what is in base64 there. */
function seen(): Buffer {
  const text = readFileSync(recordPath, 'latin1');
  const decoded = [...text.matchAll(/>([A-Za-z0-9+/]{16,}={0,2})</g)].map(([, one = '']) =>
    Buffer.from(one, 'base64'),
  );
  return Buffer.concat([Buffer.from(text, 'latin1'), ...decoded]);
}

async function letterIn(stage: Stage<never>): Promise<string> {
  const path = join(stage.folder(), LETTER);
  await writeFile(path, TEXT);
  return path;
}

const doneOf = (stdout: string) => eventsOf(stdout).find(({ event }) => event === 'done');

describe('on Prosody', () => {
  const stage = prepareStage({ module: MODULE });
  beforeEach(async () => {
    await writeFile(recordPath, '');
    await writeFile(evilPath, '');
  });

  test.each([
    ['deflated', []],
    ['not deflated', ['--no-compress']],
  ])(
    'a file arrives, %s, and the server has seen no name, hash or byte of it (R371)',
    async (_, flags) => {
      const letter = await letterIn(stage as Stage<never>);
      const bob = await stage.receive('bob', ['--once', '--json', ...ENCRYPT]);
      const alice = stage.inband('alice', ['send', '--json', ...ENCRYPT, ...flags, letter, BOB]);
      const sent = await outcomeOf(alice);
      expect(sent).toMatchObject({ code: 0 });
      const came = doneOf((await outcomeOf(bob)).stdout);
      expect(doneOf(sent.stdout)).toMatchObject({ encrypted: true, trust: 'first' });
      expect(came).toMatchObject({ encrypted: true, trust: 'first', sha256: sha256(TEXT) });
      expect(await hashOfFile(String(came?.path))).toBe(sha256(TEXT));
      const all = seen();
      expect(all.includes('session-initiate')).toBe(true);
      const secrets = [LETTER, 'sweet sorrow', sha256(TEXT), Buffer.from(sha256(TEXT), 'hex')];
      for (const secret of secrets) expect(all.includes(secret)).toBe(false);
    },
  );

  test('the recorder finds what is sent in the clear (R371)', async () => {
    const letter = await letterIn(stage as Stage<never>);
    await stage.receive('bob', ['--once', '--encrypt', 'off']);
    await outcomeOf(stage.inband('alice', ['send', '--encrypt', 'off', letter, BOB]));
    const all = seen();
    const secrets = [LETTER, 'sweet sorrow', Buffer.from(sha256(TEXT), 'hex')];
    for (const secret of secrets) expect(all.includes(secret)).toBe(true);
  });

  test.each([
    ['strip', 11],
    ['swap', 11],
    ['blocks', 7],
    ['verdict', 7],
  ])('a server that is evil (%s) gets nothing, and brings nothing (R372)', async (evil, code) => {
    const letter = await letterIn(stage as Stage<never>);
    const bob = await stage.receive('bob', ENCRYPT);
    // They know each other.
    const first = join(stage.folder(), 'first');
    await writeFile(first, 'hello');
    expect(await outcomeOf(stage.inband('alice', ['send', ...ENCRYPT, first, BOB]))).toMatchObject({
      code: 0,
    });
    await firstResults(bob, 1);
    await writeFile(recordPath, '');
    await writeFile(evilPath, evil);
    const flags = ['--retry-for', '0', ...ENCRYPT];
    const outcome = await outcomeOf(stage.inband('alice', ['send', ...flags, letter, BOB]));
    expect(outcome).toMatchObject({ code });
    const all = seen();
    for (const secret of [LETTER, 'sweet sorrow']) expect(all.includes(secret)).toBe(false);
    const whole = filesIn(bob.folder).filter((path) => path.includes(LETTER));
    for (const path of whole) {
      expect(await hashOfFile(join(bob.folder, path))).toBe(sha256(TEXT));
    }
    if (evil !== 'verdict') expect(whole).toEqual([]);
  });

  test('goes on where the daemon was killed (R373)', async () => {
    const big = join(stage.folder(), LETTER);
    const bytes = Buffer.concat([TEXT, TEXT, TEXT, TEXT]);
    await writeFile(big, bytes);
    const flags = ['--no-compress', '--limit-rate', '1M', '--json', ...ENCRYPT];
    const folder = stage.folder();
    const receive = () => stage.receive('bob', ['--dir', folder, '--json', ...ENCRYPT]);
    const killed = await receive();
    const alice = stage.inband('alice', ['send', ...flags, big, BOB]);
    await killed.line(/"event":"progress".*"bytes":[1-9]\d{6}/);
    await killed.stop('SIGKILL');
    const bob = await receive();
    const outcome = await outcomeOf(alice);
    expect(outcome).toMatchObject({ code: 0 });
    expect(doneOf(outcome.stdout)).toMatchObject({ encrypted: true, sha256: sha256(bytes) });
    await bob.line(/"event":"done"/);
    expect(doneOf(bob.stdout())).toMatchObject({ encrypted: true, sha256: sha256(bytes) });
  });
});

describe('on ejabberd', () => {
  const stage = prepareStageOn(() => startEjabberd());

  test('a file arrives encrypted (R371)', async () => {
    const letter = await letterIn(stage as Stage<never>);
    const bob = await stage.receive('bob', ['--once', '--json', ...ENCRYPT]);
    const alice = stage.inband('alice', ['send', '--json', ...ENCRYPT, letter, BOB]);
    const sent = await outcomeOf(alice);
    expect(sent).toMatchObject({ code: 0 });
    expect(doneOf(sent.stdout)).toMatchObject({ encrypted: true });
    expect(doneOf((await outcomeOf(bob)).stdout)).toMatchObject({ sha256: sha256(TEXT) });
  });
});
