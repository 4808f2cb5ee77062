import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, shareChange, until } from '../../../moonraker_netqueue/panel/core/hours.js';

test('a period may go past midnight, and be a whole day', () => {
  assert.equal(duration('08:00', '17:30'), 570);
  assert.equal(duration('22:00', '06:00'), 480);
  assert.equal(duration('08:00', '08:00'), 1440);
});

test('the end of a period is what it was made from', () => {
  for (const [start, end] of [['08:00', '17:30'], ['22:00', '06:05'], ['00:00', '00:00']]) {
    assert.equal(until({ start, duration: duration(start, end) }), end);
  }
});

test('a share that goes is asked for as null', () => {
  assert.deepEqual(shareChange({ anna: 2, bert: 1 }, [['anna ', '3'], ['cleo', 1], [' ', 1]]), {
    anna: 3, cleo: 1, bert: null,
  });
});
