import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PLACES } from '../attack/places.js';
import { fitting } from '../attack/siege.js';
import { ROLES, Theatre } from '../attack/theatre.js';
import { startEjabberd } from '../support/ejabberd.js';
import { startProsody } from '../support/prosody.js';
import { HAS_PEERS, type TestServer } from '../support/server.js';

const SERVERS: [string, () => Promise<TestServer>][] = [
  ['Prosody', startProsody],
  ...(HAS_PEERS ? ([['ejabberd', startEjabberd]] as [string, () => Promise<TestServer>][]) : []),
];

// What is wrong is gathered, so that one run tells all of it.
describe.each(SERVERS)('behind %s', (_name, start) => {
  let theatre: Theatre;
  beforeAll(async () => {
    theatre = await Theatre.open(await start());
  });
  afterAll(() => theatre?.close());

  test.each(ROLES)(
    'nothing that a %s sends ends a session or holds a daemon up (R95)',
    async (role) => {
      const wrong: string[] = [];
      for (const place of PLACES) {
        for (const target of theatre.targets) {
          const what = await theatre.attack(role, target, place, fitting(place));
          if (what) wrong.push(what);
        }
      }
      expect(wrong).toEqual([]);
    },
  );

  test('the file that was on its way meanwhile arrives, and no daemon takes 150 MB (R96)', async () => {
    expect(await theatre.finish()).toEqual([]);
  });
});
