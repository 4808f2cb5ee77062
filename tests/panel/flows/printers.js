// A print ends, its bed is cleared on another host's page, and the next one starts.

import assert from 'node:assert/strict';
import { barriers, card, choose, play, until } from './stage.js';

await play(async (stage) => {
  const page = await stage.open(0);
  const other = await stage.open(1, { hash: '#printers' });
  const first = card(page, 'printer1');
  await first.getByText('bed not clear').waitFor();
  await card(other, 'printer1').getByRole('button', { name: 'I cleared it' }).click();
  await page.locator('.job', { hasText: 'quick.gcode' }).getByText('1 of 2 done').waitFor();
  await first.getByRole('button', { name: 'I cleared it' }).waitFor(); // it is on the bed
  await other.getByRole('link', { name: 'History' }).click();
  await other.locator('td', { hasText: 'quick.gcode' }).first().waitFor();

  // its camera, and another host's; the third has none
  await page.locator('.camera img').nth(1).waitFor();
  assert.equal(await card(page, 'printer3').locator('.camera img').count(), 0);
  assert.ok(await card(page, 'printer2').getByAltText('camera of printer2').isVisible());
  assert.ok(stage.pictured.every((url) => url.startsWith('http://127.0.0.1/shot?')), stage.pictured.join());

  await choose(first, 'Take no more work');
  await first.getByText('takes no work').waitFor();
  await first.getByRole('button', { name: 'Take work again' }).click();
  await until(async () => !(await first.getByText('takes no work').count()), 'takes work again');

  await choose(first, 'Material and settings');
  await page.getByLabel('Loaded now').fill('PLA:black');
  await page.getByLabel('Grams left').fill('350');
  await page.locator('dialog footer .primary').click();
  await first.getByText('PLA:black').waitFor();
  await first.getByText('350 g left').waitFor();

  await page.getByRole('button', { name: 'Pause' }).click();
  await other.getByText('The queue is paused').waitFor();
  await other.getByRole('button', { name: 'Resume queue' }).first().click();
  await until(async () => !(await page.getByText('The queue is paused').count()), 'resumed');

  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByLabel('Title', { exact: true }).fill('Back room');
  await page.getByRole('button', { name: 'Add hours' }).click();
  await page.getByLabel('Saturday').check({ force: true });
  await page.getByLabel('From', { exact: true }).fill('07:30');
  await page.getByLabel('Until', { exact: true }).fill('16:00');
  await page.getByRole('button', { name: 'Add a share' }).click();
  await page.locator('.share').getByLabel('For whom').fill('anna');
  await page.getByLabel('Share', { exact: true }).fill('3');
  await page.getByRole('button', { name: 'Save' }).click();
  await other.getByRole('heading', { name: 'Back room' }).waitFor();
  await other.getByRole('link', { name: 'Settings' }).click();
  await other.locator('.share').waitFor();
  assert.equal(await other.locator('.share').getByLabel('For whom').inputValue(), 'anna');
  assert.equal(await other.getByLabel('Share', { exact: true }).inputValue(), '3');
  assert.equal(await other.getByLabel('Until', { exact: true }).inputValue(), '16:00');
  assert.ok(await other.getByLabel('Saturday').isChecked());
  assert.ok(!(await other.getByLabel('Sunday').isChecked()));
  assert.deepEqual(await barriers(other, 'hours and shares'), []);
  await stage.picture(other, 'panel-hours');
  await other.getByRole('button', { name: 'Remove hours 1' }).click();
  await other.getByRole('button', { name: 'Remove the share of anna' }).click();
  await other.getByRole('button', { name: 'Save' }).click();
  await page.reload();
  await page.getByText('No hours: somebody is always there').waitFor();
  await page.getByText('No shares: nobody is held back').waitFor();
  await page.getByRole('link', { name: 'Log' }).click();
  await page.locator('.log-what').first().waitFor();
});
