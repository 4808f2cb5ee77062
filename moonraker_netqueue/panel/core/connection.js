// JSON-RPC over Moonraker's websocket, which is opened again whenever it breaks.

import { BASE, Denied, isLogin, oneshot } from './access.js';

export const Link = Object.freeze({
  CONNECTING: 'connecting',
  ONLINE: 'online',
  LOST: 'lost', // it was there; it is tried again
  DENIED: 'denied', // Moonraker wants a login
});

const FIRST_PAUSE = 500; // ms before it is tried again, doubled each time
const LONGEST_PAUSE = 8000;
const TIMEOUT = 30000;

/** What Moonraker answered in place of a result. */
export class Refused extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** Moonraker knows us no more: nothing was done. */
export class LoggedOut extends Refused {
  constructor() {
    super('', 401);
  }
}

// How Moonraker says it over a connection whose user logged out.
const loggedOut = ({ code, message }) => code === -32602 && /^unauthorized/i.test(message);

/** @param {number} tries that failed; with some chance, so that pages spread */
export function pauseBefore(tries, chance = Math.random()) {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** tries) * (0.75 + chance / 2);
}

export class Connection {
  /**
   * @param {(link: string) => void} onLink
   * @param {(method: string, params: any) => void} onNotify
   */
  constructor(onLink, onNotify) {
    this.onLink = onLink;
    this.onNotify = onNotify;
    this.socket = null;
    this.waiting = new Map();
    this.next = 1;
    this.tries = 0;
    this.timer = 0;
    this.denied = false;
    this.opened = 0; // how often: what an earlier time finds counts no more
    addEventListener('online', () => this.hurry());
    addEventListener('storage', ({ key }) => {
      if (this.denied && isLogin(key)) this.open(); // somebody logged in, in the dashboard
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.hurry();
    });
  }

  /** Open the connection, or try at once instead of later. */
  async open() {
    clearTimeout(this.timer);
    const time = ++this.opened;
    let pass;
    try {
      pass = await oneshot();
    } catch (error) {
      if (time !== this.opened) return;
      this.denied = error instanceof Denied;
      if (this.denied) this.onLink(Link.DENIED);
      else this.later();
      return;
    }
    if (time !== this.opened) return;
    this.denied = false;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const url = `${scheme}://${location.host}${BASE}/websocket?token=${pass}`;
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.onLink(Link.ONLINE);
    };
    socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    socket.onclose = () => this.close(socket);
  }

  /** Open it in the name of who is logged in now. */
  async renew() {
    const old = this.socket;
    this.drop(new LoggedOut());
    old?.close();
    await this.open();
  }

  hurry() {
    if (this.timer) this.open();
  }

  close(socket) {
    if (socket !== this.socket) return;
    this.drop(new Refused('', 0));
    this.later();
  }

  /** Who waits for an answer gets none. */
  drop(reason) {
    this.socket = null;
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.waiting.clear();
  }

  later() {
    this.onLink(Link.LOST);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.open();
    }, pauseBefore(this.tries++));
  }

  receive(message) {
    if (message.method) {
      this.onNotify(message.method, message.params?.[0]);
      return;
    }
    if (message.error && loggedOut(message.error)) {
      this.renew();
      return;
    }
    const call = this.waiting.get(message.id);
    if (!call) return;
    this.waiting.delete(message.id);
    clearTimeout(call.timer);
    if (message.error) call.reject(new Refused(message.error.message, message.error.code));
    else call.resolve(message.result);
  }

  /** @returns {Promise<any>} the result; throws Refused, with code 0 while offline */
  call(method, params = {}) {
    const socket = this.socket;
    if (this.denied) {
      this.onLink(Link.DENIED);
      return Promise.reject(new LoggedOut());
    }
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Refused('', 0));
    }
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Refused('', 0));
      }, TIMEOUT);
      this.waiting.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ jsonrpc: '2.0', method, params, id }));
    });
  }
}
