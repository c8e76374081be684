import { stat } from 'node:fs/promises';
import { type Names, NO_NAMES } from '../transfer/people/typed-address.js';
import { UsageError } from './context.js';

/**
 * Looks whether the operands of `send` are in another order than its own: a JID that is no file stands before the last
 * one, or a file in its place. Throws `UsageError` with what was probably meant.
 */
export async function refuseMisplaced(
  operands: readonly string[],
  names: Names = NO_NAMES,
): Promise<void> {
  const last = operands.at(-1) ?? '';
  const mayBeRecipient = looksLikeJid(last) || names.has(last);
  for (const one of operands.slice(0, -1)) {
    if (!(looksLikeJid(one) || names.has(one)) || (await isThere(one))) continue;
    if (mayBeRecipient) {
      throw new UsageError(
        `${one} is no file`,
        `several recipients are given with --to: --to ${one} --to ${last}`,
      );
    }
    if (await isThere(last)) {
      throw new UsageError(`the recipient comes last`, `inband send ${last} ${one}`);
    }
  }
  if (mayBeRecipient || !(await isThere(last))) return;
  throw new UsageError(
    `${last} is a file, and the recipient comes last`,
    `inband send ${operands.join(' ')} <jid>`,
    `a server of that name is given as xmpp:${last}`,
  );
}

/** One operand alone is a file or a recipient, and the other is missing. Throws `UsageError`. */
export async function refuseLone(operand: string, names: Names = NO_NAMES): Promise<void> {
  const isRecipient = looksLikeJid(operand) || names.has(operand);
  throw isRecipient && !(await isThere(operand))
    ? new UsageError(`no file is named to send to ${operand}`, `inband send <file...> ${operand}`)
    : new UsageError(`nobody is named to send ${operand} to`, `inband send ${operand} <jid>`);
}

/** Where recipients are given with `--to`, one more may stand among the files. Throws `UsageError`. */
export async function refuseRecipients(files: readonly string[]): Promise<void> {
  for (const one of files) {
    if (!(looksLikeJid(one) || isWord(one)) || (await isThere(one))) continue;
    const hint = `with --to all operands are files; one more recipient: --to ${one}`;
    throw new UsageError(`${one} is no file`, hint);
  }
}

const isWord = (operand: string): boolean => /^[^./\\-][^./\\]*$/.test(operand);

const looksLikeJid = (operand: string): boolean =>
  operand.startsWith('xmpp:') || /^[^/]+@[^/]+/.test(operand);

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
