// Numbers and times as people of a language write them. Pure.

/** @param {string} language a BCP 47 tag */
export function formats(language) {
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat(language, {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const date = new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

  /** A moment in Unix seconds, as short as it is clear. */
  function moment(seconds, now) {
    const then = new Date(1000 * seconds);
    if (then.toDateString() === new Date(1000 * now).toDateString()) return time.format(then);
    return (Math.abs(seconds - now) < 6 * 86400 ? day : date).format(then);
  }

  /** A span of seconds, such as 40 s or 1 h 20 min. */
  function span(seconds) {
    if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
    const minutes = Math.round(seconds / 60);
    const hours = Math.floor(minutes / 60);
    if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
    if (hours) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    return `${minutes} min`;
  }

  /** Bytes. */
  function size(bytes) {
    if (bytes < 1000) return `${bytes} B`;
    if (bytes < 999500) return `${number.format(bytes / 1000)} kB`;
    return `${number.format(bytes / 1e6)} MB`;
  }

  /** The name of a day of the week, 0 is Monday. @param {'short' | 'long'} length */
  function weekday(index, length) {
    const then = Date.UTC(2024, 0, 1 + index); // that first was a Monday
    return new Intl.DateTimeFormat(language, { weekday: length, timeZone: 'UTC' }).format(then);
  }

  return { moment, span, size, weekday, number: (value) => number.format(value) };
}

/** Unix seconds as the value of <input type=datetime-local>, in local time. */
export function toInput(seconds) {
  if (!seconds) return '';
  const then = new Date(1000 * seconds);
  const local = new Date(then.getTime() - 60000 * then.getTimezoneOffset());
  return local.toISOString().slice(0, 16);
}

/** The reverse; null for an empty field. */
export function fromInput(text) {
  return text ? new Date(text).getTime() / 1000 : null;
}

/** Words of a field, with commas between. */
export function words(text) {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
}
