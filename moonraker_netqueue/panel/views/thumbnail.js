// The picture that a slicer put into a file.

import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { picture } from '../core/access.js';
import { Icon } from './icons.js';

const known = new Map(); // URL (or a promise of it) by name and content

async function find(session, item) {
  let metadata;
  try {
    metadata = await session.connection.call('server.files.metadata', { filename: item.name });
  } catch {
    return null; // no host that has it is on
  }
  const [best] = (metadata.thumbnails ?? [])
    .filter((one) => one.width >= 48)
    .sort((a, b) => a.width - b.width);
  if (!best) return null;
  const folder = item.name.split('/').slice(0, -1);
  const path = [...folder, ...best.relative_path.split('/')].reduce(
    (parts, part) => (part === '..' ? parts.slice(0, -1) : [...parts, part]),
    /** @type {string[]} */ ([]),
  );
  return picture(`/server/files/gcodes/${path.map(encodeURIComponent).join('/')}`);
}

export function Thumbnail({ session, item }) {
  const key = `${item.name} ${item.files[0]?.sha256}`;
  const [url, setUrl] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    let here = true;
    if (!known.has(key)) known.set(key, find(session, item));
    known.get(key).then((found) => {
      if (found === null) known.delete(key); // it may come later
      if (here) setUrl(found);
    });
    return () => {
      here = false;
    };
  }, [key]);
  return html`<span class="thumbnail">
    ${url ? html`<img src=${url} alt="" loading="lazy" />` : html`<${Icon} name="cube" />`}
  </span>`;
}
