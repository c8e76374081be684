// Sends every payload to every place of test/attack/places.ts, on Prosody and ejabberd. As one who is let in or as a
// stranger, to `receive` or to `publish --serve`: each place and each payload in its turn, as `npm test` tries all four with
// the one payload that suits a place most. tsx test/soak/attack.ts [part of a place's name]. Ends with 1 when
// something was wrong, and says what.
import { PLACES } from '../attack/places.js';
import { every } from '../attack/siege.js';
import { ROLES, Theatre } from '../attack/theatre.js';
import { startEjabberd } from '../support/ejabberd.js';
import { startProsody } from '../support/prosody.js';

const [, , part = ''] = process.argv;
const places = PLACES.filter(({ name }) => name.includes(part));
const wrong: string[] = [];
const note = (server: string, what: string) => {
  wrong.push(what);
  process.stdout.write(`${server}: ${what}\n`);
};
for (const [server, start] of Object.entries({ Prosody: startProsody, ejabberd: startEjabberd })) {
  const theatre = await Theatre.open(await start());
  const pairs = ROLES.flatMap((role) => theatre.targets.map((target) => [role, target] as const));
  let attacks = 0;
  for (const [index, place] of places.entries()) {
    for (const payload of every(place)) {
      const [role, target] = pairs[(attacks + index) % pairs.length] as (typeof pairs)[number];
      const what = await theatre.attack(role, target, place, payload);
      if (what) note(server, what);
      attacks += 1;
    }
  }
  for (const what of await theatre.finish()) note(server, what);
  process.stdout.write(`${server}: ${attacks} attacks on ${places.length} places\n`);
  await theatre.close();
}
if (wrong.length > 0) throw new Error(`${wrong.length} attacks did what they must not`);
