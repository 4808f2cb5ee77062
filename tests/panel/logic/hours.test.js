import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formats } from '../../../moonraker_netqueue/panel/core/format.js';
import { between, endOf, shareChanges, toggled, workweek } from '../../../moonraker_netqueue/panel/core/hours.js';

const period = (start, duration) => ({ ...workweek('UTC'), start, duration });

test('an end is that of the next day if it is not later', () => {
  assert.equal(endOf(period('08:00', 600)), '18:00');
  assert.equal(endOf(period('22:30', 480)), '06:30');
  assert.equal(between(period('08:00', 600), '22:00', '06:00').duration, 480);
  assert.equal(between(period('08:00', 600), '08:00', '08:00').duration, 1440);
  for (const one of [period('00:00', 1440), period('23:59', 2), period('07:05', 1)]) {
    assert.deepEqual(between(one, one.start, endOf(one)), one);
  }
});

test('days are put on and off, in the order of the week', () => {
  assert.deepEqual(toggled(period('08:00', 60), 2).days, [0, 1, 3, 4]);
  assert.deepEqual(toggled(toggled(period('08:00', 60), 6), 5).days, [0, 1, 2, 3, 4, 5, 6]);
});

test('only shares that changed are sent; one that is gone is null', () => {
  const rows = [{ owner: 'anna', share: 2 }, { owner: ' bert ', share: '3' }, { owner: '', share: 1 }];
  assert.deepEqual(shareChanges({ anna: 2, bert: 1, carl: 1 }, rows), { bert: 3, carl: null });
  assert.deepEqual(shareChanges({ anna: 2, bert: 3 }, rows), {});
});

test('a week begins on Monday', () => {
  assert.equal(formats('en').weekday(0, 'long'), 'Monday');
  assert.equal(formats('de').weekday(6, 'short'), 'So');
});
