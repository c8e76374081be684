import { BlockList, isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

/** An address of this machine, as the system tells it. */
export type OwnAddress = Pick<NetworkInterfaceInfo, 'address' | 'cidr' | 'internal'>;

/** Whether an address belongs to a network that this machine is in, loopback apart. */
export function isInNetworkOf(own: readonly OwnAddress[], address: string): boolean {
  const networks = new BlockList();
  for (const { cidr, internal } of own) {
    const [network, prefix] = cidr?.split('/') ?? [];
    if (internal || !network || !prefix) continue;
    networks.addSubnet(network, Number(prefix), familyOf(network));
  }
  return networks.check(address, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');
