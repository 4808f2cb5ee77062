// What Lighthouse says of the page's accessibility, of some views; of all that there are in
// both sizes as variant `all`. axe-core, in looks.js, sees every view.

import assert from 'node:assert/strict';
import { snapshot } from 'lighthouse';
import puppeteer from 'puppeteer-core';
import { FLAGS } from './stage.js';

const LAPTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const SOME = /** @type {[string, typeof LAPTOP][]} */ ([['jobs', LAPTOP], ['settings', LAPTOP], ['printers', PHONE]]);
const VIEWS = ['jobs', 'printers', 'plan', 'history', 'members', 'settings', 'log'];
const ALL = VIEWS.flatMap((view) => [LAPTOP, PHONE].map((size) => /** @type {[string, typeof LAPTOP]} */ ([view, size])));
const LONG = 60_000;

const { urls, variant } = JSON.parse(process.argv[2]);
const browser = await puppeteer.launch({
  executablePath: '/usr/bin/chromium', args: FLAGS, protocolTimeout: 3 * LONG,
});
const found = /** @type {string[]} */ ([]);
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(LONG);
  for (const [view, viewport] of variant === 'all' ? ALL : SOME) {
    await page.setViewport(viewport);
    await page.goto(`${urls[0]}/server/netqueue/panel#${view}`);
    await page.waitForSelector('main .card');
    await page.waitForFunction(() => !document.body.textContent?.includes('Loading…'));
    const told = await snapshot(page, {
      flags: {
        onlyCategories: ['accessibility'],
        disableFullPageScreenshot: true,
        screenEmulation: { disabled: true },
        logLevel: 'error',
      },
    });
    assert.ok(told, view);
    const { categories, audits } = told.lhr;
    assert.equal(typeof categories.accessibility.score, 'number', view);
    console.log(`${view} ${viewport.width} px: ${100 * categories.accessibility.score}`);
    if (categories.accessibility.score === 1) continue;
    const wrong = Object.values(audits).filter((one) => one.score === 0);
    found.push(`${view}: ${wrong.map((one) => `${one.id} ${JSON.stringify(one.details)}`).join('; ')}`);
  }
} finally {
  await browser.close();
  process.stdin.destroy();
}
assert.deepEqual(found, []);
