// Sends every payload to every place of test/attack/places.ts, on Prosody and ejabberd. As one who is let in or as a
// stranger, to `receive` or to `publish --serve`: each place and each payload in its turn, as `npm test` tries all four with
// the one payload that suits a place most. tsx test/soak/attack.ts [part of a place's name]. Ends with 1 when
// something was wrong or no place has that part, and says what. What a server takes from nobody is named, and skipped there.
import { every, NotTaken, placesNamed } from '../attack/siege.js';
import { ROLES, Theatre } from '../attack/theatre.js';
import { startEjabberd } from '../support/servers/ejabberd.js';
import { startProsody } from '../support/servers/prosody.js';

const [, , part = ''] = process.argv;
const places = placesNamed(part);
const wrong: string[] = [];
const note = (server: string, what: string) => {
  wrong.push(what);
  process.stdout.write(`${server}: ${what}\n`);
};
/** Returns whether the server has taken it. */
async function attack(server: string, theatre: Theatre, ...which: Parameters<Theatre['attack']>) {
  try {
    const what = await theatre.attack(...which);
    if (what) note(server, what);
    return true;
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
    process.stdout.write(`${server}: not taken: ${error.message}\n`);
    return false;
  }
}

async function besiege(server: string, theatre: Theatre): Promise<void> {
  const pairs = ROLES.flatMap((role) => theatre.targets.map((target) => [role, target] as const));
  let attacks = 0;
  let taken = 0;
  for (const [index, place] of places.entries()) {
    for (const payload of every(place)) {
      const [role, target] = pairs[(attacks + index) % pairs.length] as (typeof pairs)[number];
      if (await attack(server, theatre, role, target, place, payload)) taken += 1;
      attacks += 1;
    }
  }
  for (const what of await theatre.finish()) note(server, what);
  process.stdout.write(
    `${server}: ${attacks} attacks on ${places.length} places, ${taken} of them taken by the server\n`,
  );
}

// Both at once, as there is little to do but to wait for them.
const sieges = [
  ['Prosody', startProsody],
  ['ejabberd', startEjabberd],
] as const;
await Promise.all(
  sieges.map(async ([server, start]) => {
    const theatre = await Theatre.open(await start());
    await besiege(server, theatre).finally(() => theatre.close());
  }),
);
if (wrong.length > 0) throw new Error(`${wrong.length} attacks did what they must not`);
