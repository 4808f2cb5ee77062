// Hosts die and return: the page says so, and never more than is known.

import assert from 'node:assert/strict';
import { ask, barriers, card, play, until } from './stage.js';

await play(async (stage) => {
  const page = await stage.open(0, { quiet: true });
  const third = card(page, 'printer3');
  await third.getByText('bed not clear').waitFor();

  await ask('kill printer3');
  await third.getByText('offline').waitFor();
  await page.getByLabel('1 host missing or asking').waitFor();
  assert.equal(await page.getByText('out of reach: printer').count(), 0);

  await ask('kill printer2');
  await page.getByText('Most hosts of this queue are out of reach').waitFor();
  await page.getByRole('button', { name: 'Go on without them' }).first().click();
  const act = page.locator('dialog footer .danger-fill');
  await act.waitFor();
  assert.ok(await act.isDisabled()); // not before somebody says that they looked
  await page.getByText('First try to switch the missing on again').waitFor();
  assert.deepEqual(await barriers(page, 'recover'), []);
  await stage.picture(page, 'panel-recover');
  await page.getByRole('button', { name: 'Wait for them' }).click();

  // what it held, a person may decide; each choice says what it risks
  await card(page, 'printer2').getByRole('button', { name: 'Decide' }).click();
  await page.locator('.choice', { hasText: 'Print it again' }).getByText('made twice').waitFor();
  await page.locator('.choice', { hasText: 'It was made' }).getByText('one is missing').waitFor();
  assert.deepEqual(await barriers(page, 'decide'), []);
  await stage.picture(page, 'panel-decide');
  await page.locator('.choice', { hasText: 'Wait' }).click();
  await page.locator('dialog').waitFor({ state: 'detached' });

  await ask('start printer2');
  await ask('start printer3');
  await until(async () => !(await page.getByText('out of reach').count()), 'quorum is back');
  await until(async () => !(await third.getByText('offline').count()), 'printer3 is back');

  await ask('kill printer1');
  await page.getByText('The connection to this host is gone').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.locator('.toast.error', { hasText: 'Nothing was changed' }).waitFor();
  await ask('start printer1');
  await until(async () => !(await page.getByText('connection to this host is gone').count()), 'connected');
  const paused = page.getByText('The queue is paused');
  await until(async () => {
    // its component is still starting, which it says: a person tries again, too
    if (await paused.count()) return true;
    // once more is once too often: the button says something else by then
    await page.getByRole('button', { name: 'Pause' }).click({ timeout: 1000 }).catch(() => {});
    await page.waitForTimeout(1000);
    return false;
  }, 'it can be paused again');

  // what a printer held that does not come back: a person decides, and it is decided
  await ask('kill printer2');
  const held = card(page, 'printer2').locator('.undecided');
  let decided = 0; // none, if all that it printed had ended before it was killed
  await until(async () => {
    if (!(await held.count())) return (await card(page, 'printer2').getByText('offline').count()) > 0;
    decided += 1;
    const before = await held.innerText();
    await held.getByRole('button', { name: 'Decide' }).click();
    await page.locator('.choice', { hasText: 'It was made' }).click();
    await page.locator('dialog').waitFor({ state: 'detached' });
    await until(async () => !(await held.count()) || (await held.innerText()) !== before, 'one fewer');
    return false;
  }, 'all that it held is decided');
  await page.getByRole('link', { name: 'Log' }).click();
  await until(async () => (await page.locator('.log-what', { hasText: 'decided' }).count()) >= decided, 'all is in the log');
});
