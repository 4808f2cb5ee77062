// By fingers on a phone, and by keys alone: kits, alternatives, reorder, batch edit, undo.

import assert from 'node:assert/strict';
import { barriers, dragByTouch, names, play, row, until } from './stage.js';

const file = (name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`; ${name}\nG28\nG4 P9\n`) });

/** Press Tab until something has the focus: what a person without a mouse must do. */
async function tabTo(page, place, what) {
  for (let presses = 0; presses < 60; presses++) {
    if (await place.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`no way to ${what} by keys`);
}

async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${what} is ${over} pixels too wide`);
}

await play(async (stage) => {
  const phone = await stage.open(0, { width: 390, height: 844, touch: true });
  const desk = await stage.open(1);
  await phone.getByText('Nothing to print').waitFor();

  // a kit, and one part that is sliced for two models, by fingers
  await phone.getByRole('button', { name: 'Add files' }).first().tap();
  await phone.locator('input[type=file]').setInputFiles(['box.gcode', 'lid.gcode'].map(file));
  await phone.getByLabel('one kit').tap();
  await phone.getByLabel('Name').first().fill('box and lid');
  await phone.getByLabel('Copies of lid.gcode').fill('2');
  assert.deepEqual(await barriers(phone, 'a kit on a phone'), []);
  await phone.locator('dialog footer .primary').tap();
  await row(desk, 'box and lid').getByText('kit of 2').waitFor();
  await row(desk, 'box and lid').getByText('0 of 3 done').waitFor();

  await phone.locator('dialog').waitFor({ state: 'detached' });
  await phone.getByRole('button', { name: 'Add files' }).first().tap();
  await phone.locator('input[type=file]').setInputFiles(['arm-mk3.gcode', 'arm-voron.gcode'].map(file));
  await phone.getByLabel('one part, sliced for').tap();
  await phone.getByLabel('Name').first().fill('arm');
  await phone.getByLabel('Printer models that arm-mk3.gcode').fill('mk3');
  await phone.getByLabel('Printer models that arm-voron.gcode').fill('voron, trident');
  await fits(phone, 'alternatives on a phone');
  await stage.picture(phone, 'panel-models-phone');
  await phone.locator('dialog footer .primary').tap();
  await row(desk, 'arm').waitFor();
  await phone.locator('dialog').waitFor({ state: 'detached' });
  // its reason is cut off: a tap on it shows the whole, and it is read aloud with the name
  const why = row(phone, 'arm').locator('.job-why');
  await why.getByText('no printer fits').waitFor();
  assert.ok(await why.locator('span').evaluate((one) => one.scrollHeight > one.clientHeight), 'it is cut off');
  const name = phone.getByRole('button', { name: 'arm', exact: true });
  const whole = (await name.getAttribute('title')) ?? '';
  const shown = await why.boundingBox();
  assert.ok(shown);
  await phone.touchscreen.tap(shown.x + shown.width / 2, shown.y + shown.height / 2);
  await phone.locator('dialog .whole-why').getByText(whole).waitFor();
  assert.ok(['printer1', 'printer2', 'printer3'].every((one) => whole.includes(one)), whole);
  await fits(phone, 'a reason on a phone');
  await stage.picture(phone, 'panel-why-phone');
  await phone.getByText('sliced in 2 ways').waitFor();
  await phone.getByRole('button', { name: 'Cancel' }).tap();

  // reorder by a finger
  await phone.waitForFunction(() => 'Sortable' in globalThis);
  await dragByTouch(phone, row(phone, 'arm').locator('.handle'), row(phone, 'box and lid'));
  await until(async () => (await names(desk)).join() === 'arm,box and lid', 'moved by touch');
  await until(async () => (await names(phone)).join() === 'arm,box and lid', 'shown where it was dropped');

  // several at once by fingers: the place to tap is as large as one
  for (const name of ['arm', 'box and lid']) await row(phone, name).locator('.choose').tap();
  await fits(phone, 'two chosen jobs on a phone');
  await stage.picture(phone, 'panel-batch-phone');
  await phone.getByRole('toolbar').getByRole('button', { name: 'Edit' }).tap();
  await phone.locator('#batch').getByLabel('For whom').fill('anna');
  await phone.locator('dialog footer .primary').tap();
  await until(async () => (await desk.locator('.owner', { hasText: 'anna' }).count()) === 2, 'both are for anna');

  // all of it again by keys alone
  const box = row(desk, 'arm').getByRole('checkbox');
  await tabTo(desk, box, 'choose a job');
  await desk.keyboard.press('Space');
  await tabTo(desk, row(desk, 'box and lid').getByRole('checkbox'), 'choose another');
  await desk.keyboard.press('Space');
  await tabTo(desk, desk.getByRole('toolbar').getByRole('button', { name: 'Remove' }), 'remove them');
  await desk.keyboard.press('Enter');
  await until(async () => (await names(desk)).length === 0, 'both are hidden');
  await tabTo(desk, desk.getByRole('button', { name: 'Undo' }), 'undo');
  await desk.keyboard.press('Enter');
  await until(async () => (await names(desk)).length === 2, 'both are back');
  await until(async () => !(await phone.locator('.chip', { hasText: 'on hold' }).count()), 'as they were');
  assert.equal(await desk.locator('.toast.error').count(), 0);
});
