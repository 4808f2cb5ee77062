// What the page knows of a queue, and how a notification changes it. Pure.

/** Jobs in the order of the queue. */
export function inOrder(jobs) {
  return [...jobs].sort((a, b) =>
    a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.job_id < b.job_id ? -1 : 1,
  );
}

/** The open jobs of a reading. */
export function read(jobs, revision) {
  return { jobs: inOrder(jobs.filter((job) => job.completed === null)), revision };
}

/**
 * The queue after a notification, and what has to be asked for besides.
 * @returns {{queue: any, ask: Set<string>} | null} null: one was missed, read anew
 */
export function changed(queue, message) {
  if (message.revision <= queue.revision) return { queue, ask: new Set() };
  if (message.revision !== queue.revision + 1) return null;
  const jobs = new Map(queue.jobs.map((job) => [job.job_id, job]));
  const ask = new Set();
  let counts = queue.counts;
  for (const { topic, key, value } of message.changes) {
    if (topic === 'job') {
      const old = jobs.get(key);
      if (value === null || value.completed !== null) jobs.delete(key);
      // A notification does not tell why a job waits: the plan does, in a moment.
      else {
        const { why, phrases } = value.why || !old ? value : old;
        jobs.set(key, { ...value, why, phrases });
      }
      ask.add('plan');
      if (value?.completed) ask.add('history');
    } else if (topic === 'print' || topic === 'printer') {
      ask.add('printers').add('plan');
      if (topic === 'print') ask.add('history');
    } else if (topic === 'queue') {
      counts = value ?? counts;
      ask.add('status').add('plan').add('printers');
    }
  }
  const next = { ...queue, jobs: inOrder(jobs.values()), counts };
  return { queue: { ...next, revision: message.revision }, ask };
}

/** Jobs with what a plan says of them: why they wait and when they start. */
export function explained(queue, plan) {
  const rows = new Map(plan.waiting.map((row) => [row.job_id, row]));
  const jobs = queue.jobs.map((job) => {
    const row = rows.get(job.job_id);
    const why = row?.why ?? '';
    const starts = row ? (row.starts ?? null) : null;
    if (job.why === why && job.starts?.at === starts?.at) return job;
    return { ...job, why, phrases: row?.phrases ?? {}, starts };
  });
  return { ...queue, jobs };
}

/** The copies of a job, by what became of them. */
export function copies(job) {
  const sum = { wanted: 0, done: 0, printing: 0, reserved: 0, failed: 0, lost: 0, owed: 0 };
  for (const item of job.items) {
    sum.wanted += item.count;
    sum.done += item.done;
    sum.printing += item.printing;
    sum.reserved += item.reserved;
    sum.failed += item.failed;
    sum.lost += item.lost;
    sum.owed += item.waiting;
  }
  return sum;
}

/** Shares of a bar in percent: done, printing, lost; the rest is owed. */
export function shares(job) {
  const sum = copies(job);
  const all = Math.max(1, sum.wanted);
  const part = (n) => Math.min(100, (100 * n) / all);
  return { done: part(sum.done), printing: part(sum.printing), lost: part(sum.lost) };
}

/** Whether words of a search are all somewhere in a job. */
export function matches(job, search) {
  const text = [job.name, job.note, job.owner, ...job.items.map((item) => item.name)]
    .join(' ')
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/**
 * Where a dragged job goes, as arguments of `move`.
 * @param {string[]} ids of the list as it is shown now, the moved one in its new place
 */
export function placeOf(ids, jobId) {
  const at = ids.indexOf(jobId);
  if (at > 0) return { after: ids[at - 1] };
  return ids.length > 1 ? { before: ids[1] } : { to: 'front' };
}

/** The rows of a list that are in sight, some more on both sides. */
export function inSight(top, height, rowHeight, count, spare = 6) {
  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + spare);
  return { first: Math.min(first, last), last };
}

/** How far a print is, in [0, 1], by its time; null: nobody knows. */
export function progress(print, idleAt, now) {
  if (print.state !== 'printing' || !print.started || !idleAt) return null;
  const whole = idleAt - print.started;
  if (whole <= 0) return null;
  return Math.max(0, Math.min(1, (now - print.started) / whole));
}

/** Whether a person has to do something there; `jobs` by their ids. */
export function needsHand(printer, jobs) {
  if (toLoad(printer, jobs)) return true;
  if (printer.prints.some((print) => print.state === 'lost')) return true;
  return (
    printer.connected &&
    (printer.state === 'bed_occupied' ||
      printer.state === 'needs_attention' ||
      printer.quarantined)
  );
}

export const GROUPS = ['hand', 'working', 'free', 'away'];

/** Which of GROUPS a printer belongs to. */
export function groupOf(printer, jobs) {
  if (needsHand(printer, jobs)) return 'hand';
  if (!printer.connected || printer.state === 'offline') return 'away';
  return printer.state === 'ready' ? 'free' : 'working';
}

/** What a person must load for a print that a printer has taken already, or null. */
export function toLoad(printer, jobs) {
  const { materials_ready: ready, materials } = printer;
  if (printer.state !== 'ready' || !printer.reason || !(ready.length || materials.length)) return null;
  for (const print of printer.prints.filter((one) => one.state === 'reserved' || one.state === 'fetching')) {
    const wanted = jobs.get(print.job_id)?.items[print.item]?.materials ?? [];
    const covered = (need) => ready.some((one) => one === need || one.startsWith(`${need}:`));
    if (!wanted.every(covered)) return wanted;
  }
  return null;
}

/** Names as people order them: printer 2 before printer 10. */
export function byName(a, b) {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}
