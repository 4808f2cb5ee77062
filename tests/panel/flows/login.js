// From an address that Moonraker does not trust: the page asks who it is.

import assert from 'node:assert/strict';
import { barriers, fromStranger, play, row } from './stage.js';

await play(async (stage) => {
  stage.urls[0] = await fromStranger(stage.urls[0]);
  const page = await stage.open(0, { quiet: true });
  await page.getByRole('heading', { name: 'Please log in' }).waitFor();
  await page.getByText('Moonraker does not trust this address').waitFor();
  assert.deepEqual(await barriers(page, 'login'), []);
  await stage.picture(page, 'panel-login');
  await page.getByLabel('User').fill('anna');
  await page.getByLabel('Password').fill('wrong password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password').fill('a good password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Add files' }).first().waitFor();
  await page.getByRole('button', { name: 'Add files' }).first().click();
  const buffer = Buffer.from('G28\nG4 P9\n');
  await page.locator('input[type=file]').setInputFiles([{ name: 'a.gcode', mimeType: 'text/plain', buffer }]);
  await page.locator('dialog footer .primary').click();
  await row(page, 'a.gcode').getByText('anna').waitFor(); // added in her name
  await page.reload();
  await row(page, 'a.gcode').waitFor(); // for as long as the tab is open
});
