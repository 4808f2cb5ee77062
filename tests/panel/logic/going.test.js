import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fateOf, gentleStep, inHand } from '../../../moonraker_netqueue/panel/core/going.js';
import { en } from '../../../moonraker_netqueue/panel/strings/en.js';

const prints = (...states) => states.map((state) => ({ state }));
const printer = (accept, ...states) => ({ connected: true, accept, prints: prints(...states) });

test('what a host has in hand is told with what runs first', () => {
  const states = inHand(printer(true, 'lost', 'reserved', 'printing')).map((one) => one.state);
  assert.deepEqual(states, ['printing', 'reserved', 'lost']);
  assert.deepEqual(inHand(undefined), []); // a host without a printer
});

test('a host that is on makes what it has, one that is off may have', () => {
  const told = (state) => [true, false].map((on) => fateOf({ state }, on));
  assert.deepEqual(told('printing'), ['printing_on', 'printing_off']);
  assert.deepEqual(told('reserved'), ['reserved_on', 'reserved_off']);
  assert.deepEqual(told('fetching'), told('reserved')); // nothing of it is on the bed yet
  assert.deepEqual(told('lost'), ['lost', 'lost']);
  for (const fate of ['printing', 'reserved', 'fetching', 'lost'].flatMap(told)) assert.ok(`fate.${fate}` in en, fate);
});

test('the gentle way is offered where somebody can go it', () => {
  assert.equal(gentleStep(printer(true, 'printing', 'reserved')), 'begin');
  assert.equal(gentleStep(printer(false, 'printing')), 'wait');
  assert.equal(gentleStep(printer(false)), 'idle');
  assert.equal(gentleStep(printer(true)), null); // it has nothing to end
  assert.equal(gentleStep(printer(true, 'lost')), null); // waiting ends no lost print
  assert.equal(gentleStep(printer(false, 'lost')), null);
  assert.equal(gentleStep({ ...printer(true, 'printing'), connected: false }), null);
  assert.equal(gentleStep(undefined), null);
});
