import type { FileOffer } from '../../protocol/file-offer.js';

/** A file to be sent. */
export interface Source extends Omit<FileOffer, 'hashes'> {
  /**
   * Reads it, from this byte on. What has no `size` can be read once only, from its start. What is read into a `buffer`
   * is there until more is asked for; without one it stays, for it may not have been sent yet.
   */
  read(offset: number, buffer?: Buffer): AsyncIterable<Buffer>;
}

/** A source that holds something open. */
export type OpenSource = Source & { close(): Promise<void> };

/** A folder, whose files are found when it is their turn. */
export interface SourceFolder {
  /** The first component of their paths. */
  readonly name: string;
  /** The files below it, and the folders without any, in an order that stays. */
  walk(): AsyncGenerator<Source>;
  /** The same, as far as may be known at a glance: what there is now. */
  outline(): AsyncGenerator<Outline>;
}

/** What is known of a source before its turn. */
export interface Outline {
  /** Bytes. */
  size: number | undefined;
  isFolder?: true;
}

/** What is known of a file without reading it. */
export const plainOffer = ({ read, ...offer }: Source): FileOffer => offer;

/** What the user named cannot be sent; nothing was done. */
export class SourceUnusable extends Error {
  override readonly name = 'SourceUnusable';
}

/** The file was cut short or grew while it was sent. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
}

/** A file in a folder cannot be read; the others may be. */
export class SourceUnreadable extends Error {
  override readonly name = 'SourceUnreadable';
}

/** The recipient's program knows no folders: one without files cannot be told. */
export class FolderUnknown extends Error {
  override readonly name = 'FolderUnknown';
}

/** Files were not sent, as the user was told of each; because of the cause: of the first of them. */
export class FilesFailed extends Error {
  override readonly name = 'FilesFailed';
  constructor(override readonly cause: Error) {
    super(cause.message);
  }
}
