// The state of the page: what was read, kept up to date by notifications.

import { Connection, Link, Refused } from './connection.js';
import { changed, explained, read } from './queue.js';

const PAGE = 200; // jobs asked for at once: Moonraker is not held up
const LOOK = 2500; // ms between looks at who is there: no notification tells of it
const SOON = { printers: 120, plan: 350, status: 80, members: 300, history: 600 };
const FORECAST_REST = 4000; // ms: a forecast of a large queue is work
const CHOSEN = 'netqueue.queue';

export class Session {
  constructor() {
    /** @type {any} */
    this.state = {
      link: Link.CONNECTING,
      login: false, // it is asked who we are
      problem: '', // why the component answers nothing yet
      status: null,
      name: null, // of the queue
      queue: null,
      pending: [],
      printers: null,
      forecast: null,
      members: null,
      history: null,
      hidden: new Set(), // ids of jobs that are about to be removed
    };
    this.listeners = new Set();
    /** @type {any[] | null} */
    this.early = null; // notifications while the queue is read
    this.timers = new Map();
    this.forecastAt = 0;
    this.connection = new Connection(
      (link) => this.onLink(link),
      (method, params) => this.onNotify(method, params),
    );
  }

  open() {
    this.connection.open();
    setInterval(() => this.look(), LOOK);
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(change) {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener(this.state);
  }

  /** A call of the component's, about the queue that is shown. */
  call(name, params = {}) {
    return this.connection.call(`server.netqueue.${name}`, { queue: this.state.name, ...params });
  }

  async onLink(link) {
    this.set({ link, login: link === Link.DENIED });
    if (link !== Link.ONLINE) return;
    // Once for each connection: a second time it would be refused, and for ever.
    const self = { client_name: 'netqueue panel', version: '1', type: 'web', url: 'netqueue' };
    this.connection.call('server.connection.identify', self).catch(() => undefined);
    await this.start().catch((error) => this.set({ problem: error.message }));
  }

  async start() {
    let status;
    try {
      status = await this.connection.call('server.netqueue.status');
    } catch (error) {
      if (!(error instanceof Refused) || error.code === 0) throw error;
      this.set({ problem: error.message });
      setTimeout(() => this.state.link === Link.ONLINE && this.start(), 1000);
      return;
    }
    const seen = this.state.status;
    if (seen && seen.version !== status.version) location.reload(); // the page is older
    await this.begin(status);
  }

  /** Show a queue that this host serves: the one that was shown or chosen, if it can. */
  async begin(status) {
    const names = Object.keys(status.queues);
    const wanted = [
      this.state.name,
      new URLSearchParams(location.search).get('queue'),
      localStorage.getItem(CHOSEN),
    ].find((name) => name && names.includes(name));
    this.set({ status, problem: '' });
    await this.choose(wanted ?? names[0], false);
  }

  /** Show another queue. */
  async choose(name, remember = true) {
    if (remember) localStorage.setItem(CHOSEN, name);
    const other = name !== this.state.name;
    this.set({ name, ...(other ? { queue: null, printers: null, history: null } : {}) });
    await this.readAll();
  }

  async readAll() {
    const name = this.state.name;
    this.early = [];
    const [first] = await Promise.all([this.call('jobs', { limit: PAGE }), this.readPrinters()]);
    let jobs = first.jobs;
    this.show(jobs, first, name);
    for (let next = first.next; next; ) {
      const more = await this.call('jobs', { limit: PAGE, after: next });
      if (this.state.name !== name) return;
      jobs = jobs.concat(more.jobs);
      next = more.next;
    }
    const early = this.early ?? [];
    this.early = null;
    this.show(jobs, first, name);
    for (const message of early) this.onChange(message);
    for (const what of ['plan', 'members', 'history']) this.soon(what);
  }

  show(jobs, answer, name) {
    if (this.state.name !== name) return;
    const queue = { ...read(jobs, answer.revision), counts: this.state.status.queues[name] };
    this.set({ queue, pending: answer.pending });
  }

  onNotify(method, params) {
    if (method === 'notify_netqueue_changed' && params.queue === this.state.name) {
      if (this.early) this.early.push(params);
      else if (this.state.queue) this.onChange(params);
    }
  }

  onChange(message) {
    const found = changed(this.state.queue, message);
    if (found === null) {
      this.readAll().catch(() => undefined); // the connection broke: all is read then
      return;
    }
    this.set({ queue: found.queue });
    for (const what of found.ask) this.soon(what);
  }

  /** Ask for something in a moment, once for all who want it. */
  soon(what) {
    if (this.timers.has(what)) return;
    this.timers.set(
      what,
      setTimeout(async () => {
        this.timers.delete(what);
        if (this.state.link !== Link.ONLINE) return;
        try {
          await this.ask(what);
        } catch (error) {
          if (!(error instanceof Refused)) throw error; // else the next look asks again
        }
      }, SOON[what]),
    );
  }

  async ask(what) {
    if (what === 'printers') await this.readPrinters();
    else if (what === 'plan') await this.readPlan();
    else if (what === 'status') await this.readStatus();
    else if (what === 'members') this.set({ members: await this.call('members') });
    else if (what === 'history') this.set({ history: await this.call('history') });
  }

  async readPrinters() {
    const { printers } = await this.call('printers');
    this.set({ printers });
  }

  async readStatus() {
    const status = await this.connection.call('server.netqueue.status');
    if (!(this.state.name in status.queues)) {
      await this.begin(status); // it was left, here or by somebody else
      return status;
    }
    const queue = this.state.queue;
    const counts = status.queues[this.state.name];
    this.set({ status, queue: queue && { ...queue, counts: { ...queue.counts, ...counts } } });
    return status;
  }

  async readPlan() {
    const wait = this.forecastAt + FORECAST_REST - Date.now();
    const plan = await this.call('plan', { forecast: wait <= 0 });
    if (!this.state.queue) return;
    if (plan.forecast) this.forecastAt = Date.now();
    else setTimeout(() => this.soon('plan'), wait);
    const starts = new Map(this.state.queue.jobs.map((job) => [job.job_id, job.starts]));
    const waiting = plan.waiting.map((row) =>
      plan.forecast ? row : { ...row, starts: starts.get(row.job_id) ?? null },
    );
    this.set({ queue: explained(this.state.queue, { waiting }) });
    if (plan.forecast) this.set({ forecast: plan.forecast });
  }

  /** Who is there: links come and go without a notification. */
  async look() {
    if (document.hidden || this.state.link !== Link.ONLINE || !this.state.name) return;
    const before = presence(this.state.status, this.state.name);
    this.soon('members'); // nor of a host that asks to get in
    try {
      const status = await this.readStatus();
      if (presence(status, this.state.name) !== before) {
        for (const what of ['printers', 'members', 'plan']) this.soon(what);
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  hide(ids) {
    this.set({ hidden: new Set([...this.state.hidden, ...ids]) });
  }

  unhide(ids) {
    this.set({ hidden: new Set([...this.state.hidden].filter((id) => !ids.includes(id))) });
  }
}

/** What a look compares: who is connected, and what counts. */
function presence(status, name) {
  const queue = status?.queues[name];
  if (!queue) return '';
  const members = queue.members.map((m) => [m.host_id, m.connected, m.voter]);
  return JSON.stringify([members, queue.quorum, queue.phase, queue.leader, queue.notices]);
}
