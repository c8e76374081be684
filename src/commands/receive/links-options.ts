import type { Command } from 'commander';
import { RULE_WORDS } from '../../transfer/serving/policy.js';
import { sizeOption } from '../measures.js';
import { RepeatableOption } from '../options.js';
import { PeopleOption } from '../people.js';

/** None of the rules: it lets nobody in, as if no flag were given. */
export const NOBODY = 'nobody';

export interface LinksFlags {
  /** Absent: nobody's. */
  links?: string[];
  linksHost?: string[];
  /** Bytes. */
  linksMaxSize: number;
}

/** The flags for files that people leave on a server, and send a link to. */
export const addLinksOptions = (command: Command): Command =>
  command
    .addOption(
      new PeopleOption(
        '--links <who>',
        'whose links to uploaded files are fetched: own, contacts, anyone, nobody, a name, a JID or a domain; repeatable (default: nobody)',
        [...RULE_WORDS, NOBODY],
      ).default(undefined, NOBODY),
    )
    .addOption(
      new RepeatableOption(
        '--links-host <host>',
        'a host of your own, or host:port: links may lead to its private addresses; repeatable',
      ),
    )
    .addOption(
      sizeOption('--links-max-size <size>', 'the largest file that is fetched').default(
        100_000_000,
        '100M',
      ),
    );
