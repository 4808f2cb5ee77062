import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grouped, namesOf } from '../../../moonraker_netqueue/panel/core/reasons.js';
import { brief, said } from '../../../moonraker_netqueue/panel/core/text.js';

const row = (printer, item, code, form, text, remedy = '') => ({
  printer, printer_id: `id of ${printer}`, item, code, text, remedy, phrases: { text: form && { printer, ...form } },
});
const petg = (printer, item = 0) => row(printer, item, 'material', { code: 'has_no', material: 'PETG' }, `${printer} has no PETG`);

test('what is the same on several printers is said once, without their names', () => {
  const rows = [petg('Beta'), row('Gamma', 0, 'bed', { code: 'bed_unknown' }, 'the bed of Gamma is not known to be clear'), petg('Alpha')];
  const groups = grouped(rows, brief);
  assert.deepEqual(groups.map((one) => [namesOf(one.printers).names, one.text]), [
    ['Alpha, Beta', 'no PETG'],
    ['Gamma', 'bed not known to be clear'],
  ]);
});

test('a printer is named once, though several items of the job are held there', () => {
  const [group, ...more] = grouped([petg('Alpha', 0), petg('Alpha', 1)], brief);
  assert.equal(group.printers.length, 1);
  assert.deepEqual(more, []);
});

test('words that name the printer already stand alone; what is not known stays as it is', () => {
  const [own] = grouped([row('Alpha', 0, 'state', { code: 'is' }, 'Alpha is printing')], brief);
  assert.deepEqual([own.text, own.named], ['Alpha is printing', true]);
  const other = { code: 'spread', printer: 'Gamma' }; // of another printer than the row
  const texts = grouped(['Alpha', 'Beta'].map((name) => row(name, 0, 'spread', other, 'Gamma has a copy')), brief);
  assert.deepEqual(texts.map((one) => [one.text, one.named, one.printers.length]), [['Gamma has a copy', false, 2]]);
  assert.equal(brief(null, 'a text', 'Alpha'), said(null, 'a text'));
});

test('of a hundred printers some are named', () => {
  const many = Array.from({ length: 100 }, (_one, n) => ({ printer: `P${n + 1}` }));
  assert.deepEqual(namesOf(many), { names: 'P1, P2, P3, P4, P5, P6', n: 94 });
  assert.deepEqual(namesOf(many.slice(0, 7)), { names: 'P1, P2, P3, P4, P5, P6, P7', n: 0 });
});
