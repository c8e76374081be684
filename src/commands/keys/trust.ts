import type { Command } from 'commander';
import type { Context } from '../context.js';
import { addExamples } from '../help/examples.js';
import { explainExcess } from '../help/usage-errors.js';
import { addOutputOptions } from '../options.js';
import { runDefaultAlone } from './default-command.js';

const work = () => import('./trusted.js');

export function addTrustCommand(program: Command, context: Context): void {
  const trust = program
    .command('trust')
    .summary('look after the keys of others')
    .description('Looks after the keys that are known to be somebody’s.');
  const list = trust
    .command('list', { isDefault: true })
    .description(
      'Prints JID, key, "known" or "verified", when it was first seen, and label, with tabs.',
    )
    .argument('[jid]', 'whose keys; without it all');
  addOutputOptions(list).action(async (jid, flags) => (await work()).list(jid, flags, context));
  const add = trust
    .command('add')
    .description('Asks for a key of somebody, and trusts it beside those that are known.')
    .argument('<jid>', 'whose key it is')
    .option('--name <label>', 'which of several it is, such as laptop');
  addOutputOptions(add).action(async (jid, flags) => (await work()).add(jid, flags, context));
  const verify = trust
    .command('verify')
    .description('Asks for the key as its owner has it, and notes that it was compared.')
    .argument('<jid>', 'whose key it is');
  addOutputOptions(verify).action(async (jid, flags) => (await work()).verify(jid, flags, context));
  const remove = trust
    .command('remove')
    .description(
      'Knows the keys of somebody no more, or one of them. After the last one, the next that is seen would be the first.',
    )
    .argument('<jid>', 'whose keys')
    .argument('[key]', 'only this one; its beginning will do')
    .option('--name <label>', 'only the key with this label');
  addOutputOptions(remove).action(async (jid, key, flags) =>
    (await work()).remove(jid, key, flags, context),
  );
  // A key is not an operand, so that nobody pastes a command with one that came over the wire.
  for (const one of [add, verify]) explainExcess(one, 'type or paste the key when it asks for it');
  runDefaultAlone(trust);
  showExamples(trust);
}

function showExamples(trust: Command): void {
  addExamples(trust, ['inband trust list', 'inband trust add juliet@example.org']);
  const examples: Record<string, string[]> = {
    list: ['inband trust list', 'inband trust list juliet@example.org --json'],
    add: [
      'inband trust add juliet@example.org',
      'inband trust add juliet@example.org --name laptop < juliet.key',
    ],
    verify: ['inband trust verify juliet@example.org'],
    remove: [
      'inband trust remove juliet@example.org',
      'inband trust remove juliet@example.org aaaqeaye',
      'inband trust remove juliet@example.org --name laptop',
    ],
  };
  for (const command of trust.commands) addExamples(command, examples[command.name()] ?? []);
}
