// Sends every payload to every place of test/attack/places.ts, as one who is let in and as a stranger, to `receive` and to
// `publish --serve`, on Prosody and ejabberd: tsx test/soak/attack.ts [part of a place's name]. Ends with 1 when
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
  let attacks = 0;
  for (const place of places) {
    for (const payload of every(place)) {
      for (const role of ROLES) {
        for (const target of theatre.targets) {
          const what = await theatre.attack(role, target, place, payload);
          if (what) note(server, what);
          attacks += 1;
        }
      }
    }
  }
  for (const what of await theatre.finish()) note(server, what);
  process.stdout.write(`${server}: ${attacks} attacks on ${places.length} places\n`);
  await theatre.close();
}
if (wrong.length > 0) throw new Error(`${wrong.length} attacks did what they must not`);
