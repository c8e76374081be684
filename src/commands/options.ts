import { type Command, InvalidArgumentError, Option } from 'commander';

/** Adds the flags of every command that tells its user something. */
export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'print events, one JSON object a line')
    .addOption(new Option('-q, --quiet', 'print results and errors only').conflicts('verbose'))
    .option('-v, --verbose', 'say what is done and why');
}

/** May be given several times, with one value each; in the settings file its value is a list. */
export class RepeatableOption extends Option {
  constructor(flags: string, description: string) {
    super(flags, description);
    this.argParser((value: string, earlier: string[] = []) => [...earlier, value]);
  }
}

/** Whether its value is a path, as its placeholder says. */
export const takesPath = ({ flags }: Option): boolean => /<(path|pem)>/.test(flags);

/** No flag takes an empty path or program: it would be the folder that one is in, or none. */
export function refuseEmptyPaths(command: Command, env: NodeJS.ProcessEnv): void {
  for (const option of command.options) {
    if (!takesPath(option) && !option.flags.endsWith('<program>')) continue;
    // An empty variable counts as one that is not set, and commander has it read as the flag is.
    const mayBeEmpty = option.envVar !== undefined && env[option.envVar] === '';
    option.argParser((text: string) => (mayBeEmpty && text === '' ? text : path(text)));
  }
  for (const one of command.commands) refuseEmptyPaths(one, env);
}

/** Its name in the settings file: as the flag is written, without dashes; `cache` for `--no-cache`. */
export const settingNameOf = (option: Option): string => option.name().replace(/^no-/, '');

/** A path that is given by a variable of a script may turn out to be empty, which is no folder. */
function path(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is a path.');
  return text;
}

export function positiveNumber(text: string): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number))) {
    throw new InvalidArgumentError('It is a number above 0.');
  }
  return number;
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    throw new InvalidArgumentError(`It is a whole number, ${range}.`);
  };
}
