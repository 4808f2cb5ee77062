// Other material is wanted: the printer's screen asks, the page has a button, and an
// answer given at either ends the question at the other.

import assert from 'node:assert/strict';
import { barriers, card, dialogs, play, until } from './stage.js';

const BEGIN = '// action:prompt_begin Load PETG?';

await play(async (stage) => {
  const [first, second] = stage.urls;
  const shown = async (url) => {
    const lines = await dialogs(url);
    return lines.lastIndexOf(BEGIN) > lines.lastIndexOf('// action:prompt_end');
  };
  const page = await stage.open(0, { hash: '#printers' });
  for (const [url, name] of [[first, 'printer1'], [second, 'printer2']]) {
    await card(page, name).getByRole('button', { name: 'I loaded PETG' }).waitFor();
    await until(() => shown(url), `the screen of ${name} asks`);
  }
  assert.deepEqual(await barriers(page, 'material'), []);
  await stage.picture(page, 'panel-material');

  // said on another host's page: the printer's screen asks no more
  const other = await stage.open(1, { hash: '#printers' });
  await card(other, 'printer1').getByRole('button', { name: 'I loaded PETG' }).click();
  await until(async () => !(await shown(first)), 'the question ends on the screen');
  await card(page, 'printer1').getByRole('button', { name: 'I loaded PETG' }).waitFor({ state: 'detached' });

  // said on the printer's screen: the page asks no more
  const button = (await dialogs(second)).findLast((line) => line.includes('prompt_footer_button PETG is loaded'));
  assert.ok(button);
  const script = encodeURIComponent(button.split('|')[1]);
  assert.ok((await fetch(`${second}/printer/gcode/script?script=${script}`, { method: 'POST' })).ok);
  await card(page, 'printer2').getByRole('button', { name: 'I loaded PETG' }).waitFor({ state: 'detached' });
  await until(async () => !(await shown(second)), 'and its own question ends');
  await page.getByRole('link', { name: 'History' }).click();
  await until(async () => (await page.locator('td', { hasText: 'petg.gcode' }).count()) === 2, 'both are printed');
});
