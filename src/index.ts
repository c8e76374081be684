// What another program may import.

export type { BitOfBinary } from './protocol/bob/bit-of-binary.js';
export {
  BitsOfBinary,
  type BlobListener,
  type GetBlobOptions,
  NoSuchBlob,
} from './protocol/bob/bits-of-binary.js';
export {
  BlobMismatch,
  deleteBlob,
  findBlob,
  type SetBlobOptions,
  setBlob,
} from './protocol/bob/blob-store.js';
export { HASH_ALGORITHMS, MalformedBlob } from './protocol/bob/content-id.js';
export { type BlobHandlers, memoryBlobs, registerBlobs } from './protocol/bob/memory-blobs.js';
export { blobElement } from './protocol/bob/stanzas.js';
export {
  type Channel,
  ChannelBroken,
  ChannelLost,
  ChannelNotOpened,
  ChannelOverrun,
  CloseUnconfirmed,
  type InBlocks,
} from './protocol/channel.js';
export {
  answerDiscovery,
  type Discovered,
  discoverFeatures,
  discoverInfo,
  type Identity,
  type Info,
} from './protocol/disco.js';
export type { FileOffer, FileRange } from './protocol/file-offer.js';
export {
  type Call,
  type Handler,
  type HandlerApi,
  HandlerRegistry,
  type Scope,
} from './protocol/handler-registry.js';
export type { Bytestream } from './protocol/ibb/bytestream.js';
export { InBandBytestreams, type OpenOptions } from './protocol/ibb/in-band-bytestreams.js';
export type { RetrySettings } from './protocol/ibb/sending/retry-waits.js';
export { BlocksIgnored } from './protocol/ibb/sending/stall-watch.js';
export type { BytestreamSettings, ServiceSettings } from './protocol/ibb/settings.js';
export type { StanzaMode } from './protocol/ibb/stanzas.js';
export type { LeastPace } from './protocol/ibb/watch-peer.js';
export { jingleFeatures } from './protocol/jingle/features.js';
export type { FileDescription } from './protocol/jingle/file-description.js';
export type { IncomingJingleFile } from './protocol/jingle/incoming-jingle-file.js';
export {
  JingleFileTransfers,
  type JingleOfferOptions,
} from './protocol/jingle/jingle-file-transfers.js';
export type { OutgoingJingleFile } from './protocol/jingle/outgoing-jingle-file.js';
export type { SealedTo } from './protocol/jingle/security/sealed-offer.js';
export { JingleEnded } from './protocol/jingle/session/jingle-ended.js';
export type { Reason } from './protocol/jingle/stanzas.js';
export { ibbTransport } from './protocol/jingle/transports/ibb.js';
export type { TransportSettings } from './protocol/jingle/transports/settings.js';
export type {
  Negotiation,
  Negotiators,
  Transport,
  TransportMethod,
} from './protocol/jingle/transports/transport.js';
export { type Confirmation, FileUnconfirmed } from './protocol/jingle/verdict.js';
export { OfferUnanswered } from './protocol/jingle/why-not-sent.js';
export {
  generateKeyPair,
  type KeyPair,
  keyPairFrom,
  secretBytesOf,
} from './protocol/noise/dh25519.js';
export { NoiseFailure } from './protocol/noise/noise-failure.js';
export { announcedKey, keyForm, MalformedAnnouncement } from './protocol/seal/announced-key.js';
export { NS_SEAL } from './protocol/seal/handshake.js';
export { TooLongToSeal } from './protocol/seal/padding.js';
export { SealBroken } from './protocol/seal/seal-broken.js';
export type { IncomingSiFile, SiAcceptOptions } from './protocol/si/incoming-si-file.js';
export {
  type OutgoingSiFile,
  SiFileTransfers,
  type SiOfferOptions,
} from './protocol/si/si-file-transfers.js';
export type { Clock } from './session/clock.js';
export { connect } from './session/connect.js';
export { ResourceConflict } from './session/connection/resource-conflict.js';
export { MalformedService } from './session/dial/endpoints.js';
export {
  MalformedProxy,
  type NetworkProxy,
  parseProxy,
} from './session/dial/proxy.js';
export type { ConnectOptions, LoginTold } from './session/given/connect-options.js';
export { bareJid, formatJid, type Jid, MalformedJid, parseJid, prepareJid } from './session/jid.js';
export { NotAuthorized } from './session/login/sasl.js';
export { RequestTimeout } from './session/requests.js';
export type {
  IqContext,
  IqHandler,
  RequestOptions,
  Session,
  SessionState,
  StanzaListener,
} from './session/session.js';
export {
  type SpecificCondition,
  StanzaError,
  type StanzaErrorType,
} from './session/stanza-error.js';
export { ConnectionLost } from './session/stanza-session.js';
export { ConnectionFailed, ServerNotTrusted } from './session/stream/connection-errors.js';
export { UnsendableStanza } from './session/stream/serialize.js';
export { StreamError } from './session/stream/stream-error.js';
export { type Base64, type Element, xml } from './session/xml.js';
