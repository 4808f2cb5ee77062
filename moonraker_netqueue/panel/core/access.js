// Who we are to Moonraker: a login of the dashboard's or of this page's, or nobody.

/** Everything of Moonraker's is below this path. */
export const BASE = location.pathname.replace(/\/server\/netqueue\/panel\/?$/, '');
const OWN = 'netqueue.access_token';
const OWN_REFRESH = 'netqueue.refresh_token'; // a token is good for an hour, this for months

/** The calls that we may not do before somebody logs in. */
export class Denied extends Error {}

/** @returns {string | null} a token that a dashboard of this origin or a login left */
export function token() {
  const own = sessionStorage.getItem(OWN);
  if (own) return own;
  const mainsail = localStorage.getItem('access_token');
  if (mainsail) return mainsail;
  for (let i = 0; i < localStorage.length; i++) {
    const key = localStorage.key(i) ?? '';
    if (key.startsWith('user-token-')) return localStorage.getItem(key); // Fluidd
  }
  return null;
}

/**
 * Headers of a request in somebody's name.
 * @returns {Record<string, string>}
 */
export function headers() {
  const found = token();
  return found ? { Authorization: `Bearer ${found}` } : {};
}

async function ask(path, options = {}) {
  const response = await fetch(`${BASE}${path}`, options);
  const answer = await response.json().catch(() => ({}));
  if (response.status === 401 || response.status === 403) {
    throw new Denied(answer?.error?.message ?? '');
  }
  if (!response.ok) throw new Error(answer?.error?.message ?? response.statusText);
  return answer.result;
}

/** A token for one connection. Throws Denied. */
export async function oneshot() {
  try {
    return await again(() => ask('/access/oneshot_token', { headers: headers() }));
  } catch (error) {
    // A dashboard's old login must not shut out an address that is trusted anyway.
    if (!(error instanceof Denied) || !token()) throw error;
    sessionStorage.removeItem(OWN);
    return ask('/access/oneshot_token');
  }
}

/** Do something; once more in the same login's name, if only its token is too old. */
async function again(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Denied) || !(await refreshed())) throw error;
    return act();
  }
}

/** Whether there is a new token for this tab's login. */
async function refreshed() {
  const kept = sessionStorage.getItem(OWN_REFRESH);
  if (!kept) return false;
  try {
    const answer = await post('/access/refresh_jwt', { refresh_token: kept });
    sessionStorage.setItem(OWN, answer.token);
    return true;
  } catch (error) {
    if (error instanceof Denied) sessionStorage.removeItem(OWN_REFRESH); // the login has ended
    return false;
  }
}

const post = (path, values) =>
  ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(values) });

/** Log in for as long as this tab is open. */
export async function login(username, password) {
  const answer = await post('/access/login', { username, password });
  sessionStorage.setItem(OWN, answer.token);
  sessionStorage.setItem(OWN_REFRESH, answer.refresh_token);
}

/** Upload a form with the progress in [0, 1]; resolves to the answer. Throws Denied. */
export const upload = (path, form, onProgress) => again(() => sent(path, form, onProgress));

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
