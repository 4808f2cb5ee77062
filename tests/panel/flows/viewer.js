// A host is made a viewer on another one's page: it sees all, and what it tries is
// refused in words, above what was open.

import assert from 'node:assert/strict';
import { barriers, choose, play } from './stage.js';

const member = (page, name) => page.locator(`[data-member="${name}"]`);

await play(async (stage) => {
  const page = await stage.open(0, { hash: '#members' });
  const own = await member(page, 'printer1').innerText();
  assert.match(own, /this host/);
  await page.getByText('What do the roles mean?').click();
  await page.getByText('sees the queue, changes nothing, and gets no work').waitFor();

  // its own role: said before, and refused
  await choose(member(page, 'printer1'), 'Make it a viewer');
  await page.getByText('A host does not set its own role: this will be refused').waitFor();
  await page.locator('dialog footer .primary').click();
  await page.locator('dialog .toast.error', { hasText: 'does not set its own role' }).waitFor();
  assert.deepEqual(await barriers(page, 'a refusal above a dialog'), []);
  await page.locator('dialog .toast.error button').last().click(); // it can be closed there
  await page.locator('.toast').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');

  await choose(member(page, 'printer3'), 'Make it a viewer');
  await page.getByText('printer3 will see the queue and change nothing').waitFor();
  assert.deepEqual(await barriers(page, 'a role'), []);
  await stage.picture(page, 'panel-role');
  await page.locator('dialog footer .primary').click();
  await member(page, 'printer3').getByText('viewer', { exact: true }).waitFor();

  const viewer = await stage.open(2, { locale: 'de-DE' });
  await viewer.getByText('Dieser Rechner sieht nur zu').waitFor();
  await viewer.getByRole('button', { name: 'Anhalten' }).click();
  await viewer.locator('.toast.error', { hasText: 'sieht dieser Warteschlange nur zu' }).waitFor();
  assert.deepEqual(await barriers(viewer, 'a viewer'), []);

  await choose(member(page, 'printer3'), 'Let it print and change the queue');
  await page.locator('dialog footer .primary').click();
  await member(page, 'printer3').getByText('viewer', { exact: true }).waitFor({ state: 'detached' });
  await viewer.getByText('Dieser Rechner sieht nur zu').waitFor({ state: 'detached' });
});
