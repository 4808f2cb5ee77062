// Where the bars of the plan stand. Pure.

const STEPS = [15, 30, 60, 120, 180, 360, 720, 1440]; // minutes between lines
const GAP = 74; // pixels that the time of a line needs

/**
 * Rows of printers with their bars, in pixels.
 * @param {any[]} printers with prints that run
 * @param {any[]} prints of the forecast, which begins after what is taken already
 * @param {any[]} jobs of the queue
 */
export function chart(printers, prints, jobs, now, width) {
  const known = new Map(jobs.map((job) => [job.job_id, job]));
  const taken = printers.flatMap((printer) => takenBy(printer, known, now));
  const all = [...taken, ...prints].filter((p) => p.end > now);
  const end = Math.max(now + 3600, ...all.map((p) => p.ready ?? p.end));
  const scale = width / (end - now);
  const x = (at) => Math.max(0, (at - now) * scale);
  const rows = printers.map((printer) => ({
    printer,
    bars: all
      .filter((p) => p.printer_id === printer.printer_id)
      .map((p) => ({
        ...p,
        x: x(p.start),
        width: Math.max(2, x(p.end) - x(p.start) - 1),
        clearing: Math.max(0, x(p.ready ?? p.end) - x(p.end)),
      })),
  }));
  return { rows, lines: lines(now, end, scale), end };
}

/** What a printer prints, and what it has reserved to print after that. */
function takenBy(printer, jobs, now) {
  const found = [];
  let free = now;
  const order = (p) => (p.state === 'printing' ? 0 : 1);
  for (const p of [...printer.prints].sort((a, b) => order(a) - order(b))) {
    if (!['printing', 'fetching', 'reserved'].includes(p.state)) continue;
    const takes = jobs.get(p.job_id)?.items[p.item]?.estimate_s;
    const printing = p.state === 'printing';
    const end = printing ? (printer.idle_at ?? (takes && p.started + takes)) : takes && free + takes;
    if (!end || end <= free) continue;
    const { job_id, job } = p;
    const rest = { ready: end, change: false, copies: 1, now: printing };
    found.push({ printer_id: printer.printer_id, job_id, job, start: free, end, ...rest });
    free = end;
  }
  return found;
}

/** Full hours, as many as there is room for. */
function lines(now, end, scale) {
  const step =
    60 * (STEPS.find((minutes) => 60 * minutes * scale >= GAP) ?? STEPS[STEPS.length - 1]);
  const offset = -60 * new Date(1000 * now).getTimezoneOffset();
  const found = [];
  const first = Math.ceil((now + offset) / step) * step - offset;
  for (let at = first; at < end; at += step) found.push({ at, x: (at - now) * scale });
  return found;
}

/** A hue for a job that stays the same: from its id. */
export function hue(jobId) {
  let sum = 0;
  for (const letter of jobId) sum = (31 * sum + letter.charCodeAt(0)) % 3600;
  return (137 * sum) % 360;
}
