import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { testInbox } from '../../transfer/receiving/inbox-suite.js';
import { temporaryFolders } from '../temporary-folder.js';

const temporaryFolder = temporaryFolders();

testInbox('a folder (R136, R284, R316, R402, R800)', async () => ({
  inbox: await openInbox(await temporaryFolder()),
  read: (path) => readFile(path),
  dateOf: async (path) => (await stat(path)).mtime,
  change: (path) => appendFile(path, '!'),
  replace: async (path) => {
    await rm(path);
    await writeFile(path, 'mine');
  },
  remove: (path) => rm(path),
}));
