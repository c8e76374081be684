import { ChannelLost } from '../../../protocol/channel.js';
import type { UploadService } from '../../../protocol/http-upload/upload-service.js';
import { withHints } from '../../../session/hints.js';
import { StanzaError } from '../../../session/stanza-error.js';
import { formatApart } from '../../../units.js';
import { meaningOfSlotError } from '../../answers.js';

/** A server does not take the file. */
export class UploadRefused extends Error {
  override readonly name = 'UploadRefused';
}

const IN_THE_STREAM = 'to somebody who is online, "inband send" needs no upload';

/** The own server takes no uploads, or does not say so: each file would meet that. */
export class NoUploads extends Error {
  override readonly name = 'NoUploads';
  /** `mute`: those that have not said whether they take some. */
  constructor(domain: string, mute: readonly string[]) {
    const isCertain = mute.length === 0;
    super(
      isCertain
        ? `${domain} takes no uploads (XEP-0363)`
        : `it is not known whether ${domain} takes uploads (XEP-0363): no answer came from ${mute.join(', ')}`,
    );
    withHints(
      this,
      isCertain ? 'the people who run the server can switch them on' : 'try later',
      IN_THE_STREAM,
    );
  }
}

export function tooLarge(name: string, size: number, { jid, maxSize }: UploadService): Error {
  const [has, takes] = formatApart(size, maxSize ?? Number.POSITIVE_INFINITY);
  const message =
    maxSize === undefined
      ? `${name} has ${has}, which is too large for ${jid}`
      : `${name} has ${has}, and ${jid} takes ${takes} at most`;
  return withHints(new UploadRefused(message), IN_THE_STREAM, 'or send it in parts');
}

export const withoutSize = (name: string): Error =>
  withHints(
    new UploadRefused(
      `the size of ${name} is not known before it is read, and an upload must tell it`,
    ),
    'save it as a file first',
  );

/** Why there is no place for a file, in words for its sender. What is no answer of the service stays as it is. */
export function whyNoSlot(
  error: Error,
  file: { name: string; size: number },
  service: UploadService,
) {
  if (!(error instanceof StanzaError)) return error;
  const { jid } = service;
  const said = `(${error.message})`;
  switch (meaningOfSlotError(error)) {
    case 'too-large':
      return tooLarge(file.name, file.size, service);
    case 'full':
      // No cause: an error that may pass would be waited for, and a quota lasts a day.
      return withHints(
        new UploadRefused(`${jid} takes no more files from you for now ${said}`),
        'try later',
        IN_THE_STREAM,
      );
    case 'not-you':
      return new UploadRefused(`${jid} takes no uploads from you ${said}`, { cause: error });
    case 'unfit': {
      const what = file.size === 0 ? `${file.name}, which is empty` : file.name;
      return new UploadRefused(`${jid} does not take ${what} ${said}`, { cause: error });
    }
  }
}

/** RFC 9110 §15: what may be otherwise at another time. */
const PASSING = new Set([408, 425, 429]);

/** RFC 9110 §15.5.14: often of what stands in front of the server, and takes less than that. */
const CONTENT_TOO_LARGE = 413;

const LIMITED = [
  'it takes less than it says: tell the people who run the server',
  'or send it in parts',
];

/** Why a server did not take the bytes; it may at another attempt if that is `ChannelLost`. */
export function whyNotUploaded(status: number, host: string, isUsed: boolean): Error {
  const answered = `${host} answered ${status}`;
  if (status >= 500 || PASSING.has(status)) {
    return new ChannelLost(`${answered} to the upload`);
  }
  // Some servers take one attempt for each place.
  if (isUsed) return new ChannelLost(`${answered} to another attempt at the same upload`);
  if (status >= 300 && status < 400) {
    return new UploadRefused(
      `${host} sends the upload elsewhere (${status}), which is not followed`,
    );
  }
  const refused = new UploadRefused(`${host} refused the upload (${status})`);
  return status === CONTENT_TOO_LARGE ? withHints(refused, ...LIMITED) : refused;
}
