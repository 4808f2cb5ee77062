// What the plan knows of people: when somebody is there, and whose jobs get how much.

import { html } from '../vendor/htm-preact.js';
import { duration, until } from '../core/hours.js';
import { language, t } from '../core/text.js';
import { Field, IconButton } from './parts.js';

const MONDAY = Date.UTC(2024, 0, 1);
const weekday = (day, weekday_) =>
  new Intl.DateTimeFormat(language, { weekday: weekday_, timeZone: 'UTC' }).format(MONDAY + day * 86_400_000);
const WEEK = [0, 1, 2, 3, 4, 5, 6];

const workday = () => ({
  days: [0, 1, 2, 3, 4], start: '08:00', duration: 540, max_manual_events: null,
  tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
});
const replaced = (rows, at, row) => rows.map((one, i) => (i === at ? row : one));
const without = (rows, at) => rows.filter((_, i) => i !== at);

/** Periods of the week, as the API has them. */
export function Hours({ periods, onChange }) {
  return html`<fieldset class="people"><legend>${t('hours.title')}</legend>
    <p class="quiet">${periods.length ? t('hours.hint') : t('hours.always')}</p>
    ${periods.map((period, at) => html`<${Period} key=${at} number=${at + 1} period=${period}
      onChange=${(changed) => onChange(replaced(periods, at, changed))}
      onRemove=${() => onChange(without(periods, at))} />`)}
    <button type="button" class="outlined" onClick=${() => onChange([...periods, workday()])}>
      ${t('hours.add')}</button></fieldset>`;
}

function Period({ number, period, onChange, onRemove }) {
  const change = (part) => onChange({ ...period, ...part });
  const toggle = (day) => change({
    days: WEEK.filter((one) => (one === day) !== period.days.includes(one)),
  });
  return html`<div class="period" role="group" aria-label=${t('hours.period', { number })}>
    <div class="days">${WEEK.map((day) => html`<button type="button" key=${day}
      class=${`day ${period.days.includes(day) ? 'on' : ''}`} aria-label=${weekday(day, 'long')}
      aria-pressed=${String(period.days.includes(day))} onClick=${() => toggle(day)}>
      ${weekday(day, 'short')}</button>`)}</div>
    <${Field} label=${t('hours.from')}><input type="time" required value=${period.start}
      onInput=${({ target }) => target.value &&
        change({ start: target.value, duration: duration(target.value, until(period)) })} /><//>
    <${Field} label=${t('hours.until')}><input type="time" required value=${until(period)}
      onInput=${({ target }) => target.value &&
        change({ duration: duration(period.start, target.value) })} /><//>
    <${Field} label=${t('hours.events')}><input type="number" min="0" placeholder="∞"
      value=${period.max_manual_events ?? ''} onInput=${({ target }) =>
        change({ max_manual_events: target.value === '' ? null : Number(target.value) })} /><//>
    <span class="quiet">${period.tz}</span>
    <${IconButton} icon="close" label=${t('hours.remove', { number })} onClick=${onRemove} /></div>`;
}

/** Rows of owner and share. */
export function Shares({ rows, onChange }) {
  return html`<fieldset class="people"><legend>${t('shares.title')}</legend>
    <p class="quiet">${rows.length ? t('shares.hint') : t('shares.none')}</p>
    ${rows.map(([owner, share], at) => html`<div class="period" key=${at}>
      <${Field} label=${t('shares.owner')}><input required maxlength="64" value=${owner}
        onInput=${({ target }) => onChange(replaced(rows, at, [target.value, share]))} /><//>
      <${Field} label=${t('shares.share')}><input type="number" required min="1" max="1000" value=${share}
        onInput=${({ target }) => onChange(replaced(rows, at, [owner, target.value]))} /><//>
      <${IconButton} icon="close" label=${t('shares.remove', { owner })}
        onClick=${() => onChange(without(rows, at))} /></div>`)}
    <button type="button" class="outlined" onClick=${() => onChange([...rows, ['', 1]])}>
      ${t('shares.add')}</button></fieldset>`;
}
