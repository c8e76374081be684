import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { flooded } from '../../attack/flooded.js';
import { PLACES } from '../../attack/places.js';
import { fitting } from '../../attack/siege.js';
import { ROLES, Theatre } from '../../attack/theatre.js';
import { SHIPPED_RATE as EJABBERD_RATE, startEjabberd } from '../../support/servers/ejabberd.js';
import { SHIPPED_RATE as PROSODY_RATE, startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../../support/servers/server.js';

type Start = (rateLimited: boolean) => Promise<TestServer>;

const prosody: Start = (limited) => startProsody(limited ? { rateLimit: PROSODY_RATE } : {});
const ejabberd: Start = (limited) => startEjabberd(limited ? { rateLimit: EJABBERD_RATE } : {});
const SERVERS: [string, Start][] = [
  ['Prosody', prosody],
  ...(HAS_PEERS ? ([['ejabberd', ejabberd]] as [string, Start][]) : []),
];

/** A busy machine takes a second for an attack. */
const SIEGE_MS = 600_000;

// What is wrong is gathered, so that one run tells all of it. All servers at once, as there is little to do but to wait.
describe(`behind ${SERVERS.map(([name]) => name).join(' and ')}`, () => {
  const theatres: [string, Theatre][] = [];
  beforeAll(async () => {
    const open = async ([name, start]: [string, Start]) => {
      theatres.push([name, await Theatre.open(await start(false))]);
    };
    await Promise.all(SERVERS.map(open));
  });
  afterAll(() => Promise.all(theatres.map(([, theatre]) => theatre.close())));

  const onAll = async (act: (theatre: Theatre) => Promise<string[]>) => {
    const outcomes = theatres.map(async ([name, theatre]) =>
      (await act(theatre)).map((what) => `${name}: ${what}`),
    );
    return (await Promise.all(outcomes)).flat();
  };

  async function besiege(theatre: Theatre, role: (typeof ROLES)[number]): Promise<string[]> {
    const wrong: string[] = [];
    for (const place of PLACES) {
      for (const target of theatre.targets) {
        const what = await theatre.attack(role, target, place, fitting(place));
        if (what) wrong.push(what);
      }
    }
    return wrong;
  }

  test.each(ROLES)(
    'nothing that a %s sends ends a session or holds a daemon up (R95)',
    async (role) => {
      expect(await onAll((theatre) => besiege(theatre, role))).toEqual([]);
    },
    SIEGE_MS,
  );

  test('the file that was on its way meanwhile arrives, and no daemon takes 150 MB (R96)', async () => {
    expect(await onAll((theatre) => theatre.finish())).toEqual([]);
  });
});

// The places are tried without the limits of rate: what fits in a stanza would take half a minute each.
test('behind servers that read as little a second as they do as shipped, those who ask too much keep up neither a file nor the answers to others (R120)', async () => {
  const outcomes = SERVERS.map(async ([name, start]) => {
    const server = await start(true);
    const wrong = await flooded(server).finally(() => server.stop());
    return wrong.map((what) => `${name}: ${what}`);
  });
  expect((await Promise.all(outcomes)).flat()).toEqual([]);
});
