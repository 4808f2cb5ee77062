// Where the picture of a printer's camera is. Pure.

const ITSELF = ['localhost', '127.0.0.1', '[::1]'];

/** The web server of a host, by the address that its link has. */
export function webServer(address) {
  return `http://${address.includes(':') ? `[${address}]` : address}/`;
}

/**
 * The URL of a camera's picture, or null for one that the page does not load: of another
 * host it takes what that host itself serves, and no URL that points anywhere else.
 * @param {string} snapshotUrl as the printer's Moonraker lists it
 * @param {string} server the web server of the printer's host
 * @param {boolean} here whether that is the host that this page is of
 * @returns {URL | null}
 */
export function pictureUrl(snapshotUrl, server, here) {
  if (!URL.canParse(snapshotUrl, server)) return null;
  const url = new URL(snapshotUrl, server);
  const { hostname } = new URL(server);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  if (ITSELF.includes(url.hostname)) url.hostname = hostname;
  return here || url.hostname === hostname ? url : null;
}

/** How the picture is turned, as a CSS transform. */
export function turned(camera) {
  const flips = [camera.flip_horizontal && 'scaleX(-1)', camera.flip_vertical && 'scaleY(-1)'];
  return [camera.rotation && `rotate(${camera.rotation}deg)`, ...flips].filter(Boolean).join(' ');
}
