// A newcomer asks to get in, and is let in with the code that both ends show: the page
// and the printer's screen ask the same, and an answer at one ends it at the other.

import assert from 'node:assert/strict';
import { barriers, choose, dialogs, play, until } from './stage.js';

await play(async (stage) => {
  const page = await stage.open(0, { hash: '#members' });
  const asks = (name) => page.locator('main .note', { hasText: `${name} wants to join` });
  const codeOf = async (name) => {
    const [code] = /\d{3} ?\d{3}/.exec(await asks(name).innerText()) ?? [];
    assert.ok(code);
    return code;
  };
  const question = async (url = stage.urls[0]) => {
    const lines = await dialogs(url);
    const begun = lines.findLastIndex((line) => line.startsWith('// action:prompt_begin Let '));
    const asked = begun < 0 ? [] : lines.slice(begun);
    return asked.includes('// action:prompt_end') ? [] : asked;
  };
  const askedOf = async (url) => /begin Let (\S+) into queue/.exec((await question(url))[0] ?? '')?.[1];
  await asks('printer2').waitFor();
  const code = await codeOf('printer2');
  assert.deepEqual(await barriers(page, 'a newcomer'), []);
  await stage.picture(page, 'panel-newcomer');

  // all are new: the other page and both screens ask the same, and one yes is enough
  const newcomer = await stage.open(1);
  const notice = newcomer.locator('.banners .note', { hasText: 'printer1 is new here, too' });
  await notice.getByText(code).waitFor();
  await asks('printer2').getByText('one yes is enough').waitFor();
  for (const url of stage.urls.slice(0, 2)) await until(() => askedOf(url), `the screen of ${url} asks`);

  await asks('printer2').getByRole('button', { name: 'Let it in' }).click();
  await page.getByText('2 hosts', { exact: true }).waitFor();
  await asks('printer2').waitFor({ state: 'detached' });
  await notice.waitFor({ state: 'detached' });
  await until(async () => (await askedOf(stage.urls[1])) !== 'printer1', 'the other screen asks no more');

  // who is no newcomer any more is asked on its screen as well, of one after another
  await until(async () => ['printer3', 'printer4'].includes(await askedOf()), 'the screen asks');
  const first = await askedOf();
  const button = (await question()).find((line) => line.includes('prompt_footer_button Let in'));
  assert.ok(first && button);
  await asks(first).waitFor();
  const same = await codeOf(first);
  assert.ok((await question()).some((line) => line.includes(`the same code: ${same}`)));
  const script = encodeURIComponent(button.split('|')[1]);
  assert.ok((await fetch(`${stage.urls[0]}/printer/gcode/script?script=${script}`, { method: 'POST' })).ok);
  await page.getByText('3 hosts', { exact: true }).waitFor();
  await asks(first).waitFor({ state: 'detached' }); // answered on the screen: the page asks no more

  const second = first === 'printer3' ? 'printer4' : 'printer3';
  await until(async () => (await askedOf()) === second, 'the screen asks of the other one');
  await asks(second).getByRole('button', { name: 'Let it in' }).click();
  await page.getByText('4 hosts', { exact: true }).waitFor();
  await asks(second).waitFor({ state: 'detached' });
  await until(async () => !(await askedOf()), 'answered on the page: the screen asks no more');

  // who would forget the one that let them in hears of them first
  await newcomer.locator('nav a[href="#members"]').click();
  await choose(newcomer.locator('[data-member="printer1"]'), 'Forget');
  const letIn = newcomer.locator('dialog .let-in', { hasText: 'printer1 alone let these in' });
  for (const name of ['printer3', 'printer4']) await letIn.getByText(name).waitFor();
  assert.deepEqual(await barriers(newcomer, 'forget one that let others in'), []);
});
