import { describe, expect, test } from '@jest/globals';
import { NS_IBB } from '../../../../src/protocol/ibb/stanzas.js';
import { JingleFileTransfers } from '../../../../src/protocol/jingle/jingle-file-transfers.js';
import { NS_JINGLE } from '../../../../src/protocol/jingle/stanzas.js';
import { ibbTransport } from '../../../../src/protocol/jingle/transports/ibb.js';
import { StanzaError } from '../../../../src/session/stanza-error.js';
import type { Element } from '../../../../src/session/xml.js';
import { JULIET, parse, ROMEO } from '../../../support/linked-sessions.js';
import { settled } from '../../../support/manual-clock.js';
import { pairOfServices } from '../../ibb/bytestreams.js';
import { offeredTo } from '../transfers.js';

const TYBALT = 'tybalt@capulet.example/street';

const TRANSPORT = `
  <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='b1' block-size='4'/>`;
const FILE = `
  <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>
    <file><name>letter.txt</name><size>6</size></file>
  </description>`;
const CONTENT = `
  <content creator='initiator' name='file' senders='initiator'>${FILE}${TRANSPORT}</content>`;

const jingle = (action: string, children = '', sid = 'j1') =>
  `<jingle xmlns='urn:xmpp:jingle:1' action='${action}' sid='${sid}'>${children}</jingle>`;

const { fromStanza } = StanzaError;

const describeError = (error: Error) => {
  if (!(error instanceof StanzaError)) return error.name;
  return [error.condition, error.specific?.name].filter(Boolean).join(' ');
};

/** Juliet, who says to Romeo what the test says, and acknowledges what he says; Romeo is ours. */
function talk(opened: () => Promise<undefined> = async () => undefined) {
  const toTybalt: string[] = [];
  const pair = pairOfServices({
    sessionLimit: 0,
    intercept: (stanza, deliver) => {
      if (stanza.attrs.to !== TYBALT) return deliver(stanza);
      toTybalt.push(stanza.attrs.type === 'error' ? describeError(fromStanza(stanza)) : 'taken');
    },
  });
  const [romeo, juliet] = pair.sessions;
  const transfers = new JingleFileTransfers(romeo, [ibbTransport(pair.romeo)], pair.clock);
  pair.juliet.close();
  juliet.handle('set', NS_IBB, 'open', opened);
  let offer: Element | undefined;
  juliet.handle('set', NS_JINGLE, 'jingle', (element) => {
    offer ??= element;
    return undefined;
  });
  /** The transport of Romeo's offer. */
  const offered = () => offer?.getChild('content')?.getChild('transport');
  const says = async (text: string) => {
    const request = juliet.request('set', ROMEO, parse(text), { timeout: 1000 });
    const answer = await request.then(() => 'taken', describeError);
    await settled();
    return answer;
  };
  const saysAsTybalt = async (text: string) => {
    romeo.receive(parse(`<iq type='set' id='x1' from='${TYBALT}' to='${ROMEO}'>${text}</iq>`));
    await settled();
    return toTybalt.pop();
  };
  /** What Romeo has said, beside his answers. */
  const said = () =>
    pair.wire
      .find(/^romeo: (session|content|transport)-/)
      .filter((line) => !/ (taken|refused, .*)$/.test(line))
      .map((line) => line.replace('romeo: ', ''));
  return { pair, transfers, offered, says, saysAsTybalt, said };
}

/** Juliet has offered a file, which Romeo may take. */
async function afterHerOffer(content = CONTENT) {
  const all = talk();
  const incoming = offeredTo(all.transfers);
  expect(await all.says(jingle('session-initiate', content))).toBe('taken');
  return { ...all, file: await incoming };
}

