/** A sender offers again what it is sending: its program was killed, or its connection. */
export class OfferedAgain extends Error {
  override readonly name = 'OfferedAgain';
}

/** Nothing is received any more: the program is stopped. The sender may find another of the account's resources. */
export class ReceivingEnded extends Error {
  override readonly name = 'ReceivingEnded';
}

/** A file is offered again that its sender is sending all the same, and there is no room for both. */
export class StillUnderWay extends Error {
  override readonly name = 'StillUnderWay';
}

/** A limit of the inbox, the end of the disk, or more than was announced. */
export interface RoomError extends Error {
  /** There would be room, were it not set aside for other files that are under way. */
  readonly isPassing: boolean;
}

export const isRoomError = (error: Error): error is RoomError => 'isPassing' in error;

/** Another process receives into the folder. */
export interface InUseError extends Error {
  readonly folder: string;
}

export const isInUse = (error: Error): error is InUseError => 'folder' in error;
