// Elements of ours inside `<file>`, which other programs ignore: they have the name of the file alone.
import { type Element, xml, xmlText } from '../../session/xml.js';
import { badRequest } from '../conditions.js';
import { type FileOffer, isOfferedPath, MAX_PATH_BYTES } from '../file-offer.js';

/** Whoever advertises this makes folders, those without files too. */
export const NS_PATH = 'urn:x-inband:path:0';

type Place = Pick<FileOffer, 'path' | 'isFolder' | 'isExecutable'>;

/** Where the file belongs, and what it is there. */
export function placeElements({ path, isFolder, isExecutable }: Place): Element[] {
  const mark = (name: string) => xml(name, { xmlns: NS_PATH });
  return [
    ...(path ? [xml('path', { xmlns: NS_PATH }, xmlText(path.join('/')))] : []),
    ...(isFolder ? [mark('folder')] : []),
    ...(isExecutable ? [mark('executable')] : []),
  ];
}

/** Throws `StanzaError` for a path that leads anywhere but down, or too far, and for a folder without one. */
export function readPlace(file: Element): Place {
  const text = file.getChild('path', NS_PATH)?.getText();
  const has = (name: string) => file.getChild(name, NS_PATH) !== undefined;
  const path = text === undefined ? undefined : readPath(text);
  if (!path && has('folder')) throw badRequest('a folder needs a path');
  return {
    ...(path ? { path } : {}),
    ...(has('folder') ? { isFolder: true } : {}),
    ...(has('executable') ? { isExecutable: true } : {}),
  };
}

function readPath(text: string): string[] {
  // No character has fewer bytes than code units, so that no more has to be looked at.
  const components = text.length > MAX_PATH_BYTES ? [] : text.split('/');
  if (!isOfferedPath(components)) throw badRequest('no path below a folder');
  return components;
}
