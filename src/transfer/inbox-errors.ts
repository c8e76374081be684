// What an inbox and its ledger reject with. `storage` throws these, and imports no other value of `transfer`.

/** A file is beyond a limit of the inbox or of the disk, or has more bytes than were announced. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
  constructor(
    message: string,
    /** There would be room, were it not set aside for other files that are under way. */
    readonly isPassing = false,
  ) {
    super(message);
  }
}

/** A folder that a file belongs into cannot be made; the sender hears why. */
export class NoFolder extends Error {
  override readonly name = 'NoFolder';
}

/** No process receives into the folder, or it gives no sign of life. */
export class NobodyReceives extends Error {
  override readonly name = 'NobodyReceives';
  constructor(readonly folder: string) {
    super(`nobody receives into ${folder}`);
  }
}

/** Another process has locked the folder; two would take each other's partials for left over. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
  constructor(
    readonly folder: string,
    /** Windows does not tell. */
    readonly pid?: number,
    isElsewhere = false,
  ) {
    const where = isElsewhere ? ' in another container or on another host' : '';
    const who = pid === undefined ? '' : ` (process ${pid}${where})`;
    super(`${folder} is in use by another inband${who}`);
  }
}
