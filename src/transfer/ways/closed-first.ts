import { BytestreamBroken } from '../../protocol/ibb/bytestream.js';

/** A recipient that closes first says nothing of what it has got; `missing`: bytes that it has not, as far as is known. */
export const closedFirst = ({ errored }: { errored: Error | null }, missing = 0): Error =>
  errored ?? new BytestreamBroken(missing, new Error('it closed first'));
