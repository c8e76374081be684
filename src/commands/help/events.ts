import type { Aside } from '../../transfer/asides.js';
import type { Event } from '../../transfer/events.js';

type Told = Exclude<Event['event'], Aside['event']>;

interface Row {
  when: string;
  fields: string;
}

const SEALED = '`encrypted`, and then `peerKey` and `trust`';
const LANE = '`lane`: by which proxy it goes beside the XMPP stream, or `direct`';
const FILE = '`id`, `peer`, `name`, `size` if known, `isFolder` if it is a folder without files';
const WHOLE = '`id`, `peer`, `name`, `size`, `sha256`, `isFolder` as in `offer`';

/** What `--json` prints, by its events: docs/usage.md and `inband help events` show this table. */
export const EVENTS: Readonly<Record<Told, Row>> = {
  state: {
    when: 'the session changes',
    fields: '`state`: `online`, `resuming` or `offline`; `jid`',
  },
  offer: { when: '`send` has found the recipient', fields: FILE },
  waiting: {
    when: 'nobody is there, and is waited for',
    fields: '`id`, `to`: as it was given, `error`: why that may be, `seconds`: at most',
  },
  start: { when: 'the file was accepted', fields: `${FILE}; ${LANE}; ${SEALED}` },
  progress: { when: 'at most once a second', fields: `${FILE}, \`bytes\`` },
  resumed: {
    when: 'it goes on where an earlier attempt was cut',
    fields: `${FILE}, \`offset\`: bytes that are not sent again`,
  },
  done: {
    when: 'the file was sent or received',
    fields: `${WHOLE}; \`path\` if received; \`unverified\`: true if the recipient did not confirm what it has, or no hash was told of what was fetched, or came beside the stream without encryption; \`success\`: true if it said at least that it is content; \`blockSize\`, and \`window\`: bytes in a block, and blocks under way at most, in the end; \`lane\` as in \`start\`; ${SEALED}`,
  },
  'already-there': {
    when: 'an earlier transfer has brought the file: nothing was sent',
    fields: `${WHOLE}; \`path\` if received, unless it was moved after \`--exec\`; ${SEALED}`,
  },
  uploaded: {
    when: 'a file lies on the own server',
    fields: '`id`, `peer`: the service that took it, `name`, `size`, `sha256`, `url`',
  },
  left: {
    when: 'a file lies on the own server, and its recipient was told where',
    fields: '`id`, `peer`: bare, `name`, `size`, `sha256`, `url`',
  },
  folder: {
    when: 'a folder without files was received',
    fields: `\`id\`, \`peer\`, \`name\`, \`isFolder\`, \`path\`; ${SEALED}`,
  },
  failed: {
    when: 'a transfer failed; without an `id` the command did',
    fields:
      '`error`, `exitCode`; `hints`: what can be done, a list; of a transfer `id`, `peer`, `name`, `size` if known, `isFolder` as in `offer`',
  },
  blob: {
    when: 'a blob was published, fetched or listed',
    fields:
      '`cid`, `type`, `size`; `peer` if fetched from there, `path` if written; `published`, and `expires` where it has an end, in `cache list`; `unverified`: true if nobody could check it',
  },
  key: { when: '`key`', fields: '`jid`, `key`: the public one, `uri`: what a QR code of it has' },
  trust: {
    when: '`trust`, for each key',
    fields:
      '`peer`, `key`, `trust`: `known`, `verified` or `removed`, `label` if it has one, `since`: when it was first seen',
  },
  setting: { when: '`config`', fields: '`name`, `source`, `value` unless nothing is set' },
  resource: {
    when: '`probe`',
    fields:
      '`peer`, `ways`; `client`, `version`, `roundTripMs` (median of three) if it tells; `via` and `why` where `send` would choose it, `refused` where it would and then refuse its key; `remark`: what is known of the client; `peerKey`, and `trust`: `new`, `known`, `verified` or `CHANGED`; `lanes`: what may carry it beside the XMPP stream, best first, or `inBand`: why nothing does',
  },
  uploads: {
    when: '`probe`, where the own server says it, and a file could be left for that JID',
    fields:
      '`peer`: the service, or the server where it has none, `isTaken`; `maxSize`: bytes of the largest file, where that is told',
  },
  received: {
    when: '`received`',
    fields: `\`peer\`: the sender's account, \`name\`, \`path\`, \`size\`, \`sha256\`, \`at\`; \`exec\`: \`due\`, \`done\`, \`failed\` or \`gone\`; ${SEALED}`,
  },
};
