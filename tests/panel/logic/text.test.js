import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chart } from '../../../moonraker_netqueue/panel/core/chart.js';
import { formats, fromInput, toInput, words } from '../../../moonraker_netqueue/panel/core/format.js';
import { best, fill, LANGUAGES, phrased } from '../../../moonraker_netqueue/panel/core/text.js';
import { en } from '../../../moonraker_netqueue/panel/strings/en.js';

const PANEL = new URL('../../../moonraker_netqueue/panel/', import.meta.url);
const placeholders = (text) =>
  [...new Set([...JSON.stringify(text).matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort();

for (const tag of Object.keys(LANGUAGES).filter((one) => one !== 'en')) {
  test(`${tag} has every text of English, with the same values`, async () => {
    const { [tag]: other } = await import(`../../../moonraker_netqueue/panel/strings/${tag}.js`);
    assert.deepEqual(Object.keys(other).sort(), Object.keys(en).sort());
    for (const key of Object.keys(en)) {
      assert.deepEqual(placeholders(other[key]), placeholders(en[key]), key);
      assert.equal(typeof other[key], typeof en[key], key);
    }
  });
}

test('every file of strings is a language that can be chosen', () => {
  const files = readdirSync(new URL('strings/', PANEL)).map((name) => name.replace('.js', ''));
  assert.deepEqual(files.sort(), Object.keys(LANGUAGES).sort());
});

test('every text that the page names is there', () => {
  const files = ['main.js', ...['core', 'views'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, PANEL)).map((name) => `${folder}/${name}`))];
  let found = 0;
  for (const file of files) {
    const source = readFileSync(new URL(file, PANEL), 'utf8');
    for (const [, key] of source.matchAll(/\bt\(\s*'([^']+)'/g)) {
      assert.ok(key in en, `${file}: ${key}`);
      found += 1;
    }
  }
  assert.ok(found > 150);
});

test('texts choose the plural and take values', () => {
  const rules = new Intl.PluralRules('en');
  const text = { one: '{n} job of {who}', other: '{n} jobs of {who}' };
  assert.equal(fill(text, { n: 1, who: 'anna' }, rules), '1 job of anna');
  assert.equal(fill(text, { n: 0, who: '<b>' }, rules), '0 jobs of <b>');
  assert.equal(fill('{other}', {}, rules), '{other}');
});

test('a phrase is told in the words of a language, or not at all', () => {
  const words = { load: 'bei {printer} {material} einlegen', both: '{first}, {second}', is: '{state}, {n} min' };
  const form = { code: 'load', printer: '{n}', material: { code: 'both', first: 'PLA', second: 'PETG' } };
  assert.equal(phrased(form, words), 'bei {n} PLA, PETG einlegen');
  assert.equal(phrased({ code: 'is', state: 'out of reach', n: 2.5 }, words, (n) => `<${n}>`), 'out of reach, <2.5> min');
  assert.equal(phrased({ code: 'both', first: { code: 'new' }, second: 'x' }, words), null);
  assert.equal(phrased({ code: 'new' }, words), null);
});

test('the language of the browser is taken, else English', () => {
  assert.equal(best(['de-AT', 'en']), 'de');
  assert.equal(best(['xx', 'de']), 'de');
  assert.equal(best(['fr']), 'en');
});

test('spans and sizes are short', () => {
  const { span, size } = formats('en');
  assert.equal(span(20), '20 s');
  assert.equal(span(80), '1 min');
  assert.equal(span(5400), '1 h 30 min');
  assert.equal(span(7200), '2 h');
  assert.equal(span(200000), '2 d 7 h');
  assert.equal(size(999), '999 B');
  assert.equal(size(4960), '5 kB');
  assert.equal(size(12_345_678), '12.3 MB');
});

test('a moment of today is a time, another one has its day', () => {
  const { moment } = formats('en-GB');
  const now = new Date(2026, 0, 5, 12, 0).getTime() / 1000;
  assert.equal(moment(now + 3600, now), '13:00');
  assert.match(moment(now + 86400, now), /^Tue/);
  assert.match(moment(now + 20 * 86400, now), /25 Jan/);
});

test('the value of a date field comes back', () => {
  const at = Math.floor(new Date(2026, 6, 1, 8, 30).getTime() / 1000);
  assert.equal(toInput(at), '2026-07-01T08:30');
  assert.equal(fromInput(toInput(at)), at);
  assert.equal(fromInput(''), null);
  assert.deepEqual(words(' PLA:black, ,PETG '), ['PLA:black', 'PETG']);
});

test('bars of the plan stay inside the chart and start now at the earliest', () => {
  const printers = [
    {
      printer_id: 'p',
      idle_at: 2000,
      prints: [
        { state: 'reserved', job_id: 'j', job: 'j', item: 0, started: null },
        { state: 'printing', job_id: 'j', job: 'j', item: 0, started: 0 },
      ],
    },
    { printer_id: 'q', idle_at: null, prints: [] },
  ];
  const jobs = [{ job_id: 'j', items: [{ estimate_s: 600 }] }];
  const later = { printer_id: 'p', job_id: 'k', job: 'k', start: 3000, end: 9000, ready: 9600, change: false };
  const { rows, lines } = chart(printers, [later], jobs, 1000, 500);
  const [running, reserved, planned] = rows[0].bars;
  assert.deepEqual([running.now, reserved.now, reserved.start, reserved.end], [true, false, 2000, 2600]);
  assert.equal(rows[1].bars.length, 0);
  assert.equal(running.x, 0);
  assert.ok(planned.x > running.x + running.width);
  assert.ok(planned.x + planned.width + planned.clearing <= 500);
  assert.ok(lines.length > 1 && lines.every((line) => line.x >= 0 && line.x <= 500));
});
