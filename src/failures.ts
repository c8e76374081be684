import { UnfitValue, UsageError } from './commands/context.js';
import { EXIT_CODES, type Outcome } from './commands/exit-codes.js';
import { ExecFailed } from './commands/receive/exec.js';
import { rootOf } from './error-roots.js';
import { isFileError } from './file-errors.js';
import { NoSuchBlob } from './protocol/bob/bits-of-binary.js';
import { BlobMismatch } from './protocol/bob/blob-store.js';
import { MalformedBlob } from './protocol/bob/content-id.js';
import {
  ChannelBroken,
  ChannelLost,
  ChannelNotOpened,
  ChannelOverrun,
  CloseUnconfirmed,
} from './protocol/channel.js';
import { UnusableSlot } from './protocol/http-upload/stanzas.js';
import { BlocksIgnored } from './protocol/ibb/sending/stall-watch.js';
import { ProposalRejected } from './protocol/jingle/message-initiation.js';
import { JingleEnded } from './protocol/jingle/session/jingle-ended.js';
import { FileUnconfirmed } from './protocol/jingle/verdict.js';
import { OfferUnanswered } from './protocol/jingle/why-not-sent.js';
import {
  AddressNotAllowed,
  OtherFile,
  PortNotAllowed,
  UnfitAnswer,
} from './protocol/network/fetch-errors.js';
import { NoiseFailure } from './protocol/noise/noise-failure.js';
import { TooManyContacts } from './protocol/presence/roster.js';
import { MalformedAnnouncement } from './protocol/seal/announced-key.js';
import { TooLongToSeal } from './protocol/seal/padding.js';
import { MalformedKey } from './protocol/seal/public-key.js';
import { SealBroken } from './protocol/seal/seal-broken.js';
import { ResourceConflict } from './session/connection/resource-conflict.js';
import { MalformedService } from './session/dial/endpoints.js';
import { MalformedProxy } from './session/dial/proxy.js';
import { withoutUsers } from './session/dial/shown-address.js';
import { ownHints } from './session/hints.js';
import { MalformedJid } from './session/jid.js';
import { NotAuthorized } from './session/login/sasl.js';
import { RequestTimeout } from './session/requests.js';
import { StanzaError } from './session/stanza-error.js';
import { ConnectionLost } from './session/stanza-session.js';
import { ConnectionFailed, ServerNotTrusted } from './session/stream/connection-errors.js';
import { UnsendableStanza } from './session/stream/serialize.js';
import { StreamError } from './session/stream/stream-error.js';
import { Interrupted } from './signals.js';
import { InboxReplaced } from './storage/inbox/held-folder.js';
import { PartialRemoved } from './storage/inbox/part-file.js';
import { KeysUnusable } from './storage/keys/keys-unusable.js';
import { LedgerTooNew } from './storage/ledger/read-ledger.js';
import { FolderReplaced } from './storage/open-folder.js';
import { NoFileOfOurs } from './storage/own-file.js';
import { NobodyToAsk } from './transfer/blobs/fetch-blob.js';
import { FolderInUse, NobodyReceives, NoFolder, NoRoom } from './transfer/inbox-errors.js';
import { MalformedSecret } from './transfer/keys/own-key.js';
import { AmbiguousKey } from './transfer/keys/trusted-keys.js';
import { LinkRefused } from './transfer/links/why-not-fetched.js';
import { OfferedAgain, ReceivingEnded, StillUnderWay } from './transfer/reception-errors.js';
import {
  FileMismatch,
  KeyUntold,
  NotInStream,
  RecipientBusy,
  RecipientRefused,
  RecipientUnreachable,
  WayRefused,
} from './transfer/recipient-errors.js';
import {
  FolderUnknown,
  SourceChanged,
  SourceUnreadable,
  SourceUnusable,
} from './transfer/sources/source.js';
import { LinkReturned } from './transfer/ways/http/http.js';
import { NoUploads, UploadRefused } from './transfer/ways/http/why-not-uploaded.js';
import { KeyNotTrusted, NotSealed } from './transfer/ways/key-errors.js';
import { wordsOf } from './words-of-error.js';

type ErrorClass = abstract new (...args: never[]) => Error;

/** `hints`: what a person can do, for errors that do not bring hints of their own. */
type Failure = readonly [kind: ErrorClass, outcome: Outcome, extent: Extent, ...hints: string[]];

/** What it is about: this file (or blob) alone, or our side, where it would be the same with the next one. */
type Extent = 'this' | 'all';