describe('an offer', () => {
  test('is acknowledged before anything is made of it', async () => {
    const { pair, transfers, says, said } = talk();
    transfers.onOffer = (file) => file.decline();
    expect(await says(jingle('session-initiate', CONTENT))).toBe('taken');
    expect(pair.wire.lines.slice(0, 3)).toEqual([
      'juliet: session-initiate',
      'romeo: session-initiate taken',
      'romeo: session-terminate decline',
    ]);
    expect(said()).toEqual(['session-terminate decline']);
  });

  const offerOf = (from: string, to: string) =>
    jingle('session-initiate', CONTENT.replace(from, to));

  test.each([
    ['of something else', offerOf('file-transfer:5', 'rtp:1'), 'unsupported-applications'],
    ['of an older kind', offerOf('file-transfer:5', 'file-transfer:4'), 'unsupported-applications'],
    ['of nothing', offerOf(FILE, ''), 'unsupported-applications'],
    ['of another way', offerOf('transports:ibb:1', 'transports:s5b:1'), 'unsupported-transports'],
    ['of no way', offerOf(TRANSPORT, ''), 'unsupported-transports'],
    [
      'that is encrypted',
      offerOf('</content>', "<security xmlns='urn:xmpp:jingle:jet:0'/></content>"),
      'security-error',
      'it is encrypted end to end',
    ],
    [
      'for a file of ours',
      offerOf("senders='initiator'", "senders='responder'"),
      'failed-application',
      'it asks for a file of ours',
    ],
    [
      ...['of two files', jingle('session-initiate', CONTENT + CONTENT), 'failed-application'],
      'it has several contents, and a Jingle session is for one',
    ],
    [
      'with blocks too large',
      offerOf("block-size='4'", "block-size='65536'"),
      'incompatible-parameters',
    ],
    ['of a broken size', offerOf('<size>6', '<size>six'), 'incompatible-parameters'],
    ['of two files in one', offerOf('</file>', '</file><file/>'), 'incompatible-parameters'],
  ])(
    '%s is acknowledged and ended, and its owner is told of it (R77)',
    async (_what, text, reason, why = '') => {
      const { transfers, says, said } = talk();
      const refused: string[] = [];
      transfers.onRefused = (peer, text) => {
        refused.push(peer);
        expect(text).toContain(why);
      };
      transfers.onOffer = () => expect('nothing').toBe('offered');
      expect(await says(text)).toBe('taken');
      expect(said()).toEqual([`session-terminate ${reason}`]);
      expect(refused).toEqual([JULIET]);
      expect(await says(jingle('session-info'))).toBe('item-not-found unknown-session');
    },
  );

  test.each([
    ['no content', jingle('session-initiate')],
    ['a content without a name', jingle('session-initiate', CONTENT.replace("name='file'", ''))],
    ['no sid', jingle('session-initiate', CONTENT).replace("sid='j1'", '')],
    ['an unknown creator', jingle('session-initiate', CONTENT.replace("'initiator'", "'romeo'"))],
  ])('with %s is refused', async (_what, text) => {
    const { says } = talk();
    expect(await says(text)).toBe('bad-request');
  });

  test('is not looked at when its sender has made too many', async () => {
    const { transfers, says } = talk();
    transfers.mayOffer = () => false;
    expect(await says(jingle('session-initiate', CONTENT))).toBe('resource-constraint');
    transfers.mayOffer = () => true;
    expect(await says(jingle('session-initiate', CONTENT))).toBe('taken');
  });

  test('is one of 32, of one account, and not of others', async () => {
    const { transfers, says, saysAsTybalt } = talk();
    transfers.onOffer = () => undefined;
    for (let count = 1; count <= 32; count += 1) {
      expect(await says(jingle('session-initiate', CONTENT, `j${count}`))).toBe('taken');
    }
    expect(await says(jingle('session-initiate', CONTENT, 'j33'))).toBe('resource-constraint');
    expect(await saysAsTybalt(jingle('session-initiate', CONTENT))).toBe('taken');
    expect(await says(jingle('session-terminate', '', 'j1'))).toBe('taken');
    expect(await says(jingle('session-initiate', CONTENT, 'j33'))).toBe('taken');
  });
});

