// A host goes for good: what only it has, and what it has in hand, is said before; it is got
// here, ended in the gentle way, or given up.

import assert from 'node:assert/strict';
import { ask, barriers, choose, play, row } from './stage.js';

const member = (page, name) => page.locator(`[data-member="${name}"]`);
const hand = (page) => page.locator('dialog .in-hand li');

/** Cancel what a printer prints, as a person at it would. */
async function cancel(url) {
  const { result } = await (await fetch(`${url}/server/netqueue/printers`)).json();
  const [print] = result.printers.flatMap((one) => (one.name === 'printer2' ? one.prints : []));
  const body = JSON.stringify({ queue: result.queue, print_id: print.print_id, action: 'cancel' });
  const headers = { 'Content-Type': 'application/json' };
  assert.ok((await fetch(`${url}/server/netqueue/print`, { method: 'POST', headers, body })).ok);
}

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

  // it prints, and has the next copy reserved: said with what becomes of each, then ended
  await hand(page).getByText('it is printed to its end, but the queue does not hear').waitFor();
  await hand(page).getByText('printer2 prints it next all the same').waitFor();
  await stage.picture(page, 'panel-forget-printing');
  assert.deepEqual(await barriers(page, 'forget one that prints'), []);
  const german = await stage.open(1, { hash: '#members', locale: 'de-DE' });
  await choose(member(german, 'printer2'), 'verlassen'); // it cannot, and says so before
  await german.getByText('Er kann sie verlassen, wenn sie zu Ende sind').waitFor();
  assert.ok(await german.locator('dialog footer .danger-fill').isDisabled());
  await german.keyboard.press('Escape');
  const gently = page.locator('dialog .gently');
  await gently.getByRole('button', { name: 'Take no more work' }).click();
  await gently.getByText('Once its print has ended it can go').waitFor();
  await hand(page).getByText('prints it next').waitFor({ state: 'detached' }); // given back
  await cancel(stage.urls[1]);
  await gently.getByText('has no print in hand: nothing is made twice').waitFor();
  assert.equal(await page.locator('dialog [type=radio]').count(), 0);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await member(page, 'printer2').getByText('takes no more work, 0 prints left').waitFor();

  // one that is off takes it along: only after a person says that it may
  await ask('kill printer3');
  await member(page, 'printer3').getByText('missing').waitFor();
  await choose(member(german, 'printer3'), 'Vergessen');
  await german.getByText("kein anderer Rechner hat Datei 'only3.gcode'").waitFor();
  await choose(member(page, 'printer3'), 'Forget');
  await hand(page).getByText('it was being printed when printer3 went away').waitFor();
  assert.equal(await gently.count(), 0);
  await page.getByLabel('Print them again elsewhere').check();
  await losses.getByText("no other host has file 'only3.gcode'").waitFor();
  assert.ok(await act.isDisabled());
  await page.getByText('I read it: it may be lost.').click();
  await stage.picture(page, 'panel-forget');
  await act.click();
  await page.locator('.toast', { hasText: 'printer3 is no member any more' }).waitFor();
  await member(page, 'printer3').waitFor({ state: 'detached' });
  await member(german, 'printer3').waitFor({ state: 'detached' }); // it holds nothing any more

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
