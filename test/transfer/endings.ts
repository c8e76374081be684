// How clients end a transfer, good or bad, as scripts.

import { NS_DISCO_INFO } from '../../src/protocol/disco.js';
import { NS_IBB } from '../../src/protocol/ibb/stanzas.js';
import { answer, NS_SI } from '../../src/protocol/si/stanzas.js';
import { NS_PING } from '../../src/session/ping.js';
import { StanzaError } from '../../src/session/stanza-error.js';
import { xml } from '../../src/session/xml.js';
import { pattern } from '../protocol/ibb/bytestreams.js';
import { accepts } from '../protocol/jingle/peers/dino.js';
import { bytesOf, type Script } from '../protocol/jingle/peers/script.js';

export const BYTES = pattern(10_000);

export type Play = (script: Script) => Promise<unknown>;
type Refusal = ConstructorParameters<typeof StanzaError>;

const terminate = (sid: string, condition: string) => `
  <jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='${sid}'>
    <reason><${condition}/></reason>
  </jingle>`;

const close = (sid = '') => `<close xmlns='${NS_IBB}' sid='${sid}'/>`;

async function takesAll(script: Script): Promise<void> {
  for (let bytes = 0; bytes < BYTES.length; ) bytes += bytesOf(await script.hears('data')).length;
}

/** Takes all, and ends the session for this reason. */
export const endsWith =
  (condition: string): Play =>
  async (script) => {
    const { sid } = await accepts(script);
    await takesAll(script);
    await script.hears('close');
    await script.says(terminate(sid, condition));
  };

/** Ends the session instead of accepting it. */
export const rejectsWith =
  (condition: string): Play =>
  async (script) => {
    const initiate = await script.hears('session-initiate');
    await script.says(terminate(initiate.attrs.sid ?? '', condition));
  };

/** Acknowledges the offer, and knows nothing of it then. */
export const failsOver: Play = async (script) => {
  await script.hears('session-initiate');
  script.leaves();
};

/** Takes an offer by Jingle, and refuses a block of it. */
export const refusesBlock =
  (...error: Refusal): Play =>
  async (script) => {
    await accepts(script);
    await script.refuses('data', ...error);
  };

/** What follows when an offer by SI was accepted. */
const bySi =
  (play: Play): Play =>
  (script) => {
    script.session.handle('set', NS_SI, 'si', () => answer(0));
    return play(script);
  };

/** Takes the bytes of a bytestream, and acknowledges its close. */
export const takesBare: Play = async (script) => {
  await script.hears('open');
  await takesAll(script);
  await script.hears('close');
};

export const takesBySi = bySi(takesBare);

/** Takes all, and does not answer the close. */
export const ignoresClose = bySi(async (script) => {
  await script.hears('open');
  await takesAll(script);
  await script.next('close');
});

/** Closes, and refuses then the block that it did not like. */
const closesAndRefuses =
  (...error: Refusal): Play =>
  async (script) => {
    const { attrs } = await script.hears('open');
    const block = await script.next('data');
    const closed = script.says(close(attrs.sid));
    block.answer(new StanzaError(...error));
    await closed.catch(() => undefined); // it does not look at the answer
  };

export const closesAndRefusesBySi = (...error: Refusal) => bySi(closesAndRefuses(...error));

/** Takes blocks in messages alone. */
export const takesMessages = bySi(async (script) => {
  const all = new Promise<void>((resolve) => {
    let bytes = 0;
    script.session.onMessage((message) => {
      const data = message.getChild('data', NS_IBB);
      if (data) bytes += bytesOf(data).length;
      if (bytes === BYTES.length) resolve();
    });
  });
  await script.hears('open');
  const refused = await script.next('data');
  refused.answer(new StanzaError('cancel', 'feature-not-implemented'));
  void acknowledgesAll(script);
  await all;
});

async function acknowledgesAll(script: Script): Promise<void> {
  for (;;) {
    const { element, answer } = await script.nextOfAll();
    answer(
      element.name === 'data' ? new StanzaError('cancel', 'feature-not-implemented') : undefined,
    );
  }
}

/** Is there, and does not answer a block that it did not like. */
export const ignoresBlock = bySi(async (script) => {
  await script.hears('open');
  await script.next('data');
});

/** Answers neither blocks nor pings, but says what it can do. */
export const ignoresBlocks = bySi(async (script) => {
  script.session.handle('get', NS_PING, 'ping', () => new Promise(() => undefined));
  script.session.handle('get', NS_DISCO_INFO, 'query', () =>
    xml('query', { xmlns: NS_DISCO_INFO }),
  );
  await script.hears('open');
  await script.next('data');
});

export const declinesSi =
  (...error: Refusal): Play =>
  async (script) => {
    script.session.handle('set', NS_SI, 'si', () => {
      throw new StanzaError(...error);
    });
  };

export const declinesBare =
  (...error: Refusal): Play =>
  (script) =>
    script.refuses('open', ...error);
