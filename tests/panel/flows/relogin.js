// A login ends in the middle of work: the page says so, keeps what was typed, and goes on
// after the next one.

import assert from 'node:assert/strict';
import { barriers, play, row } from './stage.js';

const STRANGER = { 'X-Real-IP': '203.0.113.9' };
const TOKEN = 'netqueue.access_token';
const PASSWORD = 'a good password';
const file = (name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`G28\n; ${name}\n`) });

await play(async (stage) => {
  const page = await stage.open(0, { quiet: true, headers: STRANGER });
  await page.evaluate(() => Object.assign(window, { sameAsBefore: true }));
  const logIn = async () => {
    await page.getByLabel('User').fill('anna');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in', exact: true }).last().click();
  };
  await logIn();
  const add = page.getByRole('button', { name: 'Add files' }).first();

  // only the token is too old, the login is not: nobody notices
  await add.click();
  await page.evaluate((key) => sessionStorage.setItem(key, 'too.old.x'), TOKEN);
  await page.locator('input[type=file]').setInputFiles([file('first.gcode')]);
  await page.locator('dialog footer .primary').click();
  await row(page, 'first.gcode').getByText('anna').waitFor();

  // logged out elsewhere, while a job is described here
  await add.click();
  await page.locator('input[type=file]').setInputFiles([file('second.gcode')]);
  await page.getByText('Priority, due date, requirements, note').click();
  const note = page.getByLabel('Note to whoever stands at the printer');
  await note.fill('glue first');
  const status = await page.evaluate(async (key) => {
    const Authorization = `Bearer ${sessionStorage.getItem(key)}`;
    return (await fetch('/access/logout', { method: 'POST', headers: { Authorization } })).status;
  }, TOKEN);
  assert.equal(status, 200);
  await page.getByRole('heading', { name: 'Log in again' }).waitFor();
  await page.getByText('What you typed on the page is kept').waitFor();
  assert.deepEqual(await barriers(page, 'a login that ended'), []);
  await stage.picture(page, 'panel-relogin');

  // who does not log in now is told at what is not done, and asked again
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Log in again' }).waitFor({ state: 'detached' });
  await page.getByText('Your login has ended. What you see is how it was').waitFor();
  await page.locator('dialog footer .primary').click();
  await page.getByRole('heading', { name: 'Log in again' }).waitFor();
  await page.getByText('this was not done').waitFor();

  await page.getByLabel('User').fill('anna');
  await page.getByLabel('Password').fill('wrong password');
  await page.getByRole('button', { name: 'Log in', exact: true }).last().click();
  await page.locator('dialog').getByRole('alert').waitFor();
  await logIn();
  await page.getByRole('heading', { name: 'Log in again' }).waitFor({ state: 'detached' });
  assert.equal(await note.inputValue(), 'glue first');
  await page.locator('dialog footer .primary').click();
  await row(page, 'second.gcode').getByText('anna').waitFor();
  await page.getByText('connected', { exact: true }).first().waitFor();
  assert.equal(await page.getByText('Your login has ended. What you see').count(), 0);
  assert.ok(await page.evaluate(() => 'sameAsBefore' in window)); // it was never loaded anew
});
