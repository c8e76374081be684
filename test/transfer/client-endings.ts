// How each client that is known ends a transfer: the same as in test/peers/README.md.
import type { WayName } from '../../src/transfer/ways/names.js';
import * as conversations from '../protocol/jingle/peers/conversations.js';
import * as conversations213 from '../protocol/jingle/peers/conversations-2.13.js';
import { dinoLoses } from '../protocol/jingle/peers/dino.js';
import { gajimTakes } from '../protocol/jingle/peers/gajim.js';
import { psiTakes } from '../protocol/jingle/peers/psi.js';
import * as ends from './endings.js';

/** What `send` makes of it: what it says, or the error and the exit code of it. */
export type Outcome = 'sent' | 'success' | 'delivered' | `${string} (${number})`;

const UNKNOWN = 'unknown';

/** A client, the way, how it ends a transfer, and what we say of it; with its script, where that is known. */
export type Row = [client: string, by: WayName, words: string, play: ends.Play, outcome: Outcome];
export type UnknownRow = [
  client: string,
  by: WayName,
  words: string,
  play: undefined,
  outcome: typeof UNKNOWN,
];

const NOT_ACCEPTABLE = ['cancel', 'not-acceptable'] as const;
const UNEXPECTED = ['cancel', 'unexpected-request'] as const;
const BAD_REQUEST = ['cancel', 'bad-request'] as const;

export const rows: Row[] = [
  ['Psi', 'jingle', 'good: `received`', psiTakes, 'sent'],
  [
    'Psi',
    'jingle',
    'another hash: `media-error`',
    ends.endsWith('media-error'),
    'FileMismatch (8)',
  ],
  ['Psi', 'si', 'good: acknowledges the close', ends.takesBySi, 'delivered'],
  [
    'Conversations ≤ 2.12',
    'jingle',
    'good, or another hash: `success`',
    conversations.conversationsTakes,
    'success',
  ],
  [
    'Conversations 2.13',
    'jingle',
    'good: `success`',
    conversations213.conversationsTakes,
    'success',
  ],
  [
    'Conversations 2.13',
    'jingle',
    'too long a block: `bad-request`',
    ends.refusesBlock(...BAD_REQUEST),
    'ChannelBroken (7)',
  ],
  ['Dino', 'jingle', 'in-band, all is lost: says nothing', dinoLoses, 'FileUnconfirmed (7)'],
  [
    'Dino',
    'jingle',
    'too long a block: `bad-request`',
    ends.refusesBlock(...BAD_REQUEST),
    'ChannelBroken (7)',
  ],
  [
    'Dino',
    'jingle',
    'a wrong seq: `unexpected-request`',
    ends.refusesBlock(...UNEXPECTED),
    'ChannelBroken (7)',
  ],
  ['Gajim 1.9', 'jingle', 'good: `success`', gajimTakes, 'success'],
  [
    'Gajim 1.7.3',
    'jingle',
    'fails over the offer: `item-not-found`',
    ends.failsOver,
    'RecipientUnreachable (5)',
  ],
  ['stanza.js 12', 'jingle', 'good: `success`', ends.endsWith('success'), 'success'],
  [
    'stanza.js 12',
    'jingle',
    'another hash: `media-error`',
    ends.endsWith('media-error'),
    'FileMismatch (8)',
  ],
  [
    'libervia 0.9',
    'jingle',
    'fails over the offer: `failed-application`',
    ends.rejectsWith('failed-application'),
    'RecipientRefused (6)',
  ],
  ['slixmpp', 'si', 'good: acknowledges the close', ends.takesBySi, 'delivered'],
  [
    'slixmpp',
    'si',
    'a wrong seq: closes, then `unexpected-request`',
    ends.closesAndRefusesBySi(...UNEXPECTED),
    'ChannelBroken (7)',
  ],
  [
    'slixmpp',
    'si',
    'too long a block: closes, then `not-acceptable`',
    ends.closesAndRefusesBySi(...NOT_ACCEPTABLE),
    'ChannelBroken (7)',
  ],
  [
    'slixmpp',
    'si',
    'declines: `forbidden`',
    ends.declinesSi('cancel', 'forbidden'),
    'RecipientRefused (6)',
  ],
  ['libpurple', 'si', 'good: does not answer the close', ends.ignoresClose, 'delivered'],
  [
    'libpurple',
    'si',
    'a wrong seq: does not answer the block',
    ends.ignoresBlock,
    'ChannelLost (7)',
  ],
  [
    'libpurple',
    'si',
    'declines: `forbidden`',
    ends.declinesSi('cancel', 'forbidden'),
    'RecipientRefused (6)',
  ],
  [
    'Tkabber',
    'si',
    'declines: `not-allowed`',
    ends.declinesSi('cancel', 'not-allowed'),
    'RecipientRefused (6)',
  ],
  [
    'Coccinella',
    'si',
    'good: refuses blocks in iqs, takes them in messages',
    ends.takesMessages,
    'delivered',
  ],
  ['xmpp4r', 'si', 'does not answer blocks in iqs', ends.ignoresBlocks, 'BlocksIgnored (7)'],
  ['aioxmpp', 'ibb', 'good: acknowledges the close', ends.takesBare, 'delivered'],
  [
    'aioxmpp',
    'ibb',
    'takes no more: `not-acceptable`',
    ends.declinesBare(...NOT_ACCEPTABLE),
    'RecipientRefused (6)',
  ],
];

/** Nobody has seen or read it. SI and bare bytestreams have no words for either. */
export const unknown: UnknownRow[] = [
  ['Psi', 'si', 'bad', undefined, UNKNOWN],
  ['Gajim 1.9', 'jingle', 'bad', undefined, UNKNOWN],
  ['libervia 0.9', 'si', 'good and bad', undefined, UNKNOWN],
  ['Tkabber', 'si', 'good and bad', undefined, UNKNOWN],
  ['QXmpp, gloox', 'si', 'good and bad', undefined, UNKNOWN],
  ['Coccinella', 'si', 'bad', undefined, UNKNOWN],
  ['aioxmpp', 'ibb', 'bad', undefined, UNKNOWN],
];
