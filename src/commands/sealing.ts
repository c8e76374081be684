import { type Command, Option } from 'commander';
import type { Encrypt, TrustRule } from '../transfer/keys/rules.js';

/** What is encrypted unless the user says otherwise. */
const DEFAULT_ENCRYPT: Encrypt = 'auto';

export interface SealingFlags {
  encrypt: Encrypt;
  trust: TrustRule;
}

/** The flags for what is encrypted, and by whose keys. `auto`: what that means to the command. */
export const addSealingOptions = (command: Command, auto: string): Command =>
  command
    .addOption(
      new Option('--encrypt <when>', `encrypt from end to end; auto: ${auto}`)
        .choices(['auto', 'require', 'off'])
        .default(DEFAULT_ENCRYPT),
    )
    .addOption(
      new Option(
        '--trust <which>',
        'whose keys are taken for theirs: the first that is seen, or known ones alone',
      )
        .choices(['first', 'known'])
        .default('first'),
    );
