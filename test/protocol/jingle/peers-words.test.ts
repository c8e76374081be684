import { describe, expect, test } from '@jest/globals';
import { readDescription } from '../../../src/protocol/jingle/file-description.js';
import { JingleFileTransfers } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { NS_JINGLE, readJingle, readReason } from '../../../src/protocol/jingle/stanzas.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { pairOfServices } from '../ibb/bytestreams.js';
import { offeredTo } from './transfers.js';

const LONG = '&gt;'.repeat(200_000);

const jingle = (action: string, children: string) =>
  `<jingle xmlns='${NS_JINGLE}' action='${action}' sid='j1'>${children}</jingle>`;

const file = (inside: string) =>
  `<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file>${inside}</file></description>`;

const content = (name: string, description: string) =>
  `<content creator='initiator' name='${name}' senders='initiator'>${description}
    <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='b1' block-size='4'/></content>`;

/** Juliet offers Romeo a file and says more; what he has sent to her meanwhile. */
async function answersTo(description: string, ...more: string[]): Promise<string[]> {
  const sent: string[] = [];
  const pair = pairOfServices({
    sessionLimit: 0,
    intercept: (stanza, deliver) => {
      if (stanza.attrs.to === JULIET) sent.push(stanza.toString());
      deliver(stanza);
    },
  });
  const [romeo, juliet] = pair.sessions;
  const offered = offeredTo(new JingleFileTransfers(romeo, [ibbTransport(pair.romeo)], pair.clock));
  juliet.handle('set', NS_JINGLE, 'jingle', () => undefined);
  // Past her own side, which would not send what is too large or foreign: servers pass it on.
  const says = async (text: string) => {
    romeo.receive(parse(`<iq type='set' id='x1' from='${JULIET}' to='${ROMEO}'>${text}</iq>`));
    await settled();
  };
  await says(jingle('session-initiate', content('file', description)));
  const incoming = await offered;
  for (const one of more) await says(one);
  await settled();
  incoming.accept().catch(() => undefined); // nobody opens the bytestream
  await settled();
  return sent;
}

describe('what goes back to a peer', () => {
  test('accepts a file of a long name, description, type and hash with little of them (R65)', async () => {
    const offer = `<name>${LONG}</name><desc>${LONG}</desc><media-type>${LONG}</media-type><date>${LONG}</date>`;
    const accept = (await answersTo(file(offer))).find((one) => one.includes('session-accept'));
    expect(accept).toContain('<name>&gt;&gt;');
    expect(accept?.length).toBeLessThan(20_000);
  });

  test('refuses a transport without anything that is in it (R65)', async () => {
    const evil = `<content creator='initiator' name='file'>
      <transport xmlns='urn:evil' q:a='1' b='${LONG}'><q:c/></transport></content>`;
    const sent = await answersTo(file('<name>a</name>'), jingle('transport-replace', evil));
    const reject = sent.find((one) => one.includes('transport-reject'));
    expect(reject).toContain('<transport xmlns="urn:evil"/>');
  });

  test('refuses a transport of a long namespace and sid without these (R65)', async () => {
    const evil = `<content creator='initiator' name='file'><transport xmlns='${LONG}' sid='${LONG}'/></content>`;
    const sent = await answersTo(file('<name>a</name>'), jingle('transport-replace', evil));
    const reject = sent.find((one) => one.includes('transport-reject'));
    expect(reject?.length).toBeLessThan(1000);
  });
});

describe('an action', () => {
  test.each([
    ['the name of a content is long', content('n'.repeat(257), '')],
    ['there are many contents', content('a', '').repeat(17)],
    ['the senders are none', content('a', '').replace("senders='initiator'", "senders='me'")],
  ])('is refused where %s (R66)', (_what, contents) => {
    const read = () => readJingle(parse(jingle('content-add', contents)));
    expect(read).toThrow(StanzaError);
  });

  test('ends with a reason whose text, condition and specific condition are bounded (R66)', () => {
    const long = 'c'.repeat(10_000);
    const specific = `<own xmlns='urn:x' q='1'><inner/></own>`;
    const reason = `<reason xmlns='${NS_JINGLE}'><cancel/><text>${LONG}</text>${specific}</reason>`;
    const read = readReason(parse(reason));
    expect(read).toMatchObject({ condition: 'cancel', text: '>'.repeat(500) });
    expect(read.specific?.toString()).toBe('<own xmlns="urn:x"/>');
    expect(readReason(parse(`<reason xmlns='${NS_JINGLE}'><${long}/></reason>`)).condition).toBe(
      'general-error',
    );
  });
});

describe('a description', () => {
  test('has 1 KiB of UTF-8 of a name and of a description, in whole characters (R66)', () => {
    const text = 'é\u{1f600}'.repeat(100_000);
    const read = readDescription(parse(file(`<name>${text}</name><desc>${text}</desc>`)));
    const cut = `${'é\u{1f600}'.repeat(170)}é`;
    expect(read).toMatchObject({ name: cut, description: cut });
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024);
  });

  test('has no media type and no date that are too long (R66)', () => {
    const long = `2026-01-01T00:00:00Z${' '.repeat(1000)}`;
    const read = readDescription(
      parse(file(`<name>a</name><media-type>${LONG}</media-type><date>${long}</date>`)),
    );
    expect(read.mediaType).toBeUndefined();
    expect(read.date).toBeUndefined();
  });

  test('names each algorithm once, and is refused with a hash that is too long (R66)', () => {
    const used = "<hash-used xmlns='urn:xmpp:hashes:2' algo='sha-256'/>".repeat(1000);
    expect(readDescription(parse(file(used))).hashFunctions).toEqual(['sha-256']);
    const long = `<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>${'A'.repeat(300)}</hash>`;
    expect(() => readDescription(parse(file(long)))).toThrow('not a hash');
  });
});
