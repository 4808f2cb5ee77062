// A browser for the flows, and what they have in common.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-features=LocalNetworkAccessChecks', // a page that a flow makes up has no address
];
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="90"><rect width="160" height="90" fill="teal"/></svg>';
const PATH = '/server/netqueue/panel';
const LONG = 60_000; // a machine may be busy

/** What the test around us does: it gets a line and answers with one. */
let lines = /** @type {any} */ (null);
export async function ask(line) {
  lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  console.log(`ask: ${line}`);
  const { value } = await lines.next();
  assert.equal(value, 'done');
}

export class Stage {
  constructor(urls, browser, pictures, variant = '') {
    this.urls = urls;
    this.browser = browser;
    this.pictures = pictures;
    this.variant = variant; // of the flow, which the test around it chose
    this.complaints = [];
    this.pictured = []; // what was asked for of cameras, which a flow's pages are given
  }

  /**
   * A page of a host; `quiet` lets it complain, as one does whose host dies; `answers` by
   * names of calls change what the component answers.
   */
  async open(host = 0, { hash = '', width = 1280, height = 860, theme = 'dark', locale = 'en-GB',
    quiet = false, touch = false, answers = null } = {}) {
    const context = await this.browser.newContext({
      viewport: { width, height }, locale, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce',
      hasTouch: touch, isMobile: touch,
    });
    await context.addInitScript((chosen) => localStorage.setItem('netqueue.theme', chosen), theme);
    const page = await context.newPage();
    page.setDefaultTimeout(LONG);
    if (!quiet) {
      page.on('console', (message) => {
        if (message.type() === 'error') this.complaints.push(message.text());
      });
      page.on('pageerror', (error) => this.complaints.push(String(error.stack)));
    }
    await page.route('**/shot?*', (route) => {
      this.pictured.push(route.request().url());
      return route.fulfill({ contentType: 'image/svg+xml', body: PICTURE });
    });
    if (answers) await page.routeWebSocket(/websocket/, (socket) => changed(socket, answers));
    await page.goto(`${this.urls[host]}${PATH}${hash}`);
    return page;
  }

  async picture(page, name) {
    if (this.pictures) await page.screenshot({ path: `${this.pictures}/${name}.png` });
  }
}

/**
 * Pass on to a host what comes from an address that it does not trust, as nginx would: a
 * browser adds headers of a flow to no websocket. @returns where it listens
 */
export async function fromStranger(url) {
  const asked = (request) => {
    const headers = { ...request.headers, 'X-Real-IP': '203.0.113.9' };
    return http.request(url + request.url, { method: request.method, headers });
  };
  const server = http.createServer((request, response) => {
    const passed = asked(request).on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  server.on('upgrade', (request, socket) => {
    const passed = asked(request).on('upgrade', (answer, peer) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      for (const end of [peer, socket]) end.on('error', () => socket.destroy());
      peer.pipe(socket).pipe(peer);
    });
    passed.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  server.unref();
  return `http://127.0.0.1:${/** @type {any} */ (server.address()).port}`;
}

export const rows = (page) => page.locator('.job');
export const row = (page, name) =>
  page.locator('.job', { has: page.getByRole('button', { name, exact: true }) });
export const card = (page, name) => page.locator(`main [data-printer="${name}"]`).first();

/** The names of the jobs from top to bottom. */
export const names = (page) => page.locator('.job .job-name .plain').allTextContents();

/** What a printer's screen was told of dialogs, oldest first. */
export async function dialogs(url) {
  const { result } = await (await fetch(`${url}/server/gcode_store?count=1000`)).json();
  return result.gcode_store.map((one) => one.message).filter((line) => line.startsWith('// action:prompt_'));
}

/** Wait until a condition holds; it is asked again and again. */
export async function until(condition, what) {
  for (const end = Date.now() + LONG; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`not after ${LONG} ms: ${what}`);
}

/** Drag by a finger, from the middle of one place to that of another. */
export async function dragByTouch(page, from, to) {
  const middle = async (place) => {
    const box = await place.boundingBox();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  };
  const [start, end] = [await middle(from), await middle(to)];
  const session = await page.context().newCDPSession(page);
  const touch = (type, points) => session.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  await touch('touchStart', [start]);
  const STEPS = 16;
  for (let step = 1; step <= STEPS; step++) {
    const part = step / STEPS;
    await touch('touchMove', [{ x: start.x + part * (end.x - start.x), y: start.y + part * (end.y - start.y) }]);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await touch('touchEnd', []);
}

/** Choose an entry of a row's or card's menu. */
export async function choose(place, entry) {
  await place.locator('.menu > button').click();
  await place.getByRole('menuitem', { name: entry }).click();
}

/** What axe-core finds wrong with a page. */
export async function barriers(page, what) {
  await page.evaluate(AXE); // no <script>: the page's policy forbids it
  const found = await page.evaluate(() => /** @type {any} */ (window).axe.run());
  const told = found.violations.map(
    (one) => `${what}: ${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`,
  );
  return told;
}

/** Let the answers to some calls be other ones. */
function changed(socket, answers) {
  const calls = new Map();
  const host = socket.connectToServer();
  socket.onMessage((text) => {
    const { id, method } = JSON.parse(text);
    calls.set(id, method.replace('server.netqueue.', ''));
    host.send(text);
  });
  host.onMessage((text) => {
    const message = JSON.parse(text);
    const change = message.result && answers[calls.get(message.id)];
    socket.send(change ? JSON.stringify({ ...message, result: change(message.result) }) : text);
  });
}

/** Run a flow; node's exit code says how it went. */
export async function play(flow) {
  const { urls, pictures, variant } = JSON.parse(process.argv[2]);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
  const stage = new Stage(urls, browser, pictures, variant);
  try {
    await flow(stage);
    assert.deepEqual(stage.complaints, []);
  } catch (error) {
    for (const page of browser.contexts().flatMap((context) => context.pages())) {
      console.log(`${page.url()} shows:\n${await page.locator('body').innerText()}\n`);
    }
    throw error;
  } finally {
    await browser.close();
    process.stdin.destroy();
  }
}
