// Names with markup in them are letters like any others; and the page's policy holds.

import assert from 'node:assert/strict';
import { play, until } from './stage.js';

const VIEWS = ['jobs', 'printers', 'plan', 'history', 'members', 'settings', 'log'];
const MARK = /<img src=x onerror=/;

/** What is in the fields of the page. */
const values = (page) => page.locator('input, textarea').evaluateAll((all) => all.map((one) => one.value));

/** What no name may have made. */
async function made(page) {
  return page.evaluate(() => ({
    ran: 'ran' in window,
    elements: document.querySelectorAll('img[src="x"], svg[onload], iframe, [onerror], [onload], b i u').length,
  }));
}

await play(async (stage) => {
  const page = await stage.open(0, { quiet: true });
  page.on('dialog', () => assert.fail('a dialog of a script'));
  await page.getByText(MARK).first().waitFor();
  const seen = /** @type {string[]} */ ([]);
  for (const view of VIEWS) {
    await page.locator(`nav a[href="#${view}"]`).click();
    await page.waitForFunction(() => !document.body.textContent.includes('Loading…'));
    if (['jobs', 'printers', 'history', 'log', 'members'].includes(view)) {
      await page.locator('main').getByText(MARK).first().waitFor();
    }
    if (view === 'settings') {
      await until(async () => (await values(page)).some((one) => MARK.test(one)), 'the title');
    }
    assert.deepEqual(await made(page), { ran: false, elements: 0 }, view);
    seen.push(view);
  }
  assert.deepEqual(seen, VIEWS);
  await page.locator('nav a[href="#jobs"]').click();
  await page.locator('.job button.plain, .job .job-name button').first().click(); // the job itself
  await page.getByText('a note').first().waitFor();
  assert.deepEqual(await made(page), { ran: false, elements: 0 });

  // the policy: no script in the page, none from elsewhere, no frame, no form
  const broken = await page.evaluate(async () => {
    const told = /** @type {string[]} */ ([]);
    document.addEventListener('securitypolicyviolation', (event) => told.push(event.effectiveDirective));
    const add = (name, fields) => document.body.append(Object.assign(document.createElement(name), fields));
    add('script', { textContent: 'window.ran = 1' });
    add('script', { src: 'http://127.0.0.1:9/evil.js' });
    add('iframe', { src: 'http://127.0.0.1:9/' });
    add('object', { data: 'http://127.0.0.1:9/' });
    add('div', { innerHTML: '<img src=x onerror="window.ran = 1">' });
    await fetch('http://127.0.0.1:9/').catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return { ran: 'ran' in window, told: [...new Set(told)].sort() };
  });
  assert.equal(broken.ran, false);
  for (const rule of ['connect-src', 'frame-src', 'object-src', 'script-src-attr', 'script-src-elem']) {
    assert.ok(broken.told.includes(rule), `${rule}: ${broken.told}`);
  }
});
