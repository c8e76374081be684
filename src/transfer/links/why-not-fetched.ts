import { ChannelLost } from '../../protocol/channel.js';
import { AddressNotAllowed, PortNotAllowed } from '../../protocol/network/fetch-errors.js';
import { formatApart, formatBytes } from '../../units.js';
import { NoRoom } from '../inbox-errors.js';
import { OfferedAgain, StillUnderWay } from '../reception-errors.js';

/** What a link leads to is not fetched, and would not be at another time. */
export class LinkRefused extends Error {
  override readonly name = 'LinkRefused';
}

/** RFC 9110 §15: what may be otherwise at another time. */
const PASSING = new Set([408, 425, 429]);

/** RFC 9110 §15.5.5 and 11: servers keep uploads for some days. */
const GONE = new Set([404, 410]);

/** What an answer means that brings no file. */
export function whyNoFile(status: number, host: string): Error {
  if (status >= 500 || PASSING.has(status)) {
    return new ChannelLost(`${host} answered ${status} to the download`);
  }
  if (GONE.has(status)) return new LinkRefused(`the link has expired (${host} answered ${status})`);
  if (status >= 300 && status < 400) {
    return new LinkRefused(`${host} sends it elsewhere (${status}), which is not followed`);
  }
  return new LinkRefused(`${host} does not give it out (${status})`);
}

/** `size`: absent, it is not known, and more than `most`. */
export function tooLargeToFetch(size: number | undefined, most: number): Error {
  if (size === undefined) {
    return new LinkRefused(`it has more than the ${formatBytes(most)} of --links-max-size`);
  }
  const [has, takes] = formatApart(size, most);
  return new LinkRefused(`it has ${has}, and --links-max-size takes ${takes}`);
}

/** What is wrong with the address of a link, in words of the flags. `host`: with its port, where that is not 443. */
export function whyNotAsked(error: Error, host: string): Error {
  if (error instanceof PortNotAllowed) {
    const unless = `unless you trust that server: --links-host ${host}`;
    return new LinkRefused(`${error.message}, ${unless}`, { cause: error });
  }
  if (!(error instanceof AddressNotAllowed)) return error;
  const what = error.isUnseen
    ? `the proxy finds where ${host} is, which nobody can check`
    : `${host} is at an address that is not public`;
  return new LinkRefused(`${what}, and --links-host does not name it`, { cause: error });
}

/** Whether another attempt may have more luck. */
export function isPassing(error: Error): boolean {
  if (error instanceof NoRoom) return error.isPassing;
  return [ChannelLost, OfferedAgain, StillUnderWay].some((kind) => error instanceof kind);
}
