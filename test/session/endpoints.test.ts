import { Resolver, type SrvRecord } from 'node:dns';
import dns from 'node:dns/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { lookUp, MalformedService, parseService } from '../../src/session/endpoints.js';

void [Resolver, dns, afterAll, afterEach, beforeAll, beforeEach, jest];
type X = SrvRecord;
test.todo('x' as X extends never ? 'y' : 'x');
void [lookUp, MalformedService, parseService, describe, expect];
