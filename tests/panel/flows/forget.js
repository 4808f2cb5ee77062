// A host goes for good: what only it has is said before, and got here or given up.

import assert from 'node:assert/strict';
import { ask, barriers, choose, play, row } from './stage.js';

const member = (page, name) => page.locator(`[data-member="${name}"]`);

await play(async (stage) => {
  const page = await stage.open(0, { hash: '#members' });

  // while it is on, what only it has can be got here
  await choose(member(page, 'printer2'), 'Forget');
  const losses = page.locator('dialog .losses');
  await losses.getByText("no other host has file 'only2.gcode' of job 'only2.gcode'").waitFor();
  const act = page.locator('dialog footer .danger-fill');
  assert.ok(await act.isDisabled());
  assert.deepEqual(await barriers(page, 'forget'), []);
  await losses.getByRole('button', { name: 'Get them here first' }).click();
  await losses.waitFor({ state: 'detached' });
  assert.ok(await act.isEnabled());
  await page.getByRole('button', { name: 'Cancel' }).click();

  // one that is off takes it along: only after a person says that it may
  await ask('kill printer3');
  await member(page, 'printer3').getByText('missing').waitFor();
  const german = await stage.open(1, { hash: '#members', locale: 'de-DE' });
  await choose(member(german, 'printer3'), 'Vergessen');
  await german.getByText("kein anderer Rechner hat Datei 'only3.gcode'").waitFor();
  await choose(member(page, 'printer3'), 'Forget');
  await losses.getByText("no other host has file 'only3.gcode'").waitFor();
  assert.ok(await act.isDisabled());
  await page.getByText('I read it: it may be lost.').click();
  await stage.picture(page, 'panel-forget');
  await act.click();
  await page.locator('.toast', { hasText: 'printer3 is no member any more' }).waitFor();
  await member(page, 'printer3').waitFor({ state: 'detached' });
  await member(german, 'printer3').waitFor({ state: 'detached' });

  // where this host leaves a queue, the same is said
  await choose(member(page, 'printer1'), 'Leave this queue');
  await act.click();
  await page.locator('dialog .toast.error', { hasText: 'moonraker.conf names queue' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByLabel('Queue', { exact: true }).selectOption('spare');
  await choose(member(page, 'printer1'), 'Leave this queue');
  await losses.getByText("no other host has file 'spare.gcode'").waitFor();
  await losses.getByText('no other host is known to have the last').waitFor();
  assert.deepEqual(await barriers(page, 'leave'), []);
  await page.getByText('I read it: it may be lost.').click();
  await act.click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.locator('nav a[href="#jobs"]').click();
  await row(page, 'only2.gcode').waitFor(); // the queue that is left to show
});
