// Who we are to Moonraker: a login of this page's or of Fluidd's, or nobody. Mainsail has none.

/** Everything of Moonraker's is below this path. */
export const BASE = location.pathname.replace(/\/server\/netqueue\/panel\/?$/, '');

/**
 * A token is good for an hour; what renews it, for months.
 * @typedef {{store: Storage, token: string, renewal: string}} Login where both are kept
 */
/** @type {Login} of this tab */
const OWN = { store: sessionStorage, token: 'netqueue.access_token', renewal: 'netqueue.refresh_token' };
const FLUIDD = 'user-token-'; // then a hash of the address of one of its printers
const FLUIDD_RENEWAL = 'refresh-token-';

let used = /** @type {Login | null} */ (null); // by who is connected; null: nobody logged in

/** The calls that we may not do before somebody logs in. */
export class Denied extends Error {}

/** Whether what changed in the browser's storage may be a login. */
export const isLogin = (key) => Boolean(key?.startsWith(FLUIDD));

/** @returns {Login[]} this tab's, and those of a Fluidd of this origin */
function logins() {
  const kept = Object.keys(localStorage).filter(isLogin);
  const fluidd = kept.map((token) => ({ store: localStorage, token, renewal: token.replace(FLUIDD, FLUIDD_RENEWAL) }));
  return [OWN, ...fluidd].filter(({ store, token }) => store.getItem(token));
}

/**
 * Headers of a request in the name of a login.
 * @returns {Record<string, string>}
 */
export function headers(login = used) {
  const found = login?.store.getItem(login.token);
  return found ? { Authorization: `Bearer ${found}` } : {};
}

async function request(path, options = {}) {
  const response = await fetch(`${BASE}${path}`, options);
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  const text = answer?.error?.message ?? '';
  if (response.status === 401 || response.status === 403) throw new Denied(text);
  throw new Error(text || response.statusText);
}

const ask = async (path, options) => (await (await request(path, options)).json()).result;

/** A token for one connection, in the first name that Moonraker accepts. Throws Denied. */
export async function oneshot() {
  const known = logins();
  let denied;
  // Last of all without a login: an old one must not shut out an address that is trusted.
  for (const login of [...known, null]) {
    // Fluidd may know several printers: only where it is of this one, its renewal is sent here.
    const ours = login === OWN || login?.token === used?.token || known.filter((one) => one !== OWN).length === 1;
    try {
      const get = () => ask('/access/oneshot_token', { headers: headers(login) });
      const pass = await (ours ? again(login, get) : get());
      used = login;
      return pass;
    } catch (error) {
      if (!(error instanceof Denied)) throw error;
      denied = error;
    }
  }
  throw denied;
}

/** Do something in the name of a login; once more, if only its token is too old. */
async function again(login, act) {
  const before = login?.store.getItem(login.token);
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Denied) || !login) throw error;
    const renewed = login.store.getItem(login.token) !== before || (await renew(login));
    if (!renewed) throw error;
    return act();
  }
}

/** Get a new token and keep it where its login is kept, as Fluidd does. @returns whether there is one */
async function renew(login) {
  const kept = login.store.getItem(login.renewal);
  if (!kept) return false;
  try {
    const answer = await post('/access/refresh_jwt', { refresh_token: kept });
    if (login.store.getItem(login.renewal) === kept) login.store.setItem(login.token, answer.token); // else logged out meanwhile
    return true;
  } catch (error) {
    if (error instanceof Denied && login === OWN) drop(); // the login has ended
    return false;
  }
}

function drop() {
  sessionStorage.removeItem(OWN.token);
  sessionStorage.removeItem(OWN.renewal);
}

const post = (path, values) =>
  ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(values) });

/** Whether Moonraker lets nobody in without a login (force_logins). */
export const loginRequired = async () => (await ask('/access/info')).login_required;

/** Log in for as long as this tab is open. */
export async function login(username, password) {
  const answer = await post('/access/login', { username, password });
  sessionStorage.setItem(OWN.token, answer.token);
  sessionStorage.setItem(OWN.renewal, answer.refresh_token);
}

/** A picture that Moonraker may want a login for, as a URL for <img>. */
export async function picture(path) {
  if (!used) return `${BASE}${path}`;
  try {
    const response = await again(used, () => request(path, { headers: headers() }));
    return URL.createObjectURL(await response.blob());
  } catch {
    return `${BASE}${path}`; // as if it were not there
  }
}

/** Upload a form with the progress in [0, 1]; resolves to the answer. Throws Denied. */
export const upload = (path, form, onProgress) => again(used, () => sent(path, form, onProgress));

function sent(path, form, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${BASE}${path}`);
    for (const [name, value] of Object.entries(headers())) {
      request.setRequestHeader(name, value);
    }
    request.responseType = 'json';
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onerror = () => reject(new Error(''));
    request.onload = () => {
      if (request.status < 300) resolve(request.response?.result ?? request.response);
      else if (request.status === 401) reject(new Denied(''));
      else reject(new Error(request.response?.error?.message ?? request.statusText));
    };
    request.send(form);
  });
}
