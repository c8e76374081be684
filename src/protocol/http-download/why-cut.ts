import { reasonOf } from '../../session/dial/network-reason.js';
import { whyUntrusted } from '../../session/dial/why-untrusted.js';
import { ChannelLost } from '../channel.js';
import { AddressNotAllowed, OtherFile, UnfitAnswer } from '../network/fetch-errors.js';

/** What ended the request to a host, in words; `hasBegun`: behind its answer. */
export function whyCut(error: NodeJS.ErrnoException, host: string, hasBegun: boolean): Error {
  if (error instanceof AddressNotAllowed) return error;
  // Node's parser: what is no HTTP will be none the next time.
  if (error.code?.startsWith('HPE_')) {
    return new UnfitAnswer(`${host} sends no file: its answer is no HTTP`);
  }
  const why = hasBegun ? `the download from ${host} was cut off` : `${host} gave no answer`;
  const lost = new ChannelLost(`${why} (${reasonOf(error)})`, { cause: error });
  return whyUntrusted(error, host) ?? lost;
}

/** Why the answer of a host is not taken, with its name. */
export function whyNotTaken(error: Error, host: string): Error {
  if (error instanceof OtherFile) {
    return new OtherFile(`${host} sends another file: ${error.message}`);
  }
  if (error instanceof UnfitAnswer) {
    return new UnfitAnswer(`${host} sends no file: ${error.message}`);
  }
  return error;
}
