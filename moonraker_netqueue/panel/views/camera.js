// What a printer's camera sees: asked for only while it is in view, and seldom.

import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { pictureUrl, turned, webServer } from '../core/camera.js';
import { Refused } from '../core/connection.js';
import { t } from '../core/text.js';

const REST = 10_000; // ms between two pictures
const LONG_REST = 60_000; // after one that did not come

async function find(session, printerId) {
  try {
    return (await session.call('camera', { printer_id: printerId })).camera;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return null; // out of reach, or of a version that does not tell
  }
}

export function Camera({ session, printer, address }) {
  const box = useRef(/** @type {any} */ (null));
  const [shown, setShown] = useState(/** @type {any} */ (null)); // {src, turn}
  const server = address?.here ? `${location.origin}/` : address?.address && webServer(address.address);
  useEffect(() => {
    if (!server) return undefined;
    let timer = 0;
    let turn = 0; // a look that began before it went out of view is of no use
    const look = async (mine) => {
      const camera = document.hidden ? null : await find(session, printer.printer_id);
      const url = camera && pictureUrl(camera.snapshot_url, server, address.here);
      url?.searchParams.set('cacheBust', String(Date.now()));
      const came = url && (await loads(url.href));
      if (mine !== turn) return;
      if (!document.hidden) setShown(came ? { src: url.href, turn: turned(camera) } : null);
      timer = setTimeout(() => look(mine), came || document.hidden ? REST : LONG_REST);
    };
    const stop = () => {
      turn += 1;
      clearTimeout(timer);
    };
    const observer = new IntersectionObserver((entries) => {
      stop();
      if (entries.at(-1)?.isIntersecting) look(turn);
    });
    observer.observe(box.current);
    return () => {
      stop();
      observer.disconnect();
    };
  }, [printer.printer_id, server]);
  return html`<div class="camera" ref=${box}>${shown &&
    html`<img src=${shown.src} style=${{ transform: shown.turn }}
      alt=${t('printer.camera', { name: printer.name })} />`}</div>`;
}

/** Whether a picture comes; then the browser has it for the page. */
function loads(url) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(true);
    image.onerror = () => resolve(false);
    image.src = url;
  });
}
