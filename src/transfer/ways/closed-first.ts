import { ChannelBroken } from '../../protocol/channel.js';

/**
 * A recipient that closes first says nothing of what it has got; `missing`: bytes that it has not, as far as is known.
 */
export const closedFirst = ({ errored }: { errored: Error | null }, missing = 0): Error =>
  errored ?? new ChannelBroken(missing, new Error('it closed first'));
