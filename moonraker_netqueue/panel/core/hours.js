// Hours in which a person is there, as people say them: on days, from, until. Pure.

const DAY = 1440; // minutes
const WORKDAYS = [0, 1, 2, 3, 4];

const minutes = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

/** When a period ends, as HH:MM; that may be on a later day. */
export function endOf(period) {
  const at = (minutes(period.start) + period.duration) % DAY;
  const two = (n) => String(n).padStart(2, '0');
  return `${two(Math.floor(at / 60))}:${two(at % 60)}`;
}

/** The period from `start` until `end`; an end that is not later is that of the next day. */
export function between(period, start, end) {
  const duration = (minutes(end) - minutes(start) + DAY) % DAY || DAY;
  return { ...period, start, duration };
}

/** The period with a day more, or less. */
export function toggled(period, day) {
  const has = period.days.includes(day);
  const days = has ? period.days.filter((one) => one !== day) : [...period.days, day];
  return { ...period, days: days.sort((a, b) => a - b) };
}

/** What a person begins with: a working week in a time zone. */
export function workweek(tz) {
  return { days: WORKDAYS, start: '08:00', duration: 600, tz, max_manual_events: null };
}

/**
 * What changed between two tables of owners' shares, as the argument `shares`.
 * @param {Record<string, number>} before
 * @param {{owner: string, share: number | string}[]} rows as typed
 */
export function shareChanges(before, rows) {
  const now = Object.fromEntries(rows.map((row) => [row.owner.trim(), Number(row.share)]).filter(([owner]) => owner));
  const change = /** @type {Record<string, number | null>} */ ({});
  for (const owner of Object.keys(before)) if (!(owner in now)) change[owner] = null;
  for (const [owner, share] of Object.entries(now)) if (before[owner] !== share) change[owner] = share;
  return change;
}
