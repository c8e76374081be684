// XEP-0092 Software Version 1.1: which program somebody runs. We ask, and tell nobody.
import type { RequestOptions, Session } from '../session/session.js';
import { xml } from '../session/xml.js';

const NS_VERSION = 'jabber:iq:version';

/** Characters of a name, and of a version, that are shown. */
const MAX_LENGTH = 100;

interface Software {
  /** Empty where it does not say. */
  name: string;
  version: string;
}

/** Rejects as `request` does: many tell it to their contacts only, some to nobody. */
export async function askVersion(
  session: Session,
  jid: string,
  options: RequestOptions,
): Promise<Software> {
  const reply = await session.request('get', jid, xml('query', { xmlns: NS_VERSION }), options);
  const query = reply.getChild('query', NS_VERSION);
  const read = (field: string) =>
    (query?.getChild(field)?.getText() ?? '').trim().slice(0, MAX_LENGTH);
  return { name: read('name'), version: read('version') };
}
