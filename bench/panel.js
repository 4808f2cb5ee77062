// See bench/panel.py.

import { chromium } from 'playwright-core';
import { FLAGS } from '../tests/panel/flows/stage.js';

const { urls, looks, changes } = JSON.parse(process.argv[2]);
const PATH = '/server/netqueue/panel';
const PRINTERS = 100;

/** More printers than there are, in the answers that name all of them. */
async function manyPrinters(page) {
  await page.routeWebSocket(/\/websocket/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const message = JSON.parse(String(text));
      const printers = message.result?.printers;
      if (printers) {
        for (let n = printers.length; n < PRINTERS; n++) {
          printers.push({ ...printers[0], printer_id: `more${n}`, name: `more ${n}`, prints: [] });
        }
        socket.send(JSON.stringify(message));
      } else socket.send(text);
    });
  });
}

const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1];
const told = (name, values, unit) =>
  console.log(`${name}: median ${Math.round(quantile(values, 0.5))}, p99 ${Math.round(quantile(values, 0.99))}, ` +
    `most ${Math.round(Math.max(...values))} ${unit} (${values.length})`);

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
const usable = [];
const all = [];
let bytes = 0;
for (let look = 0; look < looks; look++) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  bytes = 0;
  session.on('Network.loadingFinished', (event) => {
    bytes += event.encodedDataLength;
  });
  await manyPrinters(page);
  await page.addInitScript(() => {
    const seen = /** @type {any} */ (window);
    new MutationObserver(() => {
      if (!seen.usable && document.querySelector('.job .menu') && document.querySelector('.printer')) {
        seen.usable = performance.now();
      }
      if (!seen.all && document.body.textContent?.includes('1000 jobs')) seen.all = performance.now();
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  await page.goto(urls[0] + PATH);
  await page.waitForFunction(() => /** @type {any} */ (window).all);
  usable.push(await page.evaluate(() => /** @type {any} */ (window).usable));
  all.push(await page.evaluate(() => /** @type {any} */ (window).all));
  if (look < looks - 1) await context.close();
}
told('usable', usable, 'ms');
told('all 1000 jobs there', all, 'ms');
console.log(`over the wire: ${Math.round(bytes / 1000)} kB`);

const other = await (await browser.newContext()).newPage();
await other.goto(urls[1] + PATH);
await other.getByText('1000 jobs').waitFor();
const { result } = await (await fetch(`${urls[0]}/server/netqueue/jobs?limit=1`)).json();
const [job] = result.jobs;
const seen = [];
for (let n = 0; n < changes; n++) {
  const shown = other.evaluate(
    (note) => new Promise((resolve) => {
      const look = () => document.querySelector('.note-mark')?.textContent?.includes(note) && resolve(Date.now());
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    }),
    `note ${n}.`,
  );
  const began = Date.now();
  await fetch(`${urls[0]}/server/netqueue/job`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ job_id: job.job_id, note: `note ${n}.` }),
  });
  seen.push(Number(await shown) - began);
}
told("a change on one host, seen on another's page", seen, 'ms');
await browser.close();
