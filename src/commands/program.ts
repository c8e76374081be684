import { Command, Help } from 'commander';
import { addCacheCommand } from './blobs/cache.js';
import { addFetchCommand } from './blobs/fetch.js';
import { addPublishCommand } from './blobs/publish.js';
import { addConfigCommand } from './config.js';
import type { Context } from './context.js';
import { addCompleteCommand } from './help/complete-command.js';
import { addCompletionCommand } from './help/completion.js';
import { addExamples } from './help/examples.js';
import { addHelpCommand } from './help/help.js';
import { addManCommand } from './help/man.js';
import { fitNarrow } from './help/narrow.js';
import { addPages } from './help/pages/pages.js';
import { asUsageError } from './help/usage-errors.js';
import { addKeyCommand } from './keys/key.js';
import { addTrustCommand } from './keys/trust.js';
import { addLoginCommand } from './login/login.js';
import { addLogoutCommand } from './login/logout.js';
import { refuseEmptyPaths } from './options.js';
import { addProbeCommand } from './probe.js';
import { addReceiveCommand } from './receive/receive.js';
import { addReceivedCommand } from './receive/received.js';
import { addSendCommand } from './send.js';
import { addUploadCommand } from './upload/upload.js';

/** All commands, in the order in which one needs them. What is wrong with a command line is thrown, and not printed. */
export function createProgram(context: Context, version: string): Command {
  const program = new Command('inband')
    .usage('<command>')
    .description('Sends files to a JID and fetches blobs by cid, over XMPP.')
    .version(version)
    .helpCommand(false)
    .configureHelp({ subcommandTerm: termOf, ...fitNarrow(Help.prototype) })
    .configureOutput({ outputError: () => undefined });
  addLoginCommand(program.commandsGroup('Account:'), context);
  addLogoutCommand(program, context);
  addFileCommands(program.commandsGroup('Files:'), context);
  addBlobCommands(program.commandsGroup('Small files, by their hash:'), context);
  addKeyCommand(program.commandsGroup('Keys:'), context);
  addTrustCommand(program, context);
  addConfigCommand(program.commandsGroup('Settings and help:'), context);
  addCompletionCommand(program, context);
  addCompleteCommand(program, context);
  addManCommand(program, context);
  addHelpCommand(program, context);
  addPages(program);
  addExamples(program, [
    'inband login juliet@example.org',
    'inband receive -a juliet@example.org --dir inbox',
    'inband send -a juliet@example.org holiday.mp4 juliet@example.org',
    'inband help send',
  ]);
  program.hook('preAction', async (_, command) => {
    const { applySettings } = await import('./settings/apply-settings.js');
    await applySettings(program, command, context);
  });
  refuseEmptyPaths(program, context.env);
  throwErrorsOf(program);
  return program;
}

function addFileCommands(program: Command, context: Context): void {
  addReceiveCommand(program, context);
  addSendCommand(program, context);
  addReceivedCommand(program, context);
  addUploadCommand(program, context);
  addProbeCommand(program, context);
}

function addBlobCommands(program: Command, context: Context): void {
  addPublishCommand(program, context);
  addFetchCommand(program, context);
  addCacheCommand(program, context);
}

/** That there are flags goes without saying. */
const termOf = (command: Command): string =>
  `${command.name()} ${command.usage().replace(/\[(options|command)\] ?/g, '')}`.trimEnd();

function throwErrorsOf(command: Command): void {
  command.exitOverride((error) => {
    throw asUsageError(error, command) ?? error;
  });
  for (const one of command.commands) throwErrorsOf(one);
}
