// Where Moonraker lets nobody in without a login (force_logins): the page says so, takes the
// one that Fluidd keeps, and renews it. One that ends in the middle of work: the page says
// so, keeps what was typed, and goes on after the next one.

import assert from 'node:assert/strict';
import { barriers, play, row } from './stage.js';

const TOKEN = 'netqueue.access_token';
const PASSWORD = 'a good password';
const file = (name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`G28\n; ${name}\n`) });

/** A Fluidd of the same origin, which knows this printer and another one. */
async function withFluidd(stage) {
  const page = await stage.open(0, { quiet: true });
  const sent = /** @type {string[]} */ ([]);
  page.on('request', (request) => sent.push(request.postData() ?? ''));
  await page.getByText('Moonraker lets nobody in without a login').waitFor();
  assert.deepEqual(await barriers(page, 'a login of everybody'), []);
  await stage.picture(page, 'panel-forced');
  const fluidd = await page.context().newPage();
  await fluidd.goto(`${stage.urls[0]}/access/info`);
  await fluidd.evaluate(async (password) => {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ username: 'anna', password });
    const { result } = await (await fetch('/access/login', { method: 'POST', headers, body })).json();
    localStorage.setItem('refresh-token-this', result.refresh_token);
    localStorage.setItem('user-token-this', result.token);
    localStorage.setItem('refresh-token-other', 'secret of another');
    localStorage.setItem('user-token-other', 'of.another.x');
  }, PASSWORD);
  const add = page.getByRole('button', { name: 'Add files' }).first();
  await add.waitFor(); // by itself

  // its token is too old: renewed where Fluidd keeps it
  const age = () => fluidd.evaluate(() => localStorage.setItem('user-token-this', 'too.old.x'));
  const renewed = () => fluidd.evaluate(() => localStorage.getItem('user-token-this') !== 'too.old.x');
  await age();
  await add.click();
  await page.locator('input[type=file]').setInputFiles([file('dashboard.gcode')]);
  await page.locator('dialog footer .primary').click();
  await row(page, 'dashboard.gcode').getByText('anna').waitFor();
  assert.ok(await renewed());
  await age();
  await page.reload(); // which of the two is of this printer is not known now
  await page.getByRole('heading', { name: 'Please log in' }).waitFor();
  await fluidd.evaluate(() => localStorage.removeItem('user-token-other'));
  await row(page, 'dashboard.gcode').waitFor();
  assert.ok(await renewed());
  assert.equal(sent.filter((body) => body.includes('secret of another')).length, 0);
  await page.context().close();
}

await play(async (stage) => {
  await withFluidd(stage);
  const page = await stage.open(0, { quiet: true });
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
