// Every view of an empty queue, and of one with a hundred printers: nothing is cut off,
// nothing has no name, in German neither, where words are longer. What hosts answer is made more, or less, on its way to the page.

import assert from 'node:assert/strict';
import { barriers, card, play } from './stage.js';

const VIEWS = ['jobs', 'printers', 'plan', 'history', 'members', 'settings', 'log'];
const MANY = 100;
const STATES = ['printing', 'ready', 'bed_occupied', 'offline', 'needs_attention', 'fetching', 'busy', 'finishing'];
const LONG_NAME = 'a-part-whose-name-somebody-made-as-long-as-slicers-like-to_0.2mm_PLA_MK4_3h12m.gcode';

/** As many rows as a hundred printers have, each with a name and an id of its own. */
const many = (rows, key, change = (row) => row) =>
  Array.from({ length: MANY }, (_one, n) => {
    const id = `${String(n).padStart(4, '0')}${'0'.repeat(60)}`;
    const name = n === 7 ? 'the large one by the window, on the left' : `Voron ${n + 1}`;
    const old = rows[n % rows.length];
    return change({ ...old, [key]: n < rows.length ? old[key] : id, name }, n);
  });

const crowded = {
  jobs: (answer) => {
    const jobs = answer.jobs.flatMap((job) => ['', 'x', 'y', 'z'].map((end) => ({
      ...job, job_id: job.job_id + end, name: end === 'x' ? LONG_NAME : job.name,
    })));
    return { ...answer, jobs };
  },
  printers: (answer) => ({
    ...answer,
    printers: many(answer.printers, 'printer_id', (row, n) => ({
      ...row, state: STATES[n % STATES.length], connected: n % STATES.length !== 3,
      accept: n % 9 !== 4, materials_ready: n % 2 ? ['PLA:black'] : ['PETG'], grams_left: n * 7,
    })),
  }),
  members: (answer) => ({
    ...answer,
    members: many(answer.members, 'host_id', (row, n) => ({
      ...row, here: n === 0, printer: row.name, connected: n % 8 !== 3, role: n < 3 ? row.role : 'observer',
      silent_s: n % 8 === 3 ? 400 * n : 0.1,
    })),
  }),
  plan: (answer) => ({
    ...answer,
    forecast: answer.forecast && {
      ...answer.forecast,
      prints: answer.forecast.prints.flatMap((print, n) => [print, { ...print, printer_id: `${String(3 + n).padStart(4, '0')}${'0'.repeat(60)}` }]),
    },
  }),
  history: (answer) => ({ ...answer, per_printer: many(answer.per_printer, 'printer_id', (row) => ({ ...row, printer: row.name })) }),
};

const none = (answer, values) => ({ ...answer, ...values });
const empty = {
  jobs: (answer) => none(answer, { jobs: [] }),
  printers: (answer) => none(answer, { printers: [] }),
  plan: (answer) => none(answer, { waiting: [], forecast: answer.forecast && none(answer.forecast, { prints: [], never: [] }) }),
  history: (answer) => none(answer, {
    prints: [], per_printer: [], totals: { prints_done: 0, prints_failed: 0, jobs_added: 0, jobs_completed: 0 },
  }),
  members: (answer) => none(answer, { members: answer.members.filter((one) => one.here) }),
  events: (answer) => none(answer, { events: [] }),
};

await play(async (stage) => {
  const found = /** @type {string[]} */ ([]);
  for (const [kind, answers] of Object.entries({ crowded, empty })) {
    for (const [name, width, theme, locale] of /** @type {[string, number, string, string][]} */ ([
      ['phone', 390, 'light', 'de-DE'], ['desk', 1280, 'dark', 'en-GB'],
    ])) {
      const page = await stage.open(0, { width, height: 860, theme, locale, answers });
      for (const view of VIEWS) {
        await page.locator(`nav a[href="#${view}"]`).click();
        await page.locator(`nav a.on[href="#${view}"]`).waitFor();
        await page.waitForFunction(() => !/Loading…|Wird geladen/.test(document.body.textContent ?? ''));
        if (kind === 'crowded' && view === 'printers') await card(page, 'Voron 100').waitFor();
        if (kind === 'empty' && view === 'members') await page.locator('.members .note', { hasText: 'moonraker_netqueue' }).waitFor();
        if (kind === 'crowded' && view === 'plan') await page.locator('.never .blocked', { hasText: 'enclosed' }).first().waitFor();
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${kind} ${view} on a ${name} is ${over} pixels too wide`);
        if (name === 'phone') found.push(...(await barriers(page, `${kind} ${view}`)));
        await stage.picture(page, `panel-${kind}-${view}-${name}`);
      }
      await page.context().close();
    }
  }
  assert.deepEqual(found, []);
});
