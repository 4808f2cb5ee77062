// What people do: calls with a word on how they went, and undo.

import { Denied, headers, BASE } from './access.js';
import { LoggedOut, Refused } from './connection.js';
import { heard, t } from './text.js';

const GRACE = 7000; // ms in which a removal can be undone

export class Actions {
  /** @param {import('./session.js').Session} session */
  constructor(session) {
    this.session = session;
    /** @type {any[]} */
    this.toasts = [];
    this.watchers = new Set();
    this.layers = /** @type {any[]} */ ([]); // windows above the page, the last one on top
    this.number = 0;
    this.leaving = new Map(); // job id -> what undoes or finishes its removal
    addEventListener('pagehide', () => this.removeNow());
  }

  changed() {
    for (const watcher of this.watchers) watcher();
  }

  watch(watcher) {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** The window that people can reach: null is the page itself. */
  get top() {
    return this.layers.at(-1) ?? null;
  }

  raise(layer) {
    this.layers.push(layer);
    this.changed();
  }

  lower(layer) {
    this.layers = this.layers.filter((one) => one !== layer);
    this.changed();
  }

  /** Say something. With `act`, a button; errors stay until they are closed. */
  say(text, { error = false, label = '', act = /** @type {(() => void) | null} */ (null), time = 5000 } = {}) {
    const id = ++this.number;
    this.toasts = [...this.toasts.slice(-3), { id, text, error, label, act }];
    this.changed();
    if (!error) setTimeout(() => this.unsay(id), time);
    return id;
  }

  unsay(id) {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    this.changed();
  }

  /** Make a call and tell what went wrong. @returns the answer, or null */
  async call(name, params, said = '') {
    try {
      const answer = await this.session.call(name, params);
      if (answer.message) this.say(heard(answer.message), { time: 9000 });
      else if (answer.pending) this.say(t('pending.kept'), { time: 9000 });
      else if (said) this.say(said);
      return answer;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.failed(error);
      return null;
    }
  }

  /** Say why something was not done; who is logged out can log in. */
  failed(error) {
    if (error instanceof Denied) this.session.set({ login: true });
    if (error instanceof Denied || error instanceof LoggedOut) this.say(t('error.logged_out'));
    else this.say(heard(error.message) || t('error.offline'), { error: true });
  }

  edit(job, change, said = '') {
    return this.call('post_job', { job_id: job.job_id, if_version: job.version, ...change }, said);
  }

  move(jobId, place) {
    return this.call('move', { job_id: jobId, ...place });
  }

  /**
   * Remove jobs after a moment in which it can be undone. Meanwhile they are on hold:
   * no printer takes a copy of what somebody just removed.
   */
  async remove(jobs) {
    const ids = jobs.map((job) => job.job_id);
    this.session.hide(ids);
    const held = [];
    for (const job of jobs) {
      if (!job.hold && !(await this.call('post_job', { job_id: job.job_id, hold: true }))) {
        this.session.unhide([job.job_id]);
      } else held.push(job);
    }
    if (!held.length) return;
    const timer = setTimeout(() => this.finish(held), GRACE);
    for (const job of held) this.leaving.set(job.job_id, job);
    const text = t('jobs.removed', { n: held.length, name: held[0].name });
    const toast = this.say(text, {
      label: t('undo'),
      time: GRACE,
      act: () => {
        clearTimeout(timer);
        this.unsay(toast);
        this.putBack(held);
      },
    });
  }

  async putBack(jobs) {
    for (const job of jobs) {
      this.leaving.delete(job.job_id);
      if (!job.hold) await this.call('post_job', { job_id: job.job_id, hold: false });
    }
    this.session.unhide(jobs.map((job) => job.job_id));
  }

  async finish(jobs) {
    for (const job of jobs) {
      this.leaving.delete(job.job_id);
      const answer = await this.call('delete_job', { job_id: job.job_id });
      if (answer === null) await this.putBack([job]);
    }
  }

  /** The page goes: what was removed is removed without waiting. */
  removeNow() {
    const queue = this.session.state.name;
    for (const jobId of this.leaving.keys()) {
      fetch(`${BASE}/server/netqueue/job`, {
        method: 'DELETE',
        keepalive: true,
        headers: { 'Content-Type': 'application/json', ...headers() },
        body: JSON.stringify({ job_id: jobId, queue }),
      });
    }
  }
}
