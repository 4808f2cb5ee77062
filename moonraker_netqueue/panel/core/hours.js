// When somebody is there, as periods of the week. Pure.

const DAY = 1440; // minutes

const minutes = (clock) => {
  const [hours, rest] = clock.split(':').map(Number);
  return 60 * hours + rest;
};

/** The minutes from one time of day to the next time that it is the other one. */
export function duration(start, until) {
  return (minutes(until) - minutes(start) + DAY) % DAY || DAY;
}

/** The time of day at which a period ends. */
export function until(period) {
  const end = (minutes(period.start) + period.duration) % DAY;
  return [Math.floor(end / 60), end % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** What to ask for so that shares become what a form's rows say: null for one that goes. */
export function shareChange(before, rows) {
  const named = rows.map(([owner, share]) => [owner.trim(), Number(share)]);
  const after = Object.fromEntries(named.filter(([owner]) => owner));
  const gone = Object.keys(before).filter((owner) => !(owner in after));
  return { ...after, ...Object.fromEntries(gone.map((owner) => [owner, null])) };
}
