import { expect, test } from '@jest/globals';
import { nominated } from '../../../../../src/protocol/jingle/transports/s5b/nomination.js';
import { ownCandidates } from '../../../../../src/protocol/jingle/transports/s5b/own-candidates.js';
import {
  type Candidate,
  priorityOf,
} from '../../../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';

const candidate = (cid: string, priority: number): Candidate => ({
  ...{ cid, priority, host: '11.0.0.1', port: 5000, jid: 'a@b/c', type: 'direct' },
});

const [OURS, THEIRS] = [candidate('ours', 5), candidate('theirs', 5)];

test('is the one that was reached where the other side has reached none (R507)', () => {
  expect(nominated(THEIRS, undefined, true)).toEqual({ candidate: THEIRS, isOurs: false });
  expect(nominated(undefined, OURS, true)).toEqual({ candidate: OURS, isOurs: true });
  expect(nominated(undefined, undefined, true)).toBeUndefined();
});

test('is the one with the higher priority (R507)', () => {
  const better = candidate('better', 6);
  expect(nominated(better, OURS, false)).toEqual({ candidate: better, isOurs: false });
  expect(nominated(THEIRS, better, true)).toEqual({ candidate: better, isOurs: true });
});

test('is the one that the initiator has chosen where both are alike (R507)', () => {
  expect(nominated(THEIRS, OURS, true)).toEqual({ candidate: THEIRS, isOurs: false });
  expect(nominated(THEIRS, OURS, false)).toEqual({ candidate: OURS, isOurs: true });
});

const streamhosts = (...hosts: string[]) =>
  hosts.map((host) => ({ jid: 'a@b/c', host, port: 5000 }));
const prioritiesOf = (all: readonly Candidate[]) => all.map(({ priority }) => priority);
const HOSTS = streamhosts('11.0.0.1', '11.0.0.2', '11.0.0.3', '11.0.0.4');
const PROXIES = streamhosts('11.0.0.7', '11.0.0.8');

test('no two priorities of ours are alike, nor any of ours and of another of us (R507)', () => {
  const of = (isInitiator: boolean) =>
    ownCandidates({ direct: HOSTS, proxies: PROXIES, isInitiator, theirs: [] });
  const all = [...prioritiesOf(of(true)), ...prioritiesOf(of(false))];
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBe(10);
});

test('what answers has no priority of the offer, whatever that has (R507)', () => {
  const theirs = Array.from({ length: 50 }, (_, index) =>
    candidate(`c${index}`, priorityOf('direct', 1_000 - index)),
  );
  const ours = ownCandidates({
    direct: streamhosts('11.1.1.1'),
    proxies: [],
    isInitiator: false,
    theirs,
  });
  expect(ours).toHaveLength(1);
  expect(prioritiesOf(theirs)).not.toContain(prioritiesOf(ours)[0]);
});

test('what answers offers nothing that was offered to it (R507)', () => {
  const theirs = [{ ...candidate('c1', 1), host: '11.0.0.7' }];
  const ours = ownCandidates({ direct: [], proxies: PROXIES, isInitiator: false, theirs });
  expect(ours.map(({ host }) => host)).toEqual(['11.0.0.8']);
});

test('direct ones come before proxies, and of many addresses three are offered (R507)', () => {
  const ours = ownCandidates({ direct: HOSTS, proxies: PROXIES, isInitiator: true, theirs: [] });
  expect(ours.map(({ type }) => type)).toEqual(['direct', 'direct', 'direct', 'proxy', 'proxy']);
  expect(prioritiesOf(ours)).toEqual(prioritiesOf(ours).toSorted((a, b) => b - a));
});
