// Add, edit, hold, reorder, search, remove and undo; another host's page sees it.

import assert from 'node:assert/strict';
import { choose, names, play, row, rows, until } from './stage.js';

const file = (name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`; ${name}\nG28\nG4 P9\n`) });

async function add(page, files, fill = async () => {}) {
  await page.getByRole('button', { name: 'Add files' }).first().click();
  await page.locator('input[type=file]').setInputFiles(files.map(file));
  await fill();
  await page.locator('dialog footer .primary').click();
  await page.locator('dialog').waitFor({ state: 'detached' });
}

await play(async (stage) => {
  const page = await stage.open(0);
  const other = await stage.open(1);
  await page.getByText('Nothing to print').waitFor();

  await add(page, ['one.gcode'], async () => {
    await page.getByLabel('Copies of one.gcode').fill('3');
    await page.getByText('Priority, due date').click();
    await page.getByLabel('For whom').fill('anna');
  });
  await row(page, 'one.gcode').getByText('0 of 3 done').waitFor();
  await row(other, 'one.gcode').getByText('anna').waitFor();

  await add(page, ['two.gcode', 'three.gcode']);
  await add(page, ['box.gcode', 'lid.gcode'], async () => {
    await page.getByLabel('one kit').check();
    assert.equal(await page.getByLabel('Name').first().inputValue(), 'box, lid');
    await page.getByLabel('Name').first().fill('box and lid');
  });
  await until(async () => (await rows(other).count()) === 4, 'four jobs');
  await row(page, 'box and lid').getByText('kit of 2').waitFor();
  assert.deepEqual(await names(other), ['one.gcode', 'two.gcode', 'three.gcode', 'box and lid']);

  // with the mouse
  await page.waitForFunction(() => 'Sortable' in globalThis); // it comes after the first picture
  const handle = await row(page, 'box and lid').locator('.handle').boundingBox();
  const target = await row(page, 'one.gcode').boundingBox();
  await page.mouse.move(handle.x + 8, handle.y + 20);
  await page.mouse.down();
  await page.mouse.move(handle.x + 8, handle.y - 20, { steps: 4 });
  await page.mouse.move(handle.x + 8, target.y + 8, { steps: 12 });
  await page.mouse.up();
  const moved = ['box and lid', 'one.gcode', 'two.gcode', 'three.gcode'];
  await until(async () => (await names(other)).join() === moved.join(), 'moved by mouse');
  await until(async () => (await names(page)).join() === moved.join(), 'shown where it was dropped');

  // with the keyboard
  await row(page, 'three.gcode').locator('.handle').press('ArrowUp');
  await until(async () => (await names(other))[2] === 'three.gcode', 'moved by keyboard');

  // edit
  await page.getByRole('button', { name: 'two.gcode', exact: true }).click();
  await page.getByLabel('Copies', { exact: true }).fill('7');
  await page.getByLabel('Note to whoever').fill('blue, please');
  await page.locator('dialog footer .primary').click();
  await row(other, 'two.gcode').getByText('0 of 7 done').waitFor();
  await row(other, 'two.gcode').getByText('blue, please').waitFor();
  await choose(row(page, 'two.gcode'), 'Hold');
  await row(other, 'two.gcode').locator('.chip', { hasText: 'on hold' }).waitFor();

  // several at once
  await row(page, 'one.gcode').getByRole('checkbox').check();
  await row(page, 'three.gcode').getByRole('checkbox').check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Edit' }).click();
  await page.locator('#batch').getByLabel('Priority').fill('2');
  await page.locator('dialog footer .primary').click();
  await until(async () => (await other.locator('.chip', { hasText: '+2' }).count()) === 2, 'two priorities');
  await page.getByRole('button', { name: 'Choose none' }).click();

  // from the files that the queue knows, on another host
  await other.getByRole('button', { name: 'Add files' }).first().click();
  await other.getByRole('button', { name: 'On all hosts' }).click();
  await other.locator('.pick button', { hasText: 'lid.gcode' }).click();
  await other.locator('dialog footer .primary').click();
  await row(page, 'lid.gcode').waitFor();

  // remove, and think again
  await choose(row(page, 'lid.gcode'), 'Remove');
  await until(async () => !(await names(page)).includes('lid.gcode'), 'hidden');
  await page.getByRole('button', { name: 'Undo' }).click();
  await row(page, 'lid.gcode').waitFor();
  const held = row(page, 'lid.gcode').locator('.chip', { hasText: 'on hold' });
  await until(async () => (await held.count()) === 0, 'as it was before');
  await choose(row(page, 'lid.gcode'), 'Remove');
  await until(async () => !(await names(other)).includes('lid.gcode'), 'removed everywhere');
  assert.equal(await page.locator('.toast.error').count(), 0);
});
