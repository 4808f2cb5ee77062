// From an address that Moonraker trusts: an old login of the dashboard is in nobody's way.

import { play, row } from './stage.js';

await play(async (stage) => {
  const page = await stage.open(0, { quiet: true });
  await page.evaluate(() => localStorage.setItem('user-token-this', 'too.old.x'));
  await page.reload();
  await page.getByRole('button', { name: 'Add files' }).first().click();
  const buffer = Buffer.from('G28\n; trusted\n');
  await page.locator('input[type=file]').setInputFiles([{ name: 'trusted.gcode', mimeType: 'text/plain', buffer }]);
  await page.locator('dialog footer .primary').click();
  await row(page, 'trusted.gcode').waitFor();
});