describe('in a session that was offered to us', () => {
  test.each([
    ['a ping is answered', jingle('session-info'), 'taken'],
    [
      'a checksum is taken',
      jingle(
        'session-info',
        "<checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file/></checksum>",
      ),
      'taken',
    ],
    [
      'a checksum of nothing is refused',
      jingle('session-info', "<checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5'/>"),
      'bad-request',
    ],
    [
      'what was received is not understood: we send nothing',
      jingle('session-info', "<received xmlns='urn:xmpp:jingle:apps:file-transfer:5'/>"),
      'feature-not-implemented unsupported-info',
    ],
    [
      'ringing is not understood',
      jingle('session-info', "<ringing xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>"),
      'feature-not-implemented unsupported-info',
    ],
    ...['description-info', 'transport-info', 'security-info', 'content-modify'].map((action) => [
      `${action} is not understood`,
      jingle(action, CONTENT),
      'feature-not-implemented unsupported-info',
    ]),
    ...[
      ...['session-initiate', 'session-accept', 'content-accept', 'content-reject'],
      ...['transport-accept', 'transport-reject'],
    ].map((action) => [
      `${action} is out of order`,
      jingle(action, CONTENT),
      'unexpected-request out-of-order',
    ]),
    ['an unknown action is refused', jingle('session-begin'), 'bad-request'],
    ['a replacement by nothing is refused', jingle('transport-replace'), 'bad-request'],
  ])('%s', async (_what, text, answer) => {
    const { says, said } = await afterHerOffer();
    expect(await says(text)).toBe(answer);
    expect(await says(jingle('session-info'))).toBe('taken');
    expect(said().filter((line) => line.startsWith('session-terminate'))).toEqual([]);
  });

  test('a third party finds nobody, whatever it says', async () => {
    const { says, saysAsTybalt } = await afterHerOffer();
    for (const action of ['session-info', 'session-terminate', 'session-accept']) {
      expect(await saysAsTybalt(jingle(action))).toBe('item-not-found unknown-session');
    }
    expect(await says(jingle('session-info'))).toBe('taken');
  });

  test('another content is rejected, and the first one stays', async () => {
    const { says, said } = await afterHerOffer();
    const more = CONTENT.replace("name='file'", "name='more'");
    expect(await says(jingle('content-add', more))).toBe('taken');
    expect(said()).toContain('content-reject');
    expect(await says(jingle('session-info'))).toBe('taken');
  });

  test('removing the content ends it', async () => {
    const { says, said, file } = await afterHerOffer();
    const gone = "<content creator='initiator' name='file'/>";
    expect(await says(jingle('content-remove', gone))).toBe('taken');
    expect(said()).toContain('session-terminate cancel');
    await expect(file.accept()).rejects.toThrow('cancel');
  });

  test('its end is acknowledged, and it is known no more', async () => {
    const { says, file } = await afterHerOffer();
    const reason = '<reason><cancel/></reason>';
    expect(await says(jingle('session-terminate', reason))).toBe('taken');
    expect(await says(jingle('session-terminate', reason))).toBe('item-not-found unknown-session');
    await expect(file.accept()).rejects.toMatchObject({ name: 'JingleEnded', byUs: false });
  });

  const REPLACED = `<content creator='initiator' name='file'>
    <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='b2' block-size='3'/></content>`;
  const open = (sid: string, size = 3) =>
    `<open xmlns='http://jabber.org/protocol/ibb' sid='${sid}' block-size='${size}'/>`;

  test('another bytestream may be agreed on before it is accepted', async () => {
    const { says, said, file } = await afterHerOffer();
    expect(await says(jingle('transport-replace', REPLACED))).toBe('taken');
    expect(said()).toContain('transport-accept');
    const stream = file.accept();
    await settled();
    expect(await says(open('b1'))).toBe('not-acceptable');
    expect(await says(open('b2'))).toBe('taken');
    expect(await stream).toMatchObject({ sid: 'b2' });
  });

  test('another bytestream may be agreed on after it is accepted, and not when one is open', async () => {
    const { says, said, file } = await afterHerOffer();
    const stream = file.accept();
    await settled();
    expect(await says(jingle('transport-replace', REPLACED))).toBe('taken');
    expect(said().at(-1)).toBe('transport-accept');
    expect(await says(open('b1'))).toBe('item-not-found');
    expect(await says(open('b2'))).toBe('taken');
    expect(await stream).toMatchObject({ sid: 'b2', blockSize: 3 });
    expect(await says(jingle('transport-replace', REPLACED.replace('b2', 'b3')))).toBe('taken');
    expect(said().at(-1)).toBe('transport-reject');
  });

  test('another bytestream is not agreed on where the file can be gone on with', async () => {
    const ranged = CONTENT.replace('</size>', '</size><range/>');
    const { says, said } = await afterHerOffer(ranged);
    expect(await says(jingle('transport-replace', REPLACED))).toBe('taken');
    expect(said().at(-1)).toBe('transport-reject');
    expect(await says(jingle('transport-replace', REPLACED.replace('b2', 'b1')))).toBe('taken');
    expect(said().at(-1)).toBe('transport-accept');
  });

  test('the same bytestream may be agreed on again', async () => {
    const { says, file } = await afterHerOffer();
    const stream = file.accept();
    await settled();
    expect(await says(jingle('transport-replace', REPLACED.replace('b2', 'b1')))).toBe('taken');
    expect(await says(open('b1'))).toBe('taken');
    expect(await stream).toMatchObject({ sid: 'b1' });
  });

  test.each([
    ['another way', REPLACED.replace('ibb:1', 's5b:1'), 'taken', 'transport-reject'],
    ['a broken one', REPLACED.replace("'3'", "'x'"), 'bad-request', undefined],
  ])('a replacement by %s changes nothing', async (_what, text, answer, last) => {
    const { says, said, file } = await afterHerOffer();
    expect(await says(jingle('transport-replace', text))).toBe(answer);
    expect(said().at(-1)).toBe(last);
    const stream = file.accept();
    await settled();
    expect(await says(open('b1', 4))).toBe('taken');
    expect(await stream).toMatchObject({ sid: 'b1' });
  });
});

