import { testInbox } from '../transfer/receiving/inbox-suite.js';
import { MemoryInbox } from './memory-inbox.js';

testInbox('memory (R136, R284, R316, R402, R800)', async () => {
  const inbox = new MemoryInbox();
  const read = async (path: string) => {
    const bytes = inbox.files.get(path.replace('/inbox/', ''));
    if (!bytes) throw new Error(`${path} is not there`);
    return bytes;
  };
  const dateOf = async (path: string) => inbox.dates.get(path.replace('/inbox/', ''));
  const change = async (path: string) => {
    inbox.files.set(
      path.replace('/inbox/', ''),
      Buffer.concat([await read(path), Buffer.from('!')]),
    );
  };
  const replace = async (path: string) => void inbox.replaced.add(path.replace('/inbox/', ''));
  const remove = async (path: string) => void inbox.files.delete(path.replace('/inbox/', ''));
  return { inbox, read, dateOf, change, replace, remove };
});
