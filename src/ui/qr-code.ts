import { renderUnicodeCompact } from 'uqr';

/** Lines that a camera reads on a terminal, as dark letters on a light ground or the other way round. */
export const qrCode = (text: string): string => `${renderUnicodeCompact(text)}\n`;
