import { DEFAULT_ALLOW, RULE_WORDS } from '../transfer/serving/policy.js';
import { PeopleOption } from './people.js';

export const allowOption = () =>
  new PeopleOption(
    '--allow <who>',
    'who may reach you: own, contacts, anyone, a name, a JID or a domain; repeatable (default: own, contacts)',
    RULE_WORDS,
  ).default(undefined, DEFAULT_ALLOW.join(', '));
