// A newcomer asks to get in, and is let in with the code that both ends show.

import assert from 'node:assert/strict';
import { barriers, play } from './stage.js';

await play(async (stage) => {
  const page = await stage.open(0, { hash: '#members' });
  await page.getByText('wants to join').waitFor();
  const [code] = /\d{3} ?\d{3}/.exec(await page.locator('.note', { hasText: 'wants to join' }).innerText()) ?? [];
  assert.ok(code);
  assert.deepEqual(await barriers(page, 'a newcomer'), []);
  await stage.picture(page, 'panel-newcomer');

  // the newcomer's own page shows the same code
  const newcomer = await stage.open(1);
  await newcomer.locator('.banners .note', { hasText: 'waits for a yes' }).getByText(code).waitFor();

  await page.getByRole('button', { name: 'Let it in' }).click();
  await page.getByText('2 hosts', { exact: true }).waitFor();
  await page.getByText('wants to join').waitFor({ state: 'detached' });
  await newcomer.locator('.banners .note', { hasText: 'waits for a yes' }).waitFor({ state: 'detached' });
});
