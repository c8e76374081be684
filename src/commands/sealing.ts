import { type Command, Option } from 'commander';
import type { Encrypt, TrustRule } from '../transfer/keys/rules.js';

/** What is encrypted unless the user says otherwise. */
const DEFAULT_ENCRYPT: Encrypt = 'auto';

export interface SealingFlags {
  encrypt: Encrypt;
  trust: TrustRule;
}

/** The flags for what is encrypted, and by whose keys. */
export const addSealingOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--encrypt <when>', 'encrypt from end to end')
        .choices(['auto', 'require', 'off'])
        .default(DEFAULT_ENCRYPT),
    )
    .addOption(
      new Option(
        '--trust <which>',
        'the keys that are taken for theirs: the first seen, or known ones',
      )
        .choices(['first', 'known'])
        .default('first'),
    );
