// Where the bars of the plan stand. Pure.

const STEPS = [15, 30, 60, 120, 180, 360, 720, 1440]; // minutes between lines
const GAP = 74; // pixels that the time of a line needs

/**
 * Rows of printers with their bars, in pixels.
 * @param {any[]} printers with prints that run
 * @param {any[]} prints of the forecast
 */
export function chart(printers, prints, now, width) {
  const running = printers.flatMap((printer) =>
    printer.prints
      .filter((p) => p.state === 'printing' && printer.idle_at)
      .map((p) => ({
        printer_id: printer.printer_id,
        job_id: p.job_id,
        job: p.job,
        copies: 1,
        start: Math.min(p.started ?? now, now),
        end: printer.idle_at,
        ready: printer.idle_at,
        change: false,
        now: true,
      })),
  );
  const all = [...running, ...prints].filter((p) => p.end > now);
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
