// IANA's registries of special-purpose addresses for IPv4 and IPv6: what is no address of somebody in the internet.
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** The network, and the length of its prefix in bits. */
type Range = readonly [network: string, prefix: number];

/** No address of a single machine: "this network", multicast, and what is reserved, with the broadcast address. */
const NO_MACHINE_IPV4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const SPECIAL_IPV4: readonly Range[] = [
  ...NO_MACHINE_IPV4,
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
];

/** Unspecified; IPv4 in the clothes of IPv6, by which the other rules could be gone round; multicast. */
const NO_MACHINE_IPV6: readonly Range[] = [
  ['::', 128],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['ff00::', 8],
];

/** The only part of IPv6 that is given out. */
const GLOBAL_IPV6: readonly Range[] = [['2000::', 3]];

const SPECIAL_IPV6: readonly Range[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

function listOf(ranges: readonly Range[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}

const noMachineIpv4 = listOf(NO_MACHINE_IPV4, 'ipv4');
const specialIpv4 = listOf(SPECIAL_IPV4, 'ipv4');
const noMachineIpv6 = listOf(NO_MACHINE_IPV6, 'ipv6');
const globalIpv6 = listOf(GLOBAL_IPV6, 'ipv6');
const specialIpv6 = listOf(SPECIAL_IPV6, 'ipv6');

/** Whether an address is of one machine in the internet. What is no address is not, nor is one with a zone. */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !specialIpv4.check(address);
  if (!isPlainIPv6(address)) return false;
  return globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}

/** Whether an address is of one machine, in whatever network. */
export function isOfMachine(address: string): boolean {
  if (isIPv4(address)) return !noMachineIpv4.check(address);
  return isPlainIPv6(address) && !noMachineIpv6.check(address, 'ipv6');
}

/** A zone names an interface of this machine, which nobody else can know. */
const isPlainIPv6 = (address: string): boolean => isIPv6(address) && !address.includes('%');
