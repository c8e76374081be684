import type { Connect } from '../connect.js';
import type { WayName } from '../ways/names.js';
import { wayNamed } from '../ways/ways.js';
import { Job } from './job.js';
import { Line } from './line.js';
import type { OpenSource } from './open-sources.js';
import type { JobOptions, TransferSettings } from './settings.js';
import { FileFailed } from './source.js';
import { Turn } from './turn.js';

interface SendFilesOptions extends JobOptions {
  settings: TransferSettings;
  via: 'auto' | WayName;
  connect: Connect;
}

/**
 * Sends every file to the JID, or stops at the first that cannot be sent, with `FileFailed`. Goes online with the
 * first, and closes the sources in the end.
 */
export async function sendFiles(
  sources: readonly OpenSource[],
  jid: string,
  { via, connect, ...options }: SendFilesOptions,
): Promise<void> {
  const { signal, report } = options;
  const { blockSize } = options.settings;
  const way = via === 'auto' ? undefined : wayNamed(via);
  const line = new Line({ jid, via: way, blockSize, connect, signal, report });
  const turn = new Turn(options.acceptTimeout, report);
  try {
    for (const source of sources) {
      const sending = new Job(source, line, turn, options).send();
      await sending.catch((error) => Promise.reject(new FileFailed(source.name, error)));
    }
  } finally {
    await line.close();
    await Promise.all(sources.map((source) => source.close()));
  }
}
