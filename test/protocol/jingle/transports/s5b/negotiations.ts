import type { Channel } from '../../../../../src/protocol/channel.js';
import type {
  Negotiation,
  Negotiators,
} from '../../../../../src/protocol/jingle/transports/transport.js';
import type { Element } from '../../../../../src/session/xml.js';
import { JULIET, ROMEO } from '../../../../support/linked-sessions.js';
import { type WorldOptions, world } from './world.js';

export const never = new AbortController().signal;

/** What either tells the other, by the names of the elements. */
type Told = string[];

export interface AgreedOptions extends WorldOptions {
  /** What becomes of what they tell each other: it does not arrive where this says no. */
  passes?: (from: 'romeo' | 'juliet', element: Element) => boolean;
}

/** Romeo and Juliet, who have accepted the transport and are about to look for a way. */
export async function agreed({ passes = () => true, ...options }: AgreedOptions = {}) {
  const made = world(options);
  const told: Told = [];
  const overs = { romeo: new AbortController(), juliet: new AbortController() };
  const party = (who: 'romeo' | 'juliet', peer: string, other: () => Negotiation): Negotiators => ({
    peer,
    over: overs[who].signal,
    inform: async (element) => {
      told.push(`${who}: ${element.getChildElements()[0]?.name}`);
      await new Promise((resolve) => setImmediate(resolve));
      if (passes(who, element)) other().informed?.(element);
    },
  });
  const offering: Negotiation = made.his.offer(
    party('romeo', JULIET, () => answering),
    {},
  );
  const offer = await offering.describe();
  const answering: Negotiation = made.hers.answer(
    party('juliet', ROMEO, () => offering),
    offer,
    undefined,
  );
  offering.agreed(await answering.describe());
  return { ...made, told, overs, offering, answering };
}

export type Agreed = Awaited<ReturnType<typeof agreed>>;

/** What becomes of both: a channel, or why there is none. */
export async function outcomes({ offering, answering }: Agreed) {
  const [his, hers] = await Promise.allSettled([offering.open(never), answering.expect(never)]);
  return { his: outcomeOf(his), hers: outcomeOf(hers) };
}

const outcomeOf = (settled: PromiseSettledResult<Channel>): Channel | string =>
  settled.status === 'fulfilled' ? settled.value : (settled.reason as Error).message;

/** Both channels. Throws where there is none. */
export async function channels(both: Agreed): Promise<{ his: Channel; hers: Channel }> {
  const { his, hers } = await outcomes(both);
  if (typeof his === 'string' || typeof hers === 'string') throw new Error(`${his}; ${hers}`);
  return { his, hers };
}
