import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byName,
  changed,
  copies,
  explained,
  groupOf,
  inSight,
  matches,
  needsHand,
  placeOf,
  progress,
  read,
  shares,
  toLoad,
} from '../../../moonraker_netqueue/panel/core/queue.js';

const item = (values = {}) => ({
  name: 'part.gcode', count: 4, done: 1, printing: 1, reserved: 0, failed: 0, lost: 0, waiting: 2, ...values,
});
const job = (id, rank, values = {}) => ({
  job_id: id, rank, name: id, note: '', owner: '', completed: null, why: '', phrases: {}, items: [item()], ...values,
});
const queue = () => read([job('b', '2'), job('a', '1'), job('old', '0', { completed: 5 })], 7);
const ids = (found) => found.jobs.map((one) => one.job_id);

test('a reading shows the open jobs in the order of their ranks', () => {
  assert.deepEqual(ids(queue()), ['a', 'b']);
});

test('equal ranks are ordered by id, as the hosts do', () => {
  assert.deepEqual(ids(read([job('b', '1'), job('a', '1')], 1)), ['a', 'b']);
});

test('a notification adds, changes, moves and removes jobs', () => {
  const message = {
    revision: 8,
    changes: [
      { topic: 'job', key: 'a', value: job('a', '9') },
      { topic: 'job', key: 'c', value: job('c', '0') },
      { topic: 'job', key: 'b', value: null },
    ],
  };
  const found = changed(queue(), message);
  assert.deepEqual(ids(found.queue), ['c', 'a']);
  assert.equal(found.queue.revision, 8);
  assert.ok(found.ask.has('plan'));
});

test('a completed job leaves the list', () => {
  const message = { revision: 8, changes: [{ topic: 'job', key: 'a', value: job('a', '1', { completed: 9 }) }] };
  const found = changed(queue(), message);
  assert.deepEqual(ids(found.queue), ['b']);
  assert.ok(found.ask.has('history'));
});

test('a gap in the revisions means: read anew', () => {
  assert.equal(changed(queue(), { revision: 9, changes: [] }), null);
});

test('what was read already is not applied again', () => {
  const before = queue();
  const message = { revision: 7, changes: [{ topic: 'job', key: 'a', value: null }] };
  assert.equal(changed(before, message).queue, before);
});

test('a job keeps its reason until the plan tells another one', () => {
  const start = read([job('a', '1', { why: 'waiting: bed' })], 1);
  const message = { revision: 2, changes: [{ topic: 'job', key: 'a', value: job('a', '1', { note: 'x' }) }] };
  const { queue: after } = changed(start, message);
  assert.equal(after.jobs[0].why, 'waiting: bed');
  assert.equal(after.jobs[0].note, 'x');
  const plan = { waiting: [{ job_id: 'a', why: 'waiting: time', starts: { at: 5, printer: 'p' } }] };
  assert.deepEqual(
    [explained(after, plan).jobs[0].why, explained(after, plan).jobs[0].starts.at],
    ['waiting: time', 5],
  );
  assert.equal(explained(after, { waiting: [] }).jobs[0].why, '');
});

test('settings come with a notification of the queue', () => {
  const message = { revision: 8, changes: [{ topic: 'queue', key: 'paused', value: { paused: true } }] };
  assert.equal(changed(queue(), message).queue.counts.paused, true);
});

test('copies of a kit are summed, and a bar is never longer than itself', () => {
  const kit = job('k', '1', { items: [item(), item({ count: 2, done: 2, printing: 0, waiting: 0 })] });
  assert.equal(copies(kit).wanted, 6);
  assert.equal(copies(kit).done, 3);
  assert.deepEqual(shares(kit), { done: 50, printing: 100 / 6, lost: 0 });
  assert.equal(shares(job('k', '1', { items: [item({ count: 1, done: 3 })] })).done, 100);
});

test('a dragged job goes after the one above it', () => {
  assert.deepEqual(placeOf(['a', 'x', 'b'], 'x'), { after: 'a' });
  assert.deepEqual(placeOf(['x', 'a'], 'x'), { before: 'a' });
  assert.deepEqual(placeOf(['x'], 'x'), { to: 'front' });
});

test('only rows in sight are drawn, and never beyond the list', () => {
  assert.deepEqual(inSight(0, 800, 76, 1000, 0), { first: 0, last: 11 });
  assert.deepEqual(inSight(7600, 760, 76, 1000, 2), { first: 98, last: 112 });
  assert.deepEqual(inSight(1e6, 800, 76, 10), { first: 10, last: 10 });
  assert.deepEqual(inSight(-500, 800, 76, 3), { first: 0, last: 3 });
});

test('all words of a search must be in a job', () => {
  const found = job('bracket', '1', { owner: 'Anna' });
  assert.ok(matches(found, 'anna BRACK'));
  assert.ok(!matches(found, 'anna lid'));
});

test('progress is known of a print with a start and an end', () => {
  const print = { state: 'printing', started: 100 };
  assert.equal(progress(print, 200, 150), 0.5);
  assert.equal(progress(print, 200, 500), 1);
  assert.equal(progress(print, null, 150), null);
  assert.equal(progress({ ...print, state: 'fetching' }, 200, 150), null);
});

const printer = (values) => ({ connected: true, state: 'ready', quarantined: false, prints: [], ...values });

const none = new Map();

test('a printer that is away cannot be helped by hand; its lost print can be decided', () => {
  assert.ok(needsHand(printer({ state: 'bed_occupied' }), none));
  assert.ok(!needsHand(printer({ connected: false, state: 'bed_occupied' }), none));
  assert.ok(!needsHand(printer({ state: 'printing' }), none));
  assert.ok(needsHand(printer({ connected: false, prints: [{ state: 'lost' }] }), none));
});

test('each printer is in one group', () => {
  assert.equal(groupOf(printer({}), none), 'free');
  assert.equal(groupOf(printer({ state: 'busy' }), none), 'working');
  assert.equal(groupOf(printer({ state: 'offline' }), none), 'away');
  assert.equal(groupOf(printer({ connected: false }), none), 'away');
  assert.equal(groupOf(printer({ quarantined: true }), none), 'hand');
});

test('names are ordered as people count', () => {
  const names = ['p10', 'p2', 'a'].map((name) => ({ name }));
  assert.deepEqual(names.sort(byName).map((one) => one.name), ['a', 'p2', 'p10']);
});

test('what a printer has taken and cannot print yet is to be loaded', () => {
  const prints = [{ state: 'reserved', job_id: 'a', item: 0 }];
  const jobs = new Map([['a', job('a', '1', { items: [item({ materials: ['PETG'] })] })]]);
  const waits = (values) =>
    toLoad(printer({ reason: 'load PETG', prints, materials: ['PLA', 'PETG'], materials_ready: ['PLA'], ...values }), jobs);
  assert.deepEqual(waits({}), ['PETG']);
  assert.equal(waits({ materials_ready: ['PETG:black'] }), null);
  assert.equal(waits({ state: 'printing' }), null);
  assert.equal(waits({ materials: [], materials_ready: [] }), null); // it does not tell: all is possible
});
