/** How an account gets at its password, as the flags and the settings have it. */
export type PasswordSource = { passwordFile: string } | { passwordCommand: string };

export interface Keeper {
  /** Where that is, in words. */
  place: string;
  /** What is to be known before it is chosen. */
  remark: string;
  isThere(): Promise<boolean>;
  /** Keeps it, in place of the one before. Throws `UsageError`, or the file system's error. */
  keep(password: string): Promise<void>;
  /** Forgets it, unless it was somebody else's when `keep` failed. Throws as `keep`, or the signal's reason. Default: the signal of the command. */
  forget(signal?: AbortSignal): Promise<void>;
  source: PasswordSource;
}
