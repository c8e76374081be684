// Files left on a server, and fetched from there, beside those that go from one to the other.
import { startEjabberd } from '../test/support/servers/ejabberd.js';
import { startProsody } from '../test/support/servers/prosody.js';
import { inband, inbandDownload, inbandUpload } from './contestants.js';
import type { Section } from './section.js';

const MB = 1_000_000;

/** More than all runs together. */
const UPLOADS = { maxSize: 1_000 * MB, dailyQuota: 10_000 * MB };

const beside = (upload: number, download: number, inStream: number): Section['contestants'] => [
  ['upload', inbandUpload, upload],
  ['download', inbandDownload, download],
  ['beside the stream', inband(['--transport', 's5b']), 128 * MB],
  ['in-band', inband(['--transport', 'ibb']), inStream],
];

export const UPLOAD_SECTIONS: Section[] = [
  {
    title: 'Uploads and downloads, Prosody as shipped',
    server: () => startProsody({ proxy: true, uploads: UPLOADS }),
    contestants: beside(16 * MB, 64 * MB, 48 * MB),
  },
  {
    title: 'Uploads and downloads, Prosody that reads 64 KiB at a time',
    server: () =>
      startProsody({ proxy: true, uploads: UPLOADS, config: 'network_default_read_size = 65536' }),
    contestants: beside(128 * MB, 128 * MB, 48 * MB),
  },
  {
    title: 'Uploads and downloads, ejabberd',
    server: () => startEjabberd({ proxy: true, uploads: UPLOADS }),
    contestants: beside(256 * MB, 256 * MB, 128 * MB),
  },
];
