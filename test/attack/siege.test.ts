import { expect, test } from '@jest/globals';
import { PLACES } from './places.js';
import { placesNamed } from './siege.js';

test('places are chosen by a part of their names, and a part that none has is a mistake', () => {
  expect(placesNamed('')).toEqual(PLACES);
  expect(placesNamed('id of a get').map(({ name }) => name)).toEqual(['id of a get']);
  expect(() => placesNamed('id of a gte')).toThrow('no place has "id of a gte" in its name');
});
