import type { FileOffer } from '../../protocol/file-offer.js';

/** A file to be sent. */
export interface Source extends Omit<FileOffer, 'hashes'> {
  /**
   * Reads it, from this byte on. What has no `size` can be read once only, from its start. What is read into a `buffer`
   * is there until more is asked for; without one it stays, for it may not have been sent yet.
   */
  read(offset: number, buffer?: Buffer): AsyncIterable<Buffer>;
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

/** A file of several could not be sent, because of the cause. */
export class FileFailed extends Error {
  override readonly name = 'FileFailed';
  constructor(
    readonly file: string,
    override readonly cause: Error,
  ) {
    super(cause.message);
  }
}