describe('in a session that we have offered', () => {
  /** Her yes, with another element in it instead of one that belongs there. */
  const accept = (from = '', to = '', sid = BYTESTREAM) =>
    jingle('session-accept', CONTENT.replace(from, to).replace("sid='b1'", `sid='${sid}'`));

  /** Stands for the sid of his bytestream, which the script learns from the offer. */
  const BYTESTREAM = '@bytestream@';

  /** Romeo has offered a file, under the sid `j1`, of which Juliet thinks. */
  async function afterHisOffer(...how: Parameters<typeof talk>) {
    const all = talk(...how);
    const file = { name: 'letter.txt', size: 6 };
    const outgoing = all.transfers.offer(JULIET, file, { sid: 'j1', blockSize: 4 });
    outgoing.catch(() => undefined); // each test says what becomes of it
    await settled();
    const sid = all.offered()?.attrs.sid ?? '';
    return { ...all, outgoing, says: (text: string) => all.says(text.replace(BYTESTREAM, sid)) };
  }

  test('the one who was asked may accept it once', async () => {
    const { says, outgoing } = await afterHisOffer();
    expect(await says(jingle('session-info'))).toBe('taken');
    expect(await says(accept())).toBe('taken');
    expect((await outgoing).channel.peer).toBe(JULIET);
    expect(await says(accept())).toBe('unexpected-request out-of-order');
  });

  test.each([
    ['nothing', jingle('session-accept')],
    ['two contents', jingle('session-accept', CONTENT + CONTENT)],
    ['another content', accept("name='file'", "name='other'")],
    ['something else', accept('file-transfer:5', 'rtp:1')],
    ['nothing of a file', accept(FILE, '')],
    ['another way', accept('ibb:1', 's5b:1')],
    ['no way', accept(TRANSPORT, '')],
    ['another bytestream', accept('', '', 'b9')],
    ['larger blocks', accept("block-size='4'", "block-size='65535'")],
    ['what is behind the end', accept('<size>', "<range offset='7'/><size>")],
    ['a broken range', accept('<size>', "<range offset='x'/><size>")],
    ["in nobody's name", accept("creator='initiator'", "creator='tybalt'")],
  ])('accepting %s is refused, and ends the offer at once (R112)', async (_what, text) => {
    const { says, said, outgoing } = await afterHisOffer();
    expect(await says(text)).toBe('bad-request');
    expect(said().at(-1)).toBe('session-terminate failed-application');
    await expect(outgoing).rejects.toMatchObject({
      name: 'JingleEnded',
      message: expect.stringContaining('the answer does not fit the offer: bad-request'),
    });
    expect(await says(accept())).toBe('item-not-found unknown-session');
  });

  test('a third party cannot accept it, nor end it', async () => {
    const { says, saysAsTybalt, outgoing } = await afterHisOffer();
    for (const text of [accept(), jingle('session-terminate')]) {
      expect(await saysAsTybalt(text)).toBe('item-not-found unknown-session');
    }
    expect(await says(accept())).toBe('taken');
    expect((await outgoing).channel.peer).toBe(JULIET);
  });

  test('an offer under the same sid breaks the tie, and ours stays', async () => {
    const { says, outgoing } = await afterHisOffer();
    expect(await says(jingle('session-initiate', CONTENT))).toBe('conflict tie-break');
    expect(await says(accept())).toBe('taken');
    expect((await outgoing).channel.peer).toBe(JULIET);
    expect(await says(jingle('session-initiate', CONTENT))).toBe('unexpected-request out-of-order');
  });

  test('another bytestream may be agreed on until it is accepted', async () => {
    const { pair, says, said, outgoing } = await afterHisOffer();
    const replaced = CONTENT.replace(FILE, '').replace("'4'", "'9999'");
    expect(await says(jingle('transport-replace', replaced))).toBe('taken');
    expect(said().at(-1)).toBe('transport-accept');
    expect(await says(accept('', '', 'b1'))).toBe('taken');
    expect((await outgoing).channel).toMatchObject({ sid: 'b1', blockSize: 4 });
    expect(pair.wire.find('romeo: open 4')).toHaveLength(1);
    expect(await says(jingle('transport-replace', replaced))).toBe('taken');
    expect(said().at(-1)).toBe('transport-reject');
  });

  test('another way is not agreed on', async () => {
    const { says, said } = await afterHisOffer();
    expect(await says(jingle('transport-replace', CONTENT.replace('ibb:1', 's5b:1')))).toBe(
      'taken',
    );
    expect(said().at(-1)).toBe('transport-reject');
  });

  test('a checksum is not understood: we send', async () => {
    const { says } = await afterHisOffer();
    const checksum = "<checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file/></checksum>";
    expect(await says(jingle('session-info', checksum))).toBe(
      'feature-not-implemented unsupported-info',
    );
  });

  test('a recipient that ends it while the bytestream opens tells why', async () => {
    const { says, outgoing } = await afterHisOffer(() => new Promise(() => undefined));
    expect(await says(accept())).toBe('taken');
    await says(jingle('session-terminate', '<reason><gone/></reason>'));
    await expect(outgoing).rejects.toMatchObject({ name: 'JingleEnded', message: 'gone' });
  });
});

test('a service that was closed is not there', async () => {
  const { transfers, says } = talk();
  transfers.close();
  expect(await says(jingle('session-initiate', CONTENT))).toBe('service-unavailable');
});