/** Every class of error that this program throws. A class stands before those that it extends. */
export const FAILURES: readonly Failure[] = [
  [UnfitValue, 'usage', 'this'],
  [UsageError, 'usage', 'this'],
  [SourceUnusable, 'usage', 'this'],
  [NobodyToAsk, 'usage', 'this', 'say whom to ask: --from <jid>'],
  [MalformedJid, 'usage', 'this'],
  [MalformedService, 'usage', 'this'],
  [MalformedProxy, 'usage', 'this'],
  [MalformedBlob, 'usage', 'this'],
  [MalformedKey, 'usage', 'this'],
  [MalformedSecret, 'usage', 'this'],
  [AmbiguousKey, 'usage', 'this'],
  [NotAuthorized, 'login', 'all', '"inband config" shows where account and password come from'],
  [ResourceConflict, 'login', 'all', 'use another resource: -a name@example.org/laptop'],
  [ConnectionFailed, 'noConnection', 'all', 'check the network, the domain, and --service'],
  [ServerNotTrusted, 'noConnection', 'all', 'check --service', 'somebody may be in between'],
  [KeyUntold, 'otherKey', 'this'],
  [NotInStream, 'unreachable', 'this'],
  [RecipientUnreachable, 'unreachable', 'this'],
  [OfferUnanswered, 'unreachable', 'this'],
  [LinkReturned, 'unreachable', 'this'],
  [RequestTimeout, 'unreachable', 'this', 'try again'],
  [WayRefused, 'refused', 'this'],
  [FolderUnknown, 'refused', 'this'],
  [NoUploads, 'refused', 'this'],
  [UploadRefused, 'refused', 'this'],
  [UnusableSlot, 'refused', 'this', 'tell the people who run the server'],
  [LinkRefused, 'refused', 'this'],
  [OtherFile, 'otherBytes', 'this'],
  [UnfitAnswer, 'refused', 'this'],
  [PortNotAllowed, 'refused', 'this'],
  [AddressNotAllowed, 'refused', 'this'],
  [RecipientBusy, 'refused', 'this'],
  [RecipientRefused, 'refused', 'this'],
  [ProposalRejected, 'refused', 'this'],
  [StanzaError, 'refused', 'this'],
  [ChannelNotOpened, 'brokenOff', 'this'],
  [JingleEnded, 'brokenOff', 'this'],
  [CloseUnconfirmed, 'brokenOff', 'this'],
  [ChannelOverrun, 'brokenOff', 'this'],
  [ChannelBroken, 'brokenOff', 'this', 'ask the recipient, or send it again'],
  [ChannelLost, 'brokenOff', 'this', 'send it again'],
  [
    BlocksIgnored,
    'brokenOff',
    'this',
    'its client may take blocks in messages only: try --stanza message',
  ],
  [OfferedAgain, 'brokenOff', 'this'],
  [StillUnderWay, 'brokenOff', 'this'],
  [ReceivingEnded, 'brokenOff', 'this'],
  [FileUnconfirmed, 'brokenOff', 'this', 'ask the recipient before you send it again'],
  [NoiseFailure, 'brokenOff', 'this'],
  [SealBroken, 'brokenOff', 'this'],
  [ConnectionLost, 'brokenOff', 'this', 'run the command again'],
  [StreamError, 'brokenOff', 'this', 'run the command again'],
  [UnsendableStanza, 'brokenOff', 'this'],
  [TooManyContacts, 'brokenOff', 'this'],
  [BlobMismatch, 'otherBytes', 'this', 'ask another with --from'],
  [FileMismatch, 'otherBytes', 'this'],
  [NoSuchBlob, 'noBlob', 'this', 'ask another with --from'],
  [KeyNotTrusted, 'otherKey', 'this'],
  [NotSealed, 'otherKey', 'this'],
  [MalformedAnnouncement, 'otherKey', 'this', 'somebody in between may have changed it'],
  [KeysUnusable, 'local', 'all'],
  [SourceChanged, 'local', 'this', 'send it again'],
  [TooLongToSeal, 'local', 'this', 'give it a shorter name, in fewer folders'],
  [SourceUnreadable, 'local', 'this'],
  [FolderInUse, 'local', 'all', 'end that one, or choose another folder: --dir <path>'],
  [InboxReplaced, 'local', 'all', 'run the command again to receive into what is there now'],
  [FolderReplaced, 'local', 'this'],
  [PartialRemoved, 'local', 'all', 'it must be sent again'],
  [NoFolder, 'local', 'this'],
  [NoRoom, 'local', 'all'],
  [LedgerTooNew, 'local', 'all', 'update this inband, or use another folder'],
  [NobodyReceives, 'local', 'all', 'start "inband receive --dir <path>", or look why it hangs'],
  [NoFileOfOurs, 'local', 'all', 'move it away, or use another folder'],
  [ExecFailed, 'local', 'all'],
];

const failureOf = (error: Error) => FAILURES.find(([kind]) => error instanceof kind);

/** The process's exit code for an error. */
export function exitCodeOf(thrown: Error): number {
  const error = rootOf(thrown);
  if (error instanceof Interrupted) return error.exitCode;
  // Node ignores the signal SIGPIPE: the reader of our results has read enough.
  if (error.code === 'EPIPE') return codeOf('outputLost');
  if (isFileError(error)) return codeOf('local');
  return codeOf(failureOf(error)?.[1] ?? 'unexpected');
}

/** Whether an error would meet the next file, too; assumed of an error that the table does not have. */
export function meetsAll(thrown: Error): boolean {
  const error = rootOf(thrown);
  if (error instanceof Interrupted || error.code === 'EPIPE') return false;
  return isFileError(error) || (failureOf(error)?.[2] ?? 'all') === 'all';
}

/** What happened, as the user reads it. `undefined`: nothing. */
export const textOf = (error: Error): string | undefined => wordsOf(error, exitCodeOf(error));

const codeOf = (outcome: Outcome): number => EXIT_CODES[outcome].code;

/** What the user can do about it, a line each. */
export function hintsOf(error: Error): readonly string[] {
  const brings = error instanceof UsageError || error instanceof KeysUnusable;
  const own = brings ? error.hints : ownHints(error);
  if (own.length > 0 || isFileError(error)) return own.map(withoutUsers);
  if (exitCodeOf(error) === codeOf('unexpected')) return ['"inband help bug" says what to report'];
  return (failureOf(error) ?? []).slice(3) as string[];
}
