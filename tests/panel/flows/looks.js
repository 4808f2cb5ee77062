// Every view in dark and light, wide and narrow: accessible, and pictures for the docs.

import assert from 'node:assert/strict';
import { barriers, card, play, row } from './stage.js';

const VIEWS = ['jobs', 'printers', 'plan', 'history', 'members', 'settings', 'log'];

async function settled(page) {
  await page.waitForFunction(() => !document.body.textContent.includes('Loading…'));
  await page.waitForTimeout(300); // pictures of files
}

async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${what} is ${over} pixels too wide`);
}

await play(async (stage) => {
  const found = /** @type {string[]} */ ([]);
  const accessible = async (page, what) => found.push(...(await barriers(page, what)));
  for (const theme of ['dark', 'light']) {
    const page = await stage.open(0, { theme });
    await row(page, 'bracket.gcode').locator('img').waitFor();
    await card(page, 'printer1').locator('.live').waitFor();
    await card(page, 'printer1').getByText('printing', { exact: true }).waitFor();
    for (const view of VIEWS) {
      await page.locator(`nav a[href="#${view}"]`).click();
      await settled(page);
      await accessible(page, `${view}, ${theme}`);
      await fits(page, view);
      await stage.picture(page, theme === 'dark' ? `panel-${view}` : `panel-${view}-light`);
    }
    await page.locator('nav a[href="#jobs"]').click();
    await page.getByRole('button', { name: 'hook.gcode', exact: true }).click();
    await page.getByText('What holds it on each printer').waitFor();
    await accessible(page, `a job, ${theme}`);
    if (theme === 'dark') await stage.picture(page, 'panel-job');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Add files' }).first().click();
    await page.getByRole('button', { name: 'On this printer' }).click();
    await page.locator('.pick button', { hasText: 'gear.gcode' }).click();
    await accessible(page, `add, ${theme}`);
    if (theme === 'dark') await stage.picture(page, 'panel-add');
    await page.context().close();
  }
  for (const [name, width, height] of [['phone', 390, 844], ['wall', 1920, 1080]]) {
    const page = await stage.open(0, { width, height });
    await row(page, 'bracket.gcode').locator('img').waitFor();
    for (const view of VIEWS) {
      await page.locator(`nav a[href="#${view}"]`).click();
      await settled(page);
      await fits(page, `${view} on a ${name}`);
      if (['jobs', 'printers'].includes(view)) await stage.picture(page, `panel-${view}-${name}`);
    }
    await accessible(page, name);
    await page.context().close();
  }
  const german = await stage.open(0, { locale: 'de-DE' });
  await german.getByRole('button', { name: 'Dateien hinzufügen' }).waitFor();
  assert.equal(await german.locator('html').getAttribute('lang'), 'de');
  assert.deepEqual(found, []);
});
