// In a dashboard's card: its colours, light and dark, and it may frame nobody else's page.

import assert from 'node:assert/strict';
import { barriers, play, until } from './stage.js';

/** What stands for a dashboard: its theme classes and variables, and a card. */
const dashboard = (theme) => `<!doctype html><html lang="en"><head><title>Dashboard</title></head>
  <body style="margin:0;background:#121212;color:#fff"><main id="app" class="v-application theme--${theme}"
  style="--v-primary-base: #d51f26"><h1>Dashboard</h1><iframe title="Print queue" style="width:600px;height:450px;border:0"
  src="/server/netqueue/panel?embed=1"></iframe></main></body></html>`;

await play(async (stage) => {
  const page = await stage.open(0, { theme: 'auto' });
  await page.getByRole('button', { name: 'Add files' }).first().waitFor();
  await page.route('**/dashboard', (route) =>
    route.fulfill({ contentType: 'text/html', body: dashboard('light') }),
  );
  await page.goto(`${stage.urls[0]}/dashboard`);
  const card = page.frameLocator('iframe');
  await card.getByRole('button', { name: 'Add files' }).first().waitFor();
  const root = card.locator('html');
  assert.equal(await root.getAttribute('data-theme'), 'light');
  const primary = await root.evaluate((node) => getComputedStyle(node).getPropertyValue('--primary'));
  assert.equal(primary.trim(), '#d51f26');
  await page.locator('#app').evaluate((node) => {
    node.className = 'v-application theme--dark';
  });
  await until(async () => (await root.getAttribute('data-theme')) === 'dark', 'follows the dashboard');
  assert.deepEqual(await barriers(page, 'embedded'), []);

  // another origin may not show it: a click there could be meant for something else
  await page.route('**/elsewhere', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<iframe src="${stage.urls[0]}/server/netqueue/panel?embed=1"></iframe>`,
    }),
  );
  const before = stage.complaints.length;
  await page.goto(`${stage.urls[1]}/elsewhere`);
  await until(async () => stage.complaints.length > before, 'the policy forbids it');
  assert.match(stage.complaints.splice(before).join(), /frame-ancestors|Framing/);
});
