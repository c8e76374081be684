import type { RoomError } from '../transfer/reception-errors.js';

/** A file is beyond a limit of the inbox, or of what its sender announced. */
export class NoRoom extends Error implements RoomError {
  override readonly name = 'NoRoom';
  constructor(
    message: string,
    /** There would be room, were it not set aside for other files that are under way. */
    readonly isPassing = false,
  ) {
    super(message);
  }
}
