import { checkRule, DEFAULT_ALLOW } from '../transfer/serving/policy.js';
import { repeatable } from './options.js';

export const allowOption = () =>
  repeatable(
    '--allow <who>',
    'who may reach you: own, contacts, anyone, a JID or a domain; repeatable (default: own, contacts)',
    checkRule,
  ).default(undefined, DEFAULT_ALLOW.join(', '));
