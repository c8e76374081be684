import type { Command } from 'commander';

/** As it is typed: `inband cache list`. */
export function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}
